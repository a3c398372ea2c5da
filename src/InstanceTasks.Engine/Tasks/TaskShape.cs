namespace InstanceTasks.Engine;

/// <summary>
/// The part of a task that decides what may happen to it.
/// <code>
///   (new) ─► Queued ─grant─► Running ◄─► Waiting          every arrow is a row of TaskTransitions.All
///     │        │                │ │ ▲
///     │        │                │ │ └─ resume ─ Paused
///     │        └─────end────────┤ └─ need attention ─► Paused/NeedsAttention ─ decide ─► Waiting ─ grant ─► Running
///     └───────────────────────► Ended
/// </code>
/// </summary>
/// <param name="Phase">Doing or undoing.</param>
/// <param name="Run">Whether it moves.</param>
/// <param name="Intent">What was asked of it.</param>
/// <param name="Outcome">How it ended, or that it needs attention.</param>
/// <param name="HasMachine">Whether the instance's machine is its own.</param>
public readonly record struct TaskShape(TaskPhase Phase, TaskRun Run, TaskIntent Intent, TaskOutcome Outcome, bool HasMachine)
{
    /// <summary>The shape of a task.</summary>
    public static TaskShape Of(TaskRecord task) => new(task.Phase, task.Run, task.Intent, task.Outcome, task.Turn > 0);

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Phase}/{Run}" + (Intent == TaskIntent.None ? "" : $"/{Intent}") + (Outcome == TaskOutcome.None ? "" : $"/{Outcome}") +
        (HasMachine ? "/machine" : "");
}

/// <summary>One name per edge of the task's state machine.</summary>
public enum TaskTrigger
{
    /// <summary>The machine is given to it.</summary>
    Grant = 0,

    /// <summary>An activation takes its steps over.</summary>
    Claim = 1,

    /// <summary>A step is done, undone or left out.</summary>
    StepEnds = 2,

    /// <summary>An attempt failed; another follows after a back-off.</summary>
    AttemptFails = 3,

    /// <summary>It waits for something outside.</summary>
    Wait = 4,

    /// <summary>What it waited for is there.</summary>
    Proceed = 5,

    /// <summary>A host was refused and the next is tried.</summary>
    RefuseHost = 6,

    /// <summary>A pause is asked for.</summary>
    AskPause = 7,

    /// <summary>A cancel is asked for.</summary>
    AskCancel = 8,

    /// <summary>Another task takes over.</summary>
    Supersede = 9,

    /// <summary>A pause not yet reached is taken back.</summary>
    TakeBack = 10,

    /// <summary>A pause is reached.</summary>
    ReachPause = 11,

    /// <summary>A paused task goes on.</summary>
    Resume = 12,

    /// <summary>What was done is undone from here on.</summary>
    BeginUndo = 13,

    /// <summary>An operator must decide.</summary>
    NeedAttention = 14,

    /// <summary>The operator decided to go on.</summary>
    Decide = 15,

    /// <summary>Ends: done.</summary>
    Succeed = 16,

    /// <summary>Ends: could not be done.</summary>
    Fail = 17,

    /// <summary>Ends: canceled or superseded.</summary>
    EndCanceled = 18,
}

/// <summary>One row of the table: from these shapes, this trigger leads there.</summary>
/// <param name="Trigger">The edge's name.</param>
/// <param name="Sources">Which shapes it may start from.</param>
/// <param name="Destination">Where it leads.</param>
public sealed record TaskTransition(TaskTrigger Trigger, Func<TaskShape, bool> Sources, Func<TaskShape, TaskShape> Destination);

/// <summary>A trigger in a shape that the table does not allow: a defect or a lost race, never swallowed.</summary>
public sealed class IllegalTransitionException : Exception
{
    /// <summary>Creates the exception.</summary>
    public IllegalTransitionException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public IllegalTransitionException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public IllegalTransitionException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Names the trigger, the shape and the shapes from which it would be legal.</summary>
    public static IllegalTransitionException For(TaskTrigger trigger, TaskShape shape) =>
        new($"'{trigger}' is not possible from {shape}; it is from: {string.Join(", ", TaskTransitions.SourcesOf(trigger))}.");
}
