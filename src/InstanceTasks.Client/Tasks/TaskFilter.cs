using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>Which tasks are listed. Null means: any.</summary>
public sealed record TaskFilter
{
    /// <summary>Only these states.</summary>
    public IReadOnlyList<string>? States { get; init; }

    /// <summary>Only these kinds.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Only those of this server.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>Only the children of this task.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>Only those of this request.</summary>
    public string? RequestId { get; init; }

    /// <summary>Only those on this host (administrators).</summary>
    public string? Host { get; init; }

    /// <summary>Only those that this user asked for.</summary>
    public string? User { get; init; }

    /// <summary>Another project than one's own (administrators).</summary>
    public string? Project { get; init; }

    /// <summary>Those of all projects (administrators).</summary>
    public bool AllProjects { get; init; }

    /// <summary>Only those whose last event happened at this time or later.</summary>
    public DateTimeOffset? ChangesSince { get; init; }

    /// <summary>Only those whose last event happened at this time or before.</summary>
    public DateTimeOffset? ChangesBefore { get; init; }

    /// <summary>By what they are sorted: <c>created_at</c> (null), <c>updated_at</c>, <c>finished_at</c>, <c>state</c>, <c>kind</c>, <c>server_id</c>, <c>user_id</c>, <c>project_id</c>, <c>id</c>.</summary>
    public string? SortKey { get; init; }

    /// <summary>Whether the smallest come first instead of the greatest.</summary>
    public bool Ascending { get; init; }

    /// <summary>Only those behind this task, in the order that is asked for: the last one of the page before.</summary>
    public Guid? After { get; init; }

    /// <summary>How many are asked for at a time, up to 1000. How many there are in all it does not change. Null: as the service likes.</summary>
    public int? PageSize { get; init; }

    internal string Of(string path, Guid? marker) => new QueryText()
        .Add("state", States).Add("kind", Kinds).Add("server_id", ServerId).Add("parent_id", ParentId).Add("request_id", RequestId).Add("host", Host).Add("user", User)
        .Add("project", Project).Add("all_projects", AllProjects).Add("changes-since", ChangesSince).Add("changes-before", ChangesBefore).Add("sort_key", SortKey).Add("sort_dir", Ascending ? "asc" : null).Add("limit", PageSize).Add("marker", marker ?? After).Of(path);
}
