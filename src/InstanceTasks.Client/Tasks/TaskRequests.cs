using System.Text.Json.Nodes;

namespace InstanceTasks.Client;

/// <summary>The commands on a task.</summary>
public enum TaskCommand
{
    /// <summary>Stop it and undo what it has done.</summary>
    Cancel = 0,

    /// <summary>Stop it at its next safe point.</summary>
    Pause = 1,

    /// <summary>Let a paused one go on.</summary>
    Resume = 2,

    /// <summary>Try the step again, or, when it has ended, do it all again as a new task.</summary>
    Retry = 3,

    /// <summary>Leave the step out; needs a reason.</summary>
    Skip = 4,

    /// <summary>The step was done by hand; needs a reason.</summary>
    Done = 5,

    /// <summary>Give it up as it is.</summary>
    Abandon = 6,
}

/// <summary>What became of a command.</summary>
/// <param name="Task">The task, or the new one when an ended task is retried.</param>
/// <param name="Effect">What the command does, in words.</param>
public sealed record CommandResult(TaskInfo Task, string? Effect);

/// <summary>One task on each of many servers.</summary>
public sealed record BulkRequest
{
    /// <summary>The kind.</summary>
    public required string Kind { get; init; }

    /// <summary>Which servers.</summary>
    public required ServerSelector Selector { get; init; }

    /// <summary>How many are under way at a time. Null: as the service likes.</summary>
    public int? Concurrency { get; init; }

    /// <summary>More failures than that stop it. Null: all are tried.</summary>
    public int? FailureBudget { get; init; }
}

/// <summary>Which servers are meant, as they are at that moment: <see cref="Ids"/> alone, or any of the others.</summary>
public sealed record ServerSelector
{
    /// <summary>These.</summary>
    public IReadOnlyList<Guid>? Ids { get; init; }

    /// <summary>Those whose name matches a pattern.</summary>
    public string? Name { get; init; }

    /// <summary>Those of a status.</summary>
    public string? Status { get; init; }

    /// <summary>Those on a host (administrators).</summary>
    public string? Host { get; init; }

    /// <summary>Those of a flavor.</summary>
    public string? Flavor { get; init; }

    /// <summary>Those of an image.</summary>
    public string? Image { get; init; }

    /// <summary>Those that have all of these tags.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Those of a request for many.</summary>
    public string? ReservationId { get; init; }

    /// <summary>Those in a zone.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>Those of all projects (administrators).</summary>
    public bool? AllProjects { get; init; }
}

/// <summary>Whether a kind of task may be asked for on a server now.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Action">The compute API's name of it, if it has one.</param>
/// <param name="Allowed">Whether it may.</param>
/// <param name="Mode"><c>now</c>, <c>queue</c>, <c>supersede</c>, <c>alongside</c>, <c>join</c>.</param>
/// <param name="WhenBusy"><c>queue</c>: only if <see cref="CallTerms.QueueWhenBusy"/> is said.</param>
/// <param name="TaskId">The task that it would wait for, take over from or join, or that is in the way.</param>
/// <param name="Reason">Why not.</param>
public sealed record AllowedTask(string Kind, string? Action, bool Allowed, string? Mode, string? WhenBusy, Guid? TaskId, string? Reason);

/// <summary>What would happen.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="ServerId">The server.</param>
/// <param name="Decision"><c>now</c>, <c>queue</c>, <c>supersede</c>, <c>alongside</c>, <c>join</c> or <c>refuse</c>.</param>
/// <param name="TaskId">The task that it is about.</param>
/// <param name="Refusal">Why it would be refused.</param>
/// <param name="Steps">What would be done.</param>
/// <param name="PointOfNoReturn">From this step on it cannot be canceled.</param>
/// <param name="Undo">What a cancel would undo.</param>
/// <param name="Placement">Where it would be done.</param>
public sealed record DryRun(
    string Kind, Guid? ServerId, string Decision, Guid? TaskId, DryRunRefusal? Refusal, IReadOnlyList<PlannedStep> Steps, string? PointOfNoReturn, IReadOnlyList<PlannedUndo> Undo, JsonObject? Placement);

/// <summary>Why it would be refused.</summary>
/// <param name="Code">With which status.</param>
/// <param name="Message">In words.</param>
/// <param name="AcceptedNow">What would be accepted instead.</param>
/// <param name="CanQueue">Whether it could wait.</param>
public sealed record DryRunRefusal(int Code, string Message, IReadOnlyList<string>? AcceptedNow, bool CanQueue);

/// <summary>A step that would be done.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Where"><c>host</c> or <c>control</c>.</param>
/// <param name="Does">What it does.</param>
/// <param name="TimeoutSeconds">How long an attempt may take.</param>
/// <param name="Attempts">How often it is tried.</param>
/// <param name="WhenExhausted">What then: <c>undo</c>, <c>go_on</c>, <c>needs_attention</c>.</param>
/// <param name="Cancel">When it can be canceled: <c>now</c>, <c>after_step</c>, <c>never</c>.</param>
/// <param name="Undo">What undoes it.</param>
/// <param name="SkippedBecause">Why it would be left out.</param>
/// <param name="Host">Where.</param>
public sealed record PlannedStep(string Name, string Where, string Does, double TimeoutSeconds, int Attempts, string WhenExhausted, string Cancel, string? Undo, string? SkippedBecause, string? Host);

/// <summary>What would be undone.</summary>
/// <param name="Step">The step.</param>
/// <param name="Does">What undoes it.</param>
public sealed record PlannedUndo(string Step, string Does);

/// <summary>What a command would do.</summary>
/// <param name="Command">Its name.</param>
/// <param name="TaskId">The task.</param>
/// <param name="Decision"><c>accept</c> or <c>refuse</c>.</param>
/// <param name="Effect">What it would do.</param>
/// <param name="Reason">Why not.</param>
public sealed record CommandDryRun(string Command, Guid TaskId, string Decision, string? Effect, string? Reason);

/// <summary>Which servers a task on many would be on.</summary>
/// <param name="Children">The kind of each.</param>
/// <param name="Total">How many.</param>
/// <param name="ServerIds">Which.</param>
public sealed record BulkDryRun(string Children, int Total, IReadOnlyList<Guid> ServerIds);
