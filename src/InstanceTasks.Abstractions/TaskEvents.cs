using System.Text.Json.Serialization;

namespace InstanceTasks;

/// <summary>
/// Something that happened to a task: the truth that everything else is computed from. One row of <c>task_events</c> holds the
/// events of one commit. Types and their fields are only ever added to.
/// </summary>
[GenerateSerializer, Immutable]
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(TaskAccepted), "accepted")]
[JsonDerivedType(typeof(TaskGranted), "granted")]
[JsonDerivedType(typeof(TaskClaimed), "claimed")]
[JsonDerivedType(typeof(StepDone), "step_done")]
[JsonDerivedType(typeof(AttemptFailed), "attempt_failed")]
[JsonDerivedType(typeof(TaskWaiting), "waiting")]
[JsonDerivedType(typeof(TaskProceeded), "proceeded")]
[JsonDerivedType(typeof(HostRefused), "host_refused")]
[JsonDerivedType(typeof(IntentSet), "intent_set")]
[JsonDerivedType(typeof(IntentTakenBack), "intent_taken_back")]
[JsonDerivedType(typeof(TaskPaused), "paused")]
[JsonDerivedType(typeof(TaskResumed), "resumed")]
[JsonDerivedType(typeof(UndoBegun), "undo_begun")]
[JsonDerivedType(typeof(AttentionNeeded), "attention_needed")]
[JsonDerivedType(typeof(AttentionDecided), "attention_decided")]
[JsonDerivedType(typeof(TaskEnded), "ended")]
[JsonDerivedType(typeof(DeadlinePassed), "deadline_passed")]
[JsonDerivedType(typeof(PrioritySet), "priority_set")]
[JsonDerivedType(typeof(ChildrenMoved), "children_moved")]
public abstract record TaskEvent
{
    /// <summary>When it happened, by the committing process's clock.</summary>
    [Id(0)] public DateTimeOffset At { get; init; }
}

/// <summary>The task exists. Holds everything it starts with, including whether it has the machine at once.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskAccepted : TaskEvent
{
    /// <summary>The task as accepted.</summary>
    [Id(0)] public required TaskRecord Initial { get; init; }
}

/// <summary>The machine was given to a queued or superseding task, or back to one that needed attention.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskGranted : TaskEvent
{
    /// <summary>The turn.</summary>
    [Id(0)] public long Turn { get; init; }

    /// <summary>The instance's host now.</summary>
    [Id(1)] public HostName? Host { get; init; }

    /// <summary>The host's zone.</summary>
    [Id(2)] public string Zone { get; init; } = "";

    /// <summary>An effect of the task before it may still be under way.</summary>
    [Id(3)] public bool MustFence { get; init; }

    /// <summary>The vm_state now.</summary>
    [Id(4)] public VmState FromState { get; init; }

    /// <summary>What the hypervisor needs, as the instance is now; null: as the task has it.</summary>
    [Id(5)] public MachineSpec? Machine { get; init; }
}

/// <summary>An activation took the task's steps over.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskClaimed : TaskEvent
{
    /// <summary>The new epoch.</summary>
    [Id(0)] public int Epoch { get; init; }

    /// <summary>The owner.</summary>
    [Id(1)] public long Generation { get; init; }
}

/// <summary>The current step is done (or undone), or was left out for the stated reason.</summary>
[GenerateSerializer, Immutable]
public sealed record StepDone : TaskEvent
{
    /// <summary>The step's index in the plan.</summary>
    [Id(0)] public int Step { get; init; }

    /// <summary>The direction.</summary>
    [Id(1)] public Direction Direction { get; init; }

    /// <summary>The host chosen by this step, if it chose one.</summary>
    [Id(2)] public HostName? Host { get; init; }

    /// <summary>The chosen host's zone.</summary>
    [Id(3)] public string? Zone { get; init; }

    /// <summary>True when this step gave the host up.</summary>
    [Id(4)] public bool FreesHost { get; init; }

    /// <summary>The power state it left behind, if known.</summary>
    [Id(5)] public PowerState? Power { get; init; }

    /// <summary>True when the step was left out.</summary>
    [Id(6)] public bool Skipped { get; init; }

    /// <summary>A remark for people.</summary>
    [Id(7)] public string? Note { get; init; }

    /// <summary>The last failure, when the plan goes on in spite of it.</summary>
    [Id(8)] public Failure? Failure { get; init; }
}

/// <summary>An attempt of the current step failed and another will follow.</summary>
[GenerateSerializer, Immutable]
public sealed record AttemptFailed : TaskEvent
{
    /// <summary>The step's index.</summary>
    [Id(0)] public int Step { get; init; }

    /// <summary>The direction.</summary>
    [Id(1)] public Direction Direction { get; init; }

    /// <summary>Why.</summary>
    [Id(2)] public required Failure Failure { get; init; }

    /// <summary>When the next attempt starts.</summary>
    [Id(3)] public DateTimeOffset RetryAt { get; init; }

    /// <summary>The attempt may still be under way (lost, abandoned): fence before the next.</summary>
    [Id(4)] public bool MustFence { get; init; }
}

/// <summary>The task waits for something outside it.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskWaiting : TaskEvent
{
    /// <summary>For what, for people.</summary>
    [Id(0)] public required string Reason { get; init; }

    /// <summary>Until when, if it waits for a time.</summary>
    [Id(1)] public DateTimeOffset? Until { get; init; }

    /// <summary>What it waits for in a host's queue.</summary>
    [Id(2)] public WaitDetail? Detail { get; init; }
}

/// <summary>The deadline passed: like a cancel, but the task ends failed.</summary>
[GenerateSerializer, Immutable]
public sealed record DeadlinePassed : TaskEvent
{
    /// <summary>What the task fails with once it is undone.</summary>
    [Id(0)] public required Failure Failure { get; init; }
}

/// <summary>The task waits for workers with another priority from now on.</summary>
[GenerateSerializer, Immutable]
public sealed record PrioritySet : TaskEvent
{
    /// <summary>From 0 to 9.</summary>
    [Id(0)] public int Priority { get; init; }

    /// <summary>The command.</summary>
    [Id(1)] public required CommandRecord Command { get; init; }
}

/// <summary>A parent has come further with its children; null: as it was.</summary>
[GenerateSerializer, Immutable]
public sealed record ChildrenMoved : TaskEvent
{
    /// <summary>How many have been asked for.</summary>
    [Id(0)] public int? Next { get; init; }

    /// <summary>Those refused by it, with the reason.</summary>
    [Id(1)] public Dictionary<int, string> Refused { get; init; } = [];

    /// <summary>How many creates had been accepted, now that they are undone.</summary>
    [Id(2)] public int? Created { get; init; }

    /// <summary>How many deletes have been asked for.</summary>
    [Id(3)] public int? Removed { get; init; }
}

/// <summary>What the task waited for is there.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskProceeded : TaskEvent
{
}

/// <summary>A host was refused for a reason (create), and the next is tried.</summary>
[GenerateSerializer, Immutable]
public sealed record HostRefused : TaskEvent
{
    /// <summary>The host.</summary>
    [Id(0)] public HostName Host { get; init; }

    /// <summary>The reason.</summary>
    [Id(1)] public required string Reason { get; init; }
}

/// <summary>Somebody asked for a pause or a cancel, or another task takes over.</summary>
[GenerateSerializer, Immutable]
public sealed record IntentSet : TaskEvent
{
    /// <summary>What was asked.</summary>
    [Id(0)] public TaskIntent Intent { get; init; }

    /// <summary>The successor, for a supersede.</summary>
    [Id(1)] public TaskId? Successor { get; init; }

    /// <summary>The command, for a pause or cancel.</summary>
    [Id(2)] public CommandRecord? Command { get; init; }

    /// <summary>For a supersede: the task_state to show from now on, which is the successor's.</summary>
    [Id(3)] public string? ShownTaskState { get; init; }
}

/// <summary>A pause that had not been reached was taken back.</summary>
[GenerateSerializer, Immutable]
public sealed record IntentTakenBack : TaskEvent
{
    /// <summary>The command.</summary>
    [Id(0)] public required CommandRecord Command { get; init; }
}

/// <summary>A pause was reached.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskPaused : TaskEvent
{
}

/// <summary>A paused task goes on.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskResumed : TaskEvent
{
    /// <summary>The command.</summary>
    [Id(0)] public required CommandRecord Command { get; init; }
}

/// <summary>From here on what was done is undone.</summary>
[GenerateSerializer, Immutable]
public sealed record UndoBegun : TaskEvent
{
    /// <summary>The failure that caused it; null when it was asked for.</summary>
    [Id(0)] public Failure? Failure { get; init; }

    /// <summary>The first step to undo; -1 when there is none.</summary>
    [Id(1)] public int FromStep { get; init; }

    /// <summary>An attempt may still be under way.</summary>
    [Id(2)] public bool MustFence { get; init; }
}

/// <summary>The task cannot go on without a decision; the machine is given back.</summary>
[GenerateSerializer, Immutable]
public sealed record AttentionNeeded : TaskEvent
{
    /// <summary>Why.</summary>
    [Id(0)] public required Failure Failure { get; init; }
}

/// <summary>An operator decided about a task that needed attention. Audited: who, when and why are in the command.</summary>
[GenerateSerializer, Immutable]
public sealed record AttentionDecided : TaskEvent
{
    /// <summary>The decision.</summary>
    [Id(0)] public required CommandRecord Command { get; init; }
}

/// <summary>The task ended.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskEnded : TaskEvent
{
    /// <summary>How.</summary>
    [Id(0)] public TaskOutcome Outcome { get; init; }

    /// <summary>Why, unless it succeeded.</summary>
    [Id(1)] public Failure? Failure { get; init; }

    /// <summary>The task that made it pointless, when it ended before its turn came.</summary>
    [Id(2)] public TaskId? SupersededBy { get; init; }

    /// <summary>The command that ended it (cancel before its turn, abandon), for the audit.</summary>
    [Id(3)] public CommandRecord? Command { get; init; }
}
