using System.Text.Json.Serialization;

namespace InstanceTasks;

/// <summary>Nova's vm_state (nova-api §4.1): the stable state of an instance, changed only by commits of the instance's actor.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VmState>))]
public enum VmState
{
    /// <summary>Being created for the first time.</summary>
    Building = 0,

    /// <summary>Running.</summary>
    Active = 1,

    /// <summary>Shut off.</summary>
    Stopped = 2,

    /// <summary>Unusable until an action that may start from here (delete, hard reboot) succeeds.</summary>
    Error = 3,

    /// <summary>Gone; the row stays for history.</summary>
    Deleted = 4,

    /// <summary>Its processors stand still; memory is kept.</summary>
    Paused = 5,

    /// <summary>Its memory is saved to disk, and it does not run.</summary>
    Suspended = 6,

    /// <summary>Runs from a rescue disk; its own disk is attached to that.</summary>
    Rescued = 7,

    /// <summary>Runs with its new flavor, and the old machine is kept until that is confirmed.</summary>
    Resized = 8,

    /// <summary>Off, with its disk saved as an image; the machine is still on its host.</summary>
    Shelved = 9,

    /// <summary>Only the image is left: no host, no disk, no machine.</summary>
    ShelvedOffloaded = 10,
}

/// <summary>Nova's power_state numbers (nova-api §4.2).</summary>
public enum PowerState
{
    /// <summary>Not known, or no machine.</summary>
    NoState = 0,

    /// <summary>Running.</summary>
    Running = 1,

    /// <summary>Paused.</summary>
    Paused = 3,

    /// <summary>Off.</summary>
    Shutdown = 4,

    /// <summary>Crashed.</summary>
    Crashed = 6,

    /// <summary>Suspended.</summary>
    Suspended = 7,
}

/// <summary>Whether a task is doing its steps or undoing them.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskPhase>))]
public enum TaskPhase
{
    /// <summary>Steps are done in order.</summary>
    Forward = 0,

    /// <summary>Steps that were done are undone in reverse order.</summary>
    Undo = 1,
}

/// <summary>Whether and why a task moves.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskRun>))]
public enum TaskRun
{
    /// <summary>In the instance's queue, behind the task that has the machine. Leaves by a grant (the machine is given to it), or by its end.</summary>
    Queued = 0,

    /// <summary>Has the machine and works on its current step; moved by its own actor; if that dies, recovery wakes another.</summary>
    Running = 1,

    /// <summary>Waits for a time (back-off), a predecessor that it supersedes, or a host; woken by due time at the latest.</summary>
    Waiting = 2,

    /// <summary>Stopped at a checkpoint until somebody resumes it; with outcome <see cref="TaskOutcome.NeedsAttention"/> it has given the machine back.</summary>
    Paused = 3,

    /// <summary>Terminal: never left.</summary>
    Ended = 4,
}

/// <summary>What somebody has asked of a task that it has not reached yet.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskIntent>))]
public enum TaskIntent
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Stop at the next checkpoint.</summary>
    Pause = 1,

    /// <summary>Stop at the next safe point and undo.</summary>
    Cancel = 2,

    /// <summary>Another task takes the machine over.</summary>
    Supersede = 3,
}

/// <summary>How a task ended, or that somebody must look at it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskOutcome>))]
public enum TaskOutcome
{
    /// <summary>Not ended.</summary>
    None = 0,

    /// <summary>Everything asked for is done.</summary>
    Succeeded = 1,

    /// <summary>It could not be done; see the failure.</summary>
    Failed = 2,

    /// <summary>Stopped because somebody asked, or superseded.</summary>
    Canceled = 3,

    /// <summary>Not ended: an operator must decide. Counts as failed for <c>fault</c>.</summary>
    NeedsAttention = 4,

    /// <summary>A tombstone: the accept was never confirmed and can no longer happen. Not shown.</summary>
    Refused = 5,
}

/// <summary>A command on a task.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TaskCommandKind>))]
public enum TaskCommandKind
{
    /// <summary>Stop at the next safe point and undo what was done.</summary>
    Cancel = 0,

    /// <summary>Stop at the next checkpoint and keep the machine.</summary>
    Pause = 1,

    /// <summary>Go on after a pause, or take a pause back.</summary>
    Resume = 2,

    /// <summary>Needs attention: try the step again.</summary>
    Retry = 3,

    /// <summary>Needs attention: leave the step out, for a stated reason.</summary>
    Skip = 4,

    /// <summary>Needs attention: somebody did the step by hand.</summary>
    Done = 5,

    /// <summary>Needs attention: give up; the task ends failed.</summary>
    Abandon = 6,

    /// <summary>Wait for workers with another priority from now on.</summary>
    SetPriority = 7,
}
