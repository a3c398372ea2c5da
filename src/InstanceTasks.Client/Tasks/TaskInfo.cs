namespace InstanceTasks.Client;

/// <summary>A task as the service shows it to this caller; what only administrators see is null for others.</summary>
public sealed record TaskInfo
{
    /// <summary>The id.</summary>
    public Guid Id { get; init; }

    /// <summary>The kind: <c>stop</c>, <c>create</c>, ….</summary>
    public string Kind { get; init; } = "";

    /// <summary>One of <see cref="TaskStates"/>.</summary>
    public string State { get; init; } = "";

    /// <summary><c>forward</c> or <c>undo</c>.</summary>
    public string Phase { get; init; } = "";

    /// <summary>What was asked of it: <c>none</c>, <c>pause</c>, <c>cancel</c>, <c>supersede</c>.</summary>
    public string Intent { get; init; } = "";

    /// <summary>Its server; null for a parent.</summary>
    public Guid? ServerId { get; init; }

    /// <summary>Its parent, if it has one.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>The project that owns it.</summary>
    public string ProjectId { get; init; } = "";

    /// <summary>Who asked for it.</summary>
    public string UserId { get; init; } = "";

    /// <summary>The request that asked for it.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it first got the server.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When its last event happened.</summary>
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The step that is under way.</summary>
    public string? Step { get; init; }

    /// <summary>The steps that were begun, in order.</summary>
    public IReadOnlyList<StepInfo> Steps { get; init; } = [];

    /// <summary>What failed.</summary>
    public FailureInfo? Failure { get; init; }

    /// <summary>Why it waits.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>Until when it waits at least.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>From 0 to 9.</summary>
    public int Priority { get; init; }

    /// <summary>When it is stopped and undone.</summary>
    public DateTimeOffset? DeadlineAt { get; init; }

    /// <summary>The task that took its server over.</summary>
    public Guid? SupersededBy { get; init; }

    /// <summary>The task whose server it took over.</summary>
    public Guid? Supersedes { get; init; }

    /// <summary>The ended task that it repeats.</summary>
    public Guid? RetryOf { get; init; }

    /// <summary>The commands that it was given.</summary>
    public IReadOnlyList<CommandInfo> Commands { get; init; } = [];

    /// <summary>How far the children of a parent are.</summary>
    public ProgressInfo? Progress { get; init; }

    /// <summary>The version of the kind's plan that it keeps.</summary>
    public int PlanVersion { get; init; }

    /// <summary>How often its steps were taken over.</summary>
    public int Epoch { get; init; }

    /// <summary>What is known for certain at its last commit.</summary>
    public CheckpointInfo? Checkpoint { get; init; }

    /// <summary>By command: whether it may be given now. Not in lists.</summary>
    public IReadOnlyDictionary<string, CommandOffer>? AllowedCommands { get; init; }

    /// <summary>Where it stands in the queue that it waits in. Only when one task is asked for.</summary>
    public QueueInfo? Queue { get; init; }

    /// <summary>Whether it has ended, which never changes again.</summary>
    public bool IsEnded => TaskStates.Terminal.Contains(State);

    /// <summary>Whether it has ended or somebody must decide.</summary>
    public bool IsAtRest => IsEnded || State == TaskStates.NeedsAttention;
}

/// <summary>The states of tasks.</summary>
public static class TaskStates
{
    /// <summary>It did what it was asked for.</summary>
    public const string Succeeded = "succeeded";

    /// <summary>It did not, and what it had done is undone.</summary>
    public const string Failed = "failed";

    /// <summary>It was stopped, and what it had done is undone.</summary>
    public const string Canceled = "canceled";

    /// <summary>It cannot go on without a decision.</summary>
    public const string NeedsAttention = "needs_attention";

    /// <summary>Those that are never left.</summary>
    public static IReadOnlyList<string> Terminal { get; } = [Succeeded, Failed, Canceled];
}

/// <summary>A step of a task.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Direction"><c>do</c> or <c>undo</c>.</param>
/// <param name="State"><c>running</c>, <c>done</c>, <c>failed</c>, <c>skipped</c>.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="StartedAt">When it was begun.</param>
/// <param name="FinishedAt">When it was over.</param>
/// <param name="Failure">What failed.</param>
/// <param name="Note">A remark.</param>
/// <param name="Host">Where it ran.</param>
public sealed record StepInfo(string Name, string Direction, string State, int Attempts, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, FailureInfo? Failure, string? Note, string? Host);

/// <summary>Why something failed.</summary>
/// <param name="Kind">The kind of failure.</param>
/// <param name="Message">In words for its owner.</param>
/// <param name="Retryable">Whether trying again could help.</param>
/// <param name="Details">In words for administrators.</param>
public sealed record FailureInfo(string Kind, string Message, bool Retryable, string? Details);

/// <summary>What is known for certain at a task's last commit.</summary>
/// <param name="Seq">The number of commits so far.</param>
/// <param name="Power">The power state of its machine, by the compute API's number; null: not known.</param>
/// <param name="Host">Where its machine is (administrators).</param>
public sealed record CheckpointInfo(long Seq, int? Power, string? Host);

/// <summary>A command that a task was given.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Command">Its name.</param>
/// <param name="UserId">Who gave it.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why.</param>
public sealed record CommandInfo(Guid Id, string Command, string UserId, DateTimeOffset At, string? Reason);

/// <summary>Whether a command may be given now.</summary>
/// <param name="Allowed">Whether it may.</param>
/// <param name="Effect">What it would do.</param>
/// <param name="Reason">Why not.</param>
/// <param name="NeedsReason">Whether a reason must be given.</param>
public sealed record CommandOffer(bool Allowed, string? Effect, string? Reason, bool NeedsReason = false);

/// <summary>Where a task stands in a queue.</summary>
/// <param name="Limit">Which limit it waits at: <c>server</c>, or one of a host.</param>
/// <param name="Ahead">How many are ahead of it.</param>
/// <param name="HeldBy">Who they are.</param>
/// <param name="EstimateSeconds">How long it may take; null: nobody knows.</param>
public sealed record QueueInfo(string Limit, int Ahead, IReadOnlyList<Guid>? HeldBy, double? EstimateSeconds);

/// <summary>How far the children of a parent are.</summary>
/// <param name="Kind">Their kind.</param>
/// <param name="Total">How many there are to be.</param>
/// <param name="Concurrency">How many are under way at a time.</param>
/// <param name="FailureBudget">How many may fail.</param>
/// <param name="Asked">How many have been asked for.</param>
/// <param name="Refused">How many were refused.</param>
/// <param name="Started">How many were accepted. Only when one task is asked for, as those after it.</param>
/// <param name="Running">How many are under way.</param>
/// <param name="Succeeded">How many succeeded.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="Canceled">How many were canceled.</param>
public sealed record ProgressInfo(
    string Kind, int Total, int Concurrency, int? FailureBudget, int Asked, int Refused, int? Started = null, int? Running = null, int? Succeeded = null, int? Failed = null, int? Canceled = null);
