using System.Globalization;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>The events of one commit of a task.</summary>
public sealed record TaskEvents
{
    /// <summary>The place in the stream: what one goes on behind.</summary>
    public long Id { get; init; }

    /// <summary>When it was committed.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The task.</summary>
    public Guid TaskId { get; init; }

    /// <summary>The number of the commit within the task, from 1.</summary>
    public long Seq { get; init; }

    /// <summary>The task's kind.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Its server; null for a parent.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>Its parent, if it has one.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>The project that owns it.</summary>
    public string ProjectId { get; init; } = "";

    /// <summary>Who asked for it.</summary>
    public string UserId { get; init; } = "";

    /// <summary>What happened. Empty: the service cannot read what another release has written.</summary>
    public IReadOnlyList<TaskEventInfo> Events { get; init; } = [];
}

/// <summary>Something that happened to a task. Which members are set depends on <see cref="Type"/>.</summary>
public sealed record TaskEventInfo
{
    /// <summary>What: <c>accepted</c>, <c>step_done</c>, <c>ended</c>, ….</summary>
    public string Type { get; init; } = "";

    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The step.</summary>
    public string? Step { get; init; }

    /// <summary><c>do</c> or <c>undo</c>.</summary>
    public string? Direction { get; init; }

    /// <summary>Whether the step was left out.</summary>
    public bool? Skipped { get; init; }

    /// <summary>A remark.</summary>
    public string? Note { get; init; }

    /// <summary>What failed.</summary>
    public FailureInfo? Failure { get; init; }

    /// <summary>The host.</summary>
    public string? Host { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>Until when it waits.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>When the next attempt begins.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>What was asked of it.</summary>
    public string? Intent { get; init; }

    /// <summary>The command.</summary>
    public CommandInfo? Command { get; init; }

    /// <summary>How it ended.</summary>
    public string? Outcome { get; init; }

    /// <summary>The state in which it was accepted.</summary>
    public string? State { get; init; }

    /// <summary>The priority from now on.</summary>
    public int? Priority { get; init; }

    /// <summary>The task that took over.</summary>
    public Guid? SupersededBy { get; init; }

    /// <summary>The task that it takes over from.</summary>
    public Guid? Supersedes { get; init; }

    /// <summary>The ended task that it repeats.</summary>
    public Guid? RetryOf { get; init; }
}

/// <summary>Which tasks' events are followed. Null means: any.</summary>
public sealed record EventFilter
{
    /// <summary>Only those on this server.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>Only children of this task.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>Only these kinds.</summary>
    public IReadOnlyList<string>? Kinds { get; init; }

    /// <summary>Only those that this user asked for.</summary>
    public string? User { get; init; }

    /// <summary>Another project than one's own (administrators).</summary>
    public string? Project { get; init; }

    /// <summary>Those of all projects (administrators).</summary>
    public bool AllProjects { get; init; }

    internal string Of(string path) => Query().Of(path);

    internal string Of(string path, long after, int limit) => Query().Add("after", after.ToString(CultureInfo.InvariantCulture)).Add("limit", limit).Of(path);

    private QueryText Query() => new QueryText()
        .Add("server_id", ServerId).Add("parent_id", ParentId).Add("kind", Kinds).Add("user", User).Add("project", Project).Add("all_projects", AllProjects);
}

/// <summary>A page of events.</summary>
/// <param name="Events">The commits, oldest first.</param>
/// <param name="LastEventId">Behind which place the next page begins.</param>
public sealed record EventsPage(IReadOnlyList<TaskEvents> Events, long LastEventId);
