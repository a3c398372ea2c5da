using System.Text.Json.Serialization;

namespace InstanceTasks;

/// <summary>
/// One task: the fold of its events. Only <c>TaskMachine.Apply</c> makes a new one from an old one.
/// Lists and dictionaries are never mutated in place.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record TaskRecord
{
    /// <summary>The id.</summary>
    [Id(0)] public required TaskId Id { get; init; }

    /// <summary>The kind.</summary>
    [Id(1)] public required TaskKind Kind { get; init; }

    /// <summary>The version of the kind's plan that the task started with and keeps.</summary>
    [Id(2)] public int PlanVersion { get; init; } = 1;

    /// <summary>The instance; of a parent, none (all zeros).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Id(3)] public required InstanceId Instance { get; init; }

    /// <summary>The project that owns the task.</summary>
    [Id(4)] public required ProjectId Project { get; init; }

    /// <summary>Who asked for it.</summary>
    [Id(5)] public required UserId User { get; init; }

    /// <summary>The API request that asked for it.</summary>
    [Id(6)] public required RequestId Request { get; init; }

    /// <summary>Small parameters of the kind; never secrets.</summary>
    [Id(7)] public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>What the hypervisor needs; fixed at accept.</summary>
    [Id(8)] public MachineSpec? Machine { get; init; }

    /// <summary>Doing or undoing.</summary>
    [Id(9)] public TaskPhase Phase { get; init; }

    /// <summary>Whether it moves.</summary>
    [Id(10)] public TaskRun Run { get; init; }

    /// <summary>What was asked of it.</summary>
    [Id(11)] public TaskIntent Intent { get; init; }

    /// <summary>How it ended.</summary>
    [Id(12)] public TaskOutcome Outcome { get; init; }

    /// <summary>Index in the plan of the step being done (forward) or undone (undo); equal to the number of steps, or -1, when none is left.</summary>
    [Id(13)] public int Step { get; init; }

    /// <summary>Failed attempts of the current step in the current direction.</summary>
    [Id(14)] public int FailedAttempts { get; init; }

    /// <summary>One entry per step and direction that was begun, in order.</summary>
    [Id(15)] public List<StepRecord> Steps { get; init; } = [];

    /// <summary>The claim counter: an activation with an older epoch may not commit or start effects.</summary>
    [Id(16)] public int Epoch { get; init; }

    /// <summary>Sequence number of the last event row: the fence of the task.</summary>
    [Id(17)] public long Seq { get; init; }

    /// <summary>The silo generation whose activation owns the task's steps; 0 when none.</summary>
    [Id(18)] public long Generation { get; init; }

    /// <summary>The one-time token by which the accepting process's first activation skips the claim; null after the first claim.</summary>
    [Id(19)] public Guid? Token { get; init; }

    /// <summary>The turn under which it has the machine; 0 before.</summary>
    [Id(20)] public long Turn { get; init; }

    /// <summary>The host as far as this task knows it: at accept the instance's, then what the task's own steps chose or freed.</summary>
    [Id(21)] public HostName? Host { get; init; }

    /// <summary>The host's zone.</summary>
    [Id(22)] public string Zone { get; init; } = "";

    /// <summary>Power state as learnt by the task's steps; null when none said so.</summary>
    [Id(23)] public PowerState? Power { get; init; }

    /// <summary>Why it waits, for people.</summary>
    [Id(24)] public string? WaitReason { get; init; }

    /// <summary>Not before this time, when waiting for a time.</summary>
    [Id(25)] public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What failed, once something has: the reason for undoing, for attention or for the end.</summary>
    [Id(26)] public Failure? Failure { get; init; }

    /// <summary>The task that took the machine over.</summary>
    [Id(27)] public TaskId? SupersededBy { get; init; }

    /// <summary>The task that this one took the machine over from.</summary>
    [Id(28)] public TaskId? Supersedes { get; init; }

    /// <summary>The ended task that this one repeats.</summary>
    [Id(29)] public TaskId? RetryOf { get; init; }

    /// <summary>An older attempt of this task, or of the one before it, may still be under way: fence before the next effect.</summary>
    [Id(30)] public bool MustFence { get; init; }

    /// <summary>When it was accepted.</summary>
    [Id(31)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it first got the machine.</summary>
    [Id(32)] public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When its last event happened.</summary>
    [Id(33)] public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it ended.</summary>
    [Id(34)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Nova's task_state while it has the machine; null otherwise. Computed by the projector from plan and step.</summary>
    [Id(35)] public string? TaskState { get; init; }

    /// <summary>The vm_state when the task was accepted: what undo and failure go back to.</summary>
    [Id(36)] public VmState FromState { get; init; }

    /// <summary>Commands that were accepted, by id, so that an unknown outcome can be re-read.</summary>
    [Id(37)] public List<CommandRecord> Commands { get; init; } = [];

    /// <summary>Reasons for which hosts were refused so far (create): host name to reason, for administrators.</summary>
    [Id(38)] public Dictionary<string, string> RefusedHosts { get; init; } = [];

    /// <summary>The descriptive fields that its success changes; null: none. Never secrets.</summary>
    [Id(39)] public InstanceChange? Change { get; init; }

    /// <summary>For a resize: the flavor before; the new one is in <see cref="Change"/>.</summary>
    [Id(42)] public FlavorSnapshot? OldFlavor { get; init; }

    /// <summary>For the end of a resize: the vm_state before that, which its success leads back to.</summary>
    [Id(43)] public VmState? ReturnsTo { get; init; }

    /// <summary>How long after its accept it must be done, by database time; null: no deadline.</summary>
    [Id(50)] public TimeSpan? DeadlineIn { get; init; }

    /// <summary>From 0 to 9: the order in which its attempts wait for workers; null: normal.</summary>
    [Id(51)] public int? Priority { get; init; }

    /// <summary>What it waits for in a host's queue; null: not there, or not told.</summary>
    [Id(52)] public WaitDetail? Wait { get; init; }

    /// <summary>The parent; null: it has none.</summary>
    [Id(60)] public TaskId? Parent { get; init; }

    /// <summary>For a parent: its children. Such a task has no instance.</summary>
    [Id(61)] public ChildrenRecord? Children { get; init; }

    /// <summary>True once the task has ended.</summary>
    public bool IsEnded => Run == TaskRun.Ended;

    /// <summary>True once nothing more happens by itself: it has ended, or an operator must decide.</summary>
    public bool IsAtRest => IsEnded || Outcome == TaskOutcome.NeedsAttention;

    /// <summary>The public name of the state (design §4.2); what JSON and queries use.</summary>
    public string State => TaskStateNames.Of(this);
}

/// <summary>One step of a task in one direction.</summary>
[GenerateSerializer, Immutable]
public sealed record StepRecord
{
    /// <summary>The step's name.</summary>
    [Id(0)] public required string Name { get; init; }

    /// <summary>Done or undone.</summary>
    [Id(1)] public Direction Direction { get; init; }

    /// <summary>How many attempts have ended.</summary>
    [Id(2)] public int Attempts { get; init; }

    /// <summary>When it became current.</summary>
    [Id(3)] public DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    [Id(4)] public DateTimeOffset? FinishedAt { get; init; }

    /// <summary><c>done</c>, <c>failed</c>, <c>skipped</c>, or null while it is under way.</summary>
    [Id(5)] public string? Result { get; init; }

    /// <summary>The host it ran on.</summary>
    [Id(6)] public HostName? Host { get; init; }

    /// <summary>The last failure of an attempt.</summary>
    [Id(7)] public Failure? Failure { get; init; }

    /// <summary>The Nova event it is reported as.</summary>
    [Id(8)] public string? NovaEvent { get; init; }

    /// <summary>A remark for people: what was chosen, observed instead of repeated, or why it was skipped.</summary>
    [Id(9)] public string? Note { get; init; }
}

/// <summary>Why an attempt does not move, as data.</summary>
/// <param name="Limit">What holds it up: one of <see cref="WaitLimits"/>.</param>
/// <param name="Ahead">How many attempts are ahead of it in the host's queue.</param>
/// <param name="HeldBy">Tasks that have what it waits for; the first few.</param>
[GenerateSerializer, Immutable]
public sealed record WaitDetail(string Limit, int Ahead, List<TaskId> HeldBy);

/// <summary>The closed set of things that hold up an attempt in a host's queue.</summary>
public static class WaitLimits
{
    /// <summary>No worker reaches the host.</summary>
    public const string NoWorker = "no_worker";

    /// <summary>The workers of the host have no room, or are about to take it.</summary>
    public const string Workers = "workers";

    /// <summary>As many attempts run on the host as may.</summary>
    public const string Host = "host";

    /// <summary>As many attempts of the kind run on the host as may.</summary>
    public const string Kind = "kind";

    /// <summary>As many attempts of the project run on the host as may.</summary>
    public const string Project = "project";
}

/// <summary>Priorities of tasks.</summary>
public static class TaskPriorities
{
    /// <summary>The lowest.</summary>
    public const int Lowest = 0;

    /// <summary>What a task has unless somebody says otherwise; above it is for administrators.</summary>
    public const int Normal = 5;

    /// <summary>The highest.</summary>
    public const int Highest = 9;

    /// <summary>A task's priority.</summary>
    public static int Of(TaskRecord task) => task.Priority ?? Normal;
}

/// <summary>An accepted command.</summary>
[GenerateSerializer, Immutable]
public sealed record CommandRecord(Guid Id, TaskCommandKind Kind, UserId By, DateTimeOffset At, string? Reason);

/// <summary>The public names of task states.</summary>
public static class TaskStateNames
{
    /// <summary>All names, in the order in which a task usually meets them.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["queued", "running", "waiting", "pausing", "paused", "canceling", "undoing", "succeeded", "failed", "canceled", "needs_attention"];

    /// <summary>The names that are never left.</summary>
    public static IReadOnlyList<string> Terminal { get; } = ["succeeded", "failed", "canceled"];

    /// <summary>The name of a task's state.</summary>
    public static string Of(TaskRecord task) => task switch
    {
        { Run: TaskRun.Ended, Outcome: TaskOutcome.Succeeded } => "succeeded",
        { Run: TaskRun.Ended, Outcome: TaskOutcome.Canceled } => "canceled",
        { Run: TaskRun.Ended } => "failed",
        { Outcome: TaskOutcome.NeedsAttention } => "needs_attention",
        { Run: TaskRun.Paused } => "paused",
        { Phase: TaskPhase.Undo } => "undoing",
        { Intent: TaskIntent.Cancel or TaskIntent.Supersede } => "canceling",
        { Intent: TaskIntent.Pause } => "pausing",
        { Run: TaskRun.Queued } => "queued",
        { Run: TaskRun.Waiting } => "waiting",
        _ => "running",
    };
}
