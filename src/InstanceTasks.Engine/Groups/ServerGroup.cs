namespace InstanceTasks.Engine;

/// <summary>Servers that are to be placed with a view to each other (nova-api §6.6): a document of the kind <see cref="DocumentKind"/>.</summary>
public sealed record ServerGroup
{
    /// <summary>The kind of its document.</summary>
    public const string DocumentKind = "server-group";

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The owning project.</summary>
    public required ProjectId Project { get; init; }

    /// <summary>The user who made it.</summary>
    public required UserId User { get; init; }

    /// <summary>The name; not unique.</summary>
    public required string Name { get; init; }

    /// <summary>The policy.</summary>
    public required GroupPolicy Policy { get; init; }

    /// <summary>For <see cref="GroupPolicy.AntiAffinity"/>: so many may share a host; null: one.</summary>
    public int? MaxPerHost { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// Its servers. Whoever chooses a host for one writes that here first, by the version that he has read: two that choose at once see each other. Servers that are gone may still be in it.
    /// </summary>
    public Dictionary<Guid, GroupMember> Members { get; init; } = [];
}

/// <summary>A server in a group.</summary>
/// <param name="Since">When it was asked for.</param>
/// <param name="Host">The host that was chosen for it last, if one was.</param>
public sealed record GroupMember(DateTimeOffset Since, string? Host = null);

/// <summary>How the servers of a group are placed.</summary>
public enum GroupPolicy
{
    /// <summary>On one host.</summary>
    Affinity = 1,

    /// <summary>On different hosts.</summary>
    AntiAffinity = 2,

    /// <summary>On one host, as far as there is room.</summary>
    SoftAffinity = 3,

    /// <summary>On different hosts, as far as there is room.</summary>
    SoftAntiAffinity = 4,
}
