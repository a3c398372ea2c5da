namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Who may make a call.</summary>
internal enum Allowed
{
    /// <summary>Everybody.</summary>
    Everybody = 0,

    /// <summary>Administrators; others get 403.</summary>
    Administrators = 1,

    /// <summary>Administrators, as the engine says: the table does not ask as somebody else.</summary>
    AskedByAdministrators = 2,
}

/// <summary>A row of the table: how to call an endpoint, and whether it answers or refuses.</summary>
/// <param name="Call">The endpoint: method, template, and the action where there are many.</param>
/// <param name="Path">The path that is asked.</param>
/// <param name="Body">The body at a minor version; null: none.</param>
internal sealed record Exchange(string Call, string Path, Func<int, string>? Body = null)
{
    /// <summary>The answer as the oracle knows it, where the endpoint has several.</summary>
    public string? As { get; init; }

    /// <summary>First minor version at which the call is made as it is here.</summary>
    public int From { get; init; } = 1;

    /// <summary>The last one.</summary>
    public int To { get; init; } = int.MaxValue;

    /// <summary>Some versions suffice, for calls that are slow.</summary>
    public IReadOnlyList<int>? Only { get; init; }

    /// <summary>The call has no microversion: it is made once, without the header.</summary>
    public bool Unversioned { get; init; }

    /// <summary>The value of the header of such a call: one that cannot be agreed on.</summary>
    public string? Asks { get; init; }

    public Allowed Allowed { get; init; }

    /// <summary>The status of the fault that is expected; null: it answers.</summary>
    public int? Fault { get; init; }

    /// <summary>The fault for those who are no administrators, where it is another outcome.</summary>
    public int? FaultForMembers { get; init; }

    public (string Name, string Value)[] Headers { get; init; } = [];

    public string MediaType { get; init; } = "application/json";

    /// <summary>Changes the world before the call.</summary>
    public Action<ApiHost>? Arrange { get; init; }

    public string Method => Call.Split(' ')[0];

    public string Template => Call.Split(' ')[1];

    /// <summary>The action of a call that has many.</summary>
    public string? Action => Template.EndsWith("/action", StringComparison.Ordinal) ? Call.Split(' ').ElementAtOrDefault(2) : null;
}

/// <summary>An answer for the oracle, with what led to it.</summary>
internal sealed record Recorded(Exchange Row, int Version, bool Admin, string? Request, int Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>Whether a microversion was agreed on, and is to be echoed.</summary>
    public bool Negotiated { get; init; } = true;

    public override string ToString() => $"{Row.Method} {Row.Path} ({Row.Call}) at 2.{Version} as {(Admin ? "an administrator" : "a member")}: {Status} {Body}";
}

/// <summary>What the oracle says: <c>ok</c>, what is wrong, or null where it has nothing to say.</summary>
internal sealed record Verdict(string? Tempest, string? Own, string? Source)
{
    public bool IsGood => Tempest is null or "ok" && Own == "ok";

    public override string ToString() => string.Join("; ", new[] { Own is "ok" ? null : $"{Source}: {Own}", Tempest is null or "ok" ? null : $"tempest: {Tempest}" }.Where(t => t is not null));
}
