namespace InstanceTasks.Engine;

/// <summary>
/// How a kind of task is done: versioned data, so that it can be printed, drawn, checked and searched. A task keeps the version it
/// started with; a version that tasks may have is never changed, only superseded.
/// </summary>
public sealed record Plan
{
    /// <summary>The kind.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>The version.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The steps, in order. Empty: the change is one commit and the task is accepted already ended.</summary>
    public IReadOnlyList<Step> Steps { get; init; } = [];

    /// <summary>The task_state shown from accept until a step says otherwise.</summary>
    public string? TaskState { get; init; }

    /// <summary>The name of Nova's instance action (nova-api §5.3); null: shown in the Tasks API only.</summary>
    public string? NovaAction { get; init; }

    /// <summary>Whether a failure of it counts for the server's <c>fault</c>.</summary>
    public bool CountsForFault { get; init; } = true;

    /// <summary>Whether the kind is refused for non-admins on a locked instance.</summary>
    public bool RespectsLock { get; init; } = true;

    /// <summary>Whether the instance must have been launched once (nova-api §3, rows without †).</summary>
    public bool NeedsLaunched { get; init; } = true;

    /// <summary>Whether the instance must have a host.</summary>
    public bool NeedsHost { get; init; }

    /// <summary>Whether it confirms or reverts a resize, and needs one for that. While there is one, every other kind that is more than a commit must wait for it, but delete.</summary>
    public bool EndsResize { get; init; }

    /// <summary>The policy rule that lets administrators only ask for it; null: everybody may.</summary>
    public string? AdminRule { get; init; }

    /// <summary>What it does to the catalogue of images, in the commits that accept and end it.</summary>
    public ImageEffect Image { get; init; }

    /// <summary>Whether its tasks are on an instance; a parent's are not.</summary>
    public bool OnInstance { get; init; } = true;

    /// <summary>Whether this is a change in one commit.</summary>
    public bool IsOneCommit => Steps.Count == 0;

    /// <summary>The index from which the task can no longer be canceled; the number of steps when it always can.</summary>
    public int PointOfNoReturn
    {
        get
        {
            var index = Steps.ToList().FindIndex(s => s.Cancel == Cancellability.PastNoReturn);
            return index < 0 ? Steps.Count : index;
        }
    }
}

/// <summary>One step of a plan: what is done and how it is undone, side by side.</summary>
public sealed record Step
{
    /// <summary>The name; part of the verb key, so never reused for another meaning within a kind.</summary>
    public required string Name { get; init; }

    /// <summary>The verb, for a step on a host's worker.</summary>
    public Verb? Do { get; init; }

    /// <summary>The work, for a control step, which runs beside the task.</summary>
    public ControlWork Control { get; init; }

    /// <summary>The verb that undoes it.</summary>
    public Verb? Undo { get; init; }

    /// <summary>The vm_states that a task must have started from for the undo to mean something; null: any.</summary>
    public IReadOnlyList<VmState>? UndoOnlyFrom { get; init; }

    /// <summary>Why there is no undo, when there is none.</summary>
    public string? NoUndoBecause { get; init; }

    /// <summary>After this long an attempt is aborted.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Attempts and back-off, for doing and undoing.</summary>
    public RetryPolicy Retry { get; init; } = RetryPolicy.Default;

    /// <summary>When a cancel takes effect.</summary>
    public Cancellability Cancel { get; init; } = Cancellability.NextSafePoint;

    /// <summary>What follows when the retries are used up.</summary>
    public Exhausted OnExhausted { get; init; } = Exhausted.Undo;

    /// <summary>The Nova task_state while it is the current step; null: the plan's.</summary>
    public string? TaskState { get; init; }

    /// <summary>The Nova event it is reported as.</summary>
    public string? NovaEvent { get; init; }

    /// <summary>The vm_states that the task must have started from, or else the step is left out; null: any.</summary>
    public IReadOnlyList<VmState>? OnlyFrom { get; init; }

    /// <summary>Left out when the instance has no host.</summary>
    public bool OnlyWithHost { get; init; }

    /// <summary>Doing it means nothing without a machine: a verb that converges by finding none has failed.</summary>
    public bool NeedsMachine { get; init; }

    /// <summary>The power state that doing it must leave: a verb that converges on another has failed. Null: not looked at.</summary>
    public PowerState? Leaves { get; init; }

    /// <summary>The name of the task's secret that doing it needs (<see cref="SecretNames"/>).</summary>
    public string? Secret { get; init; }

    /// <summary>Whether it runs on a host's worker.</summary>
    public bool OnHost => Do is not null;

    /// <summary>Whether a task that started from a vm_state takes it.</summary>
    public bool IsTakenFrom(VmState state) => OnlyFrom?.Contains(state) != false;
}

/// <summary>The control steps.</summary>
public enum ControlWork
{
    /// <summary>Not a control step.</summary>
    None = 0,

    /// <summary>Choose a host and claim its capacity in the step's own commit; undone by releasing the claim.</summary>
    ChooseHost = 1,

    /// <summary>Ask for children and wait until they have ended; undone by stopping them, and by deleting what they have made.</summary>
    Children = 3,

    /// <summary>Claim room for the new flavor on the instance's host, beside the old one, in the step's own commit; undone by giving it back.</summary>
    GrowClaim = 2,

    /// <summary>Release the claim in the step's own commit: the machine is gone from its host.</summary>
    LeaveHost = 4,
}

/// <summary>When a cancel takes effect.</summary>
public enum Cancellability
{
    /// <summary>At once: the running attempt is aborted.</summary>
    Now = 0,

    /// <summary>When the running attempt has ended.</summary>
    NextSafePoint = 1,

    /// <summary>Never: from this step on the task can only be finished.</summary>
    PastNoReturn = 2,
}

/// <summary>What follows when a step has used up its retries.</summary>
public enum Exhausted
{
    /// <summary>Undo what was done; the task fails.</summary>
    Undo = 0,

    /// <summary>Give the machine back and wait for an operator.</summary>
    Hold = 1,

    /// <summary>Go on with the next step, which does the same by stronger means.</summary>
    GoOn = 2,
}

/// <summary>How often and how fast a step is tried again.</summary>
/// <param name="MaxAttempts">Attempts in all; at least 1.</param>
/// <param name="First">Back-off after the first failure; doubled after each further one.</param>
/// <param name="Max">The longest back-off.</param>
public sealed record RetryPolicy(int MaxAttempts, TimeSpan First, TimeSpan Max)
{
    /// <summary>Five attempts, from half a second to 15 seconds apart.</summary>
    public static RetryPolicy Default { get; } = new(5, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(15));

    /// <summary>One attempt.</summary>
    public static RetryPolicy Once { get; } = new(1, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>The back-off after so many failed attempts (from 1).</summary>
    public TimeSpan BackOff(int failedAttempts)
    {
        var factor = Math.Pow(2, Math.Min(failedAttempts - 1, 30));
        return TimeSpan.FromTicks((long)Math.Min(First.Ticks * factor, Max.Ticks));
    }
}
