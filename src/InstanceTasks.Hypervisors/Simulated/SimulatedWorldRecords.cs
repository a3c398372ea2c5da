using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Hypervisors;

/// <summary>What a fault does to the operation that it hits.</summary>
public enum SimulatedFaultAction
{
    /// <summary>The operation takes its time and fails without an effect; the failure is retryable.</summary>
    Fail = 0,

    /// <summary>As <see cref="Fail"/>, but not retryable.</summary>
    FailNonRetryable = 1,

    /// <summary>The operation never ends by itself. It ends when aborted (if <see cref="SimulatedFault.AbortRule"/> allows), and goes on normally when the fault is cleared.</summary>
    Hang = 2,

    /// <summary>As <see cref="Hang"/>, but hits only a shutdown or reboot of a running machine: the guest does not react.</summary>
    HangGuest = 3,

    /// <summary>The operation takes <see cref="SimulatedFault.Delay"/> longer.</summary>
    Slow = 4,

    /// <summary>The effect happens and is counted; the caller is told a retryable failure.</summary>
    FailAfterEffect = 5,

    /// <summary>Observing says that the driver cannot tell. Hits no verb.</summary>
    Forget = 6,

    /// <summary>Fencing fails, retryable, and has no effect. Hits no verb.</summary>
    FailFence = 7,
}

/// <summary>Who can abort an operation that is under way.</summary>
public enum SimulatedAbortRule
{
    /// <summary>The caller's token and a fence: it ends at once, without its effect.</summary>
    CallerOrFence = 0,

    /// <summary>Only a fence; the caller's token is ignored.</summary>
    Fence = 1,

    /// <summary>Nobody: a fence waits for its end.</summary>
    Nobody = 2,
}

/// <summary>A fault to set. Matchers that are null match everything; the oldest armed fault that matches hits.</summary>
public sealed record SimulatedFault
{
    /// <summary>What it does.</summary>
    public required SimulatedFaultAction Action { get; init; }

    /// <summary>Only on this host.</summary>
    public HostName? Host { get; init; }

    /// <summary>Only for this machine.</summary>
    public InstanceId? Machine { get; init; }

    /// <summary>Only for machines of this display name: for machines whose id is not known yet. Not seen by observing and fencing.</summary>
    public string? MachineName { get; init; }

    /// <summary>Only for this verb. Not seen by fencing; observing sees the verb of the observed operation.</summary>
    public Verb? Verb { get; init; }

    /// <summary>Only for effects of this task. Not seen by fencing.</summary>
    public TaskId? Task { get; init; }

    /// <summary>Only for effects of this step. Not seen by fencing.</summary>
    public string? Step { get; init; }

    /// <summary>Only for effects in this direction. Not seen by fencing.</summary>
    public Direction? Direction { get; init; }

    /// <summary>The kind of the failure, for actions that fail. Default <see cref="FailureKinds.Hypervisor"/>.</summary>
    public string FailureKind { get; init; } = FailureKinds.Hypervisor;

    /// <summary>The owner's message of the failure, for actions that fail.</summary>
    public string Message { get; init; } = "The hypervisor failed the operation.";

    /// <summary>Added to the operation's latency, whatever the action. Default zero.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Who can abort the operation that it hits. Default: its caller and a fence.</summary>
    public SimulatedAbortRule AbortRule { get; init; }

    /// <summary>How often it hits before it is spent; null: until it is cleared. Default 1.</summary>
    public int? Times { get; init; } = 1;
}

/// <summary>The life of an operation.</summary>
public enum SimulatedOperationState
{
    /// <summary>Under way; it ends by the clock, whether its process lives or not.</summary>
    Begun = 0,

    /// <summary>Ended with its effect.</summary>
    Done = 1,

    /// <summary>Ended with a failure; the effect is there only if <see cref="SimulatedOperation.Applied"/>.</summary>
    Failed = 2,

    /// <summary>Ended by its caller's abort or by a fence, without its effect.</summary>
    Aborted = 3,

    /// <summary>Never begun: its stamp was older than one seen or fenced.</summary>
    Refused = 4,
}

/// <summary>One operation of the world: every call of a verb that reached it.</summary>
/// <param name="Id">Order of arrival.</param>
/// <param name="Host">Where.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Verb">What.</param>
/// <param name="Key">The effect's identity.</param>
/// <param name="Stamp">The effect's place in the order.</param>
/// <param name="State">How far it is.</param>
/// <param name="BegunAt">When it began, on the world's clock.</param>
/// <param name="EndsAt">When it ends by itself; null: never.</param>
/// <param name="EndedAt">When it was found to have ended: not before, and maybe later than, <paramref name="EndsAt"/>.</param>
/// <param name="Applied">Whether its effect happened.</param>
/// <param name="Failure">The failure told to the caller.</param>
/// <param name="Fault">The fault that hit it.</param>
/// <param name="ProcessId">The process that began it.</param>
/// <param name="Instance">The driver instance that began it.</param>
public sealed record SimulatedOperation(
    long Id,
    HostName Host,
    InstanceId Machine,
    Verb Verb,
    VerbKey Key,
    Stamp Stamp,
    SimulatedOperationState State,
    DateTimeOffset BegunAt,
    DateTimeOffset? EndsAt,
    DateTimeOffset? EndedAt,
    bool Applied,
    Failure? Failure,
    long? Fault,
    int ProcessId,
    string Instance);

/// <summary>How often an effect happened. A repeat that found its state there is counted too, but did not change anything.</summary>
/// <param name="Key">The effect's identity as text: <see cref="VerbKey.ToString"/>.</param>
/// <param name="Stamp">The stamp under which it happened.</param>
/// <param name="Host">Where.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Verb">What.</param>
/// <param name="Count">Operations whose effect happened (they ended done, or failed after the effect).</param>
/// <param name="Changed">Those of them that changed the machine.</param>
public sealed record SimulatedEffect(string Key, Stamp Stamp, HostName Host, InstanceId Machine, Verb Verb, int Count, int Changed);

/// <summary>How often an effect was refused for its stamp.</summary>
/// <param name="Key">The effect's identity as text.</param>
/// <param name="Stamp">The stale stamp.</param>
/// <param name="Host">Where.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Verb">What.</param>
/// <param name="Count">How often.</param>
public sealed record SimulatedRefusal(string Key, Stamp Stamp, HostName Host, InstanceId Machine, Verb Verb, int Count);

/// <summary>A machine of the world, with what it was made from.</summary>
/// <param name="Host">Where.</param>
/// <param name="Machine">The instance that names it.</param>
/// <param name="HasDisk">Whether its root disk exists.</param>
/// <param name="Defined">Whether a definition exists.</param>
/// <param name="Power">Its power state; <see cref="PowerState.NoState"/> when it is not defined.</param>
/// <param name="Name">Its display name.</param>
/// <param name="ImageId">The image of its disk.</param>
/// <param name="Resources">What it takes.</param>
/// <param name="Boots">How often it was started, restarted or reset since it was defined first.</param>
public sealed record SimulatedMachine(
    HostName Host, InstanceId Machine, bool HasDisk, bool Defined, PowerState Power, string Name, string ImageId, Resources Resources, long Boots)
{
    /// <summary>Whether a rescue disk is in front of its root disk.</summary>
    public bool Rescue { get; init; }

    /// <summary>What the machine takes that was set aside; null: none was.</summary>
    public Resources? Aside { get; init; }

    /// <summary>The hash of the guest's password; null: none was set.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>Whether this password was set last.</summary>
    public bool HasPassword(string password) => PasswordHash == GuestPassword.Hash(Machine, password);
}

/// <summary>The newest stamps that the world knows for a machine.</summary>
/// <param name="Host">Where.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Newest">The newest of an operation; null: only fenced so far.</param>
/// <param name="Fence">Below this one nothing begins; null: never fenced.</param>
public sealed record SimulatedStamps(HostName Host, InstanceId Machine, Stamp? Newest, Stamp? Fence);
