namespace Orleans.Runtime;

/// <summary>Values that flow from a caller to everything it calls, and not back.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<ContextProperties> Local = new();

    public static IEnumerable<string> Keys => Local.Value.Values?.Keys ?? Enumerable.Empty<string>();

    public static IEnumerable<KeyValuePair<string, object>> Entries => Local.Value.Values ?? Enumerable.Empty<KeyValuePair<string, object>>();

    public static Guid ReentrancyId
    {
        get => Local.Value.ReentrancyId;
        set => Local.Value = Local.Value with { ReentrancyId = value };
    }

    internal static ContextProperties Current
    {
        get => Local.Value;
        set => Local.Value = value;
    }

    public static object? Get(string key) => Local.Value.Values?.GetValueOrDefault(key);

    // Copied on write: what a callee already has must not change under it.
    public static void Set(string key, object value)
    {
        var values = Local.Value.Values is { } old ? new Dictionary<string, object>(old) : [];
        values[key] = value;
        Local.Value = Local.Value with { Values = values };
    }

    public static bool Remove(string key)
    {
        if (Local.Value.Values is not { } old || !old.ContainsKey(key))
        {
            return false;
        }

        var values = new Dictionary<string, object>(old);
        values.Remove(key);
        Local.Value = Local.Value with { Values = values };
        return true;
    }

    public static void Clear() => Local.Value = default;

    /// <summary>Until disposed, calls made from here may call back into the current grain.</summary>
    public static ReentrancySection AllowCallChainReentrancy()
    {
        var before = ReentrancyId;
        var id = before == Guid.Empty ? Guid.NewGuid() : before;
        return new(before, id);
    }

    /// <summary>Until disposed, calls made from here may not call back.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

    /// <summary>Ends the section that it was returned for when disposed.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid before;
        private readonly Guid inside;
        private readonly ActivationData? activation;

        internal ReentrancySection(Guid before, Guid inside)
        {
            this.before = before;
            this.inside = inside;
            RequestContext.ReentrancyId = inside;
            activation = inside == Guid.Empty ? null : RuntimeContext.Current;
            activation?.EnterReentrancySection(inside);
        }

        public void Dispose()
        {
            activation?.LeaveReentrancySection(inside);
            RequestContext.ReentrancyId = before;
        }
    }

    internal readonly record struct ContextProperties(Dictionary<string, object>? Values, Guid ReentrancyId)
    {
        public ContextProperties Travel() => Values is null ? this : this with { Values = (Dictionary<string, object>)Serialization.CopyContext.CopyRoot(Values)! };
    }
}
