using InstanceTasks.Engine;

namespace InstanceTasks.Hypervisors;

/// <summary>
/// One kind of hypervisor on the hosts that this process reaches. Verbs are small, idempotent and convergent: repeating one leads to the
/// same state, and a verb whose state is there already succeeds at once. Every effect carries its key and its stamp; the driver
/// refuses a stamp older than one it has seen for the machine, atomically with the effect.
/// Cancelling the token asks for an abort: the verb returns soon, and its effect may or may not be there.
/// A verb throws <see cref="HypervisorException"/> when it failed, <see cref="StaleStampException"/> when its stamp was refused or a fence ended
/// it, and <see cref="OperationCanceledException"/> when it was aborted; an abort that came too late returns the normal answer.
/// Every call throws <see cref="HypervisorException"/>, retryable and of kind <see cref="FailureKinds.Unreachable"/>, while the host cannot be reached;
/// whether a verb began is then not known, and it may still be under way.
/// Only the step runner calls this interface.
/// </summary>
public interface IHypervisor : IHypervisorHosts
{
    /// <summary>The driver's name, for people.</summary>
    string Name { get; }

    /// <summary>Makes the root disk from the image, with <see cref="VerbCall.Password"/> in its guest if there is one.</summary>
    Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort);

    /// <summary>Removes the root disk, and the disk or machine that was set aside.</summary>
    Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort);

    /// <summary>Defines the machine, off.</summary>
    Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort);

    /// <summary>Removes the definition. A running machine is a failure.</summary>
    Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort);

    /// <summary>Leads to a machine that runs from its own disk: powers on; one that is paused or suspended goes on where it was, and one in rescue is restarted.</summary>
    Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort);

    /// <summary>Asks the guest to shut down and returns when it is off.</summary>
    Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort);

    /// <summary>Cuts the power. A missing machine is success: it is off.</summary>
    Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort);

    /// <summary>Asks the guest to restart and returns when it runs again. Each repeat restarts it again; a machine that is off is a failure.</summary>
    Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort);

    /// <summary>Restarts the machine without asking the guest; starts it when it is off. Each repeat restarts it again.</summary>
    Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort);

    /// <summary>Stops the processors of a running machine; one that is off is a failure.</summary>
    Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort);

    /// <summary>Lets a paused machine run again. Any other is left as it is, and the answer says how that is.</summary>
    Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort);

    /// <summary>Saves the memory of a running machine to disk and stops it; one that is off is a failure.</summary>
    Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort);

    /// <summary>Lets a suspended machine run again from its saved memory. Any other is left as it is, and the answer says how that is.</summary>
    Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort);

    /// <summary>
    /// Powers on from a rescue disk, with <see cref="VerbCall.Password"/> in its guest if there is one. One that runs from its own disk is a failure.
    /// Whatever turns the machine off, or restarts it without asking the guest, takes the rescue disk away.
    /// </summary>
    Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort);

    /// <summary>Sets <see cref="VerbCall.Password"/> in the guest; a machine that does not run is a failure.</summary>
    Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort);

    /// <summary>
    /// Keeps the root disk as the one that the task has set aside. Where an earlier task has left one there, the disk to keep is the one somebody works with: the
    /// root disk, in place of the other, if the machine has run from it since and that task has not powered off again to take its start back; otherwise the other, which is this
    /// task's from now on, and the root disk is thrown away. A machine that is on is a failure; no disk at all is success.
    /// </summary>
    Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort);

    /// <summary>Throws the root disk away and takes back the one that the same task has set aside; without that one nothing changes. A machine that is on is a failure.</summary>
    Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort);

    /// <summary>Removes the disk that was set aside, whichever task did it; a missing one is success.</summary>
    Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort);

    /// <summary>
    /// Copies the root disk into the image store as <see cref="MachineSpec.SnapshotId"/>; a missing disk is a failure. Whether the copy counts is decided by the
    /// image's row, which the task's last commit makes active or removes: a store that keeps files removes those without a row.
    /// </summary>
    Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort);

    /// <summary>
    /// Sets the machine aside with its disk, as it is: from then on the host knows no machine of the instance, until one is made in its place. One that
    /// is on, or is not there, is a failure; with one set aside already, nothing changes.
    /// </summary>
    Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort);

    /// <summary>Makes the root disk as a copy of the disk that was set aside, in the size of <see cref="VerbCall.Machine"/>. Without one set aside it fails.</summary>
    Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort);

    /// <summary>Takes the machine back that was set aside, off; what was made in its place is removed. One that is on is a failure; with none set aside, nothing changes.</summary>
    Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort);

    /// <summary>Removes the machine that was set aside, with its disk. The other is left as it is, and the answer says how that is.</summary>
    Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort);

    /// <summary>
    /// What became of an effect, by its key; waits until one that is under way has ended. Happened means: it happened under any stamp and
    /// the machine is still as the effect leaves it. Cancelling the token ends the wait only.
    /// </summary>
    Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort);

    /// <summary>
    /// Once it has returned, no effect with an older stamp begins on the machine, and those begun have ended: aborted where that is possible,
    /// waited for otherwise. Cancelling the token ends the wait only; the fence stands. Stamps from <paramref name="below"/> on are not touched.
    /// </summary>
    Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort);
}

/// <summary>A verb's arguments.</summary>
/// <param name="Host">Where.</param>
/// <param name="Machine">The machine.</param>
/// <param name="Key">The effect's identity.</param>
/// <param name="Stamp">The effect's place in the order.</param>
public sealed record VerbCall(HostName Host, MachineSpec Machine, VerbKey Key, Stamp Stamp)
{
    /// <summary>The administrator's password to set, for the verbs that set one.</summary>
    public Secret? Password { get; init; }
}

/// <summary>A text that must not be written down: printing it, as records and logs do, shows nothing of it.</summary>
/// <param name="Reveal">The text.</param>
public sealed record Secret(string Reveal)
{
    /// <inheritdoc/>
    public override string ToString() => "(secret)";
}

/// <summary>A verb's answer.</summary>
/// <param name="Power">The machine's power state afterwards; null when there is no machine.</param>
public sealed record VerbAnswer(PowerState? Power);

/// <summary>What became of an effect.</summary>
/// <param name="Known">Whether the driver can tell at all.</param>
/// <param name="Happened">Whether the effect is there.</param>
/// <param name="Failure">How the newest attempt failed, when the effect never happened.</param>
/// <param name="Power">The machine's power state now.</param>
public sealed record Observation(bool Known, bool Happened, Failure? Failure, PowerState? Power);

/// <summary>A host as the hypervisor describes it.</summary>
public sealed record HostDescription(HostName Host, string Zone, Resources Capacity);

/// <summary>A machine as the hypervisor sees it.</summary>
/// <param name="Machine">The instance that names it.</param>
/// <param name="Defined">Whether a definition exists.</param>
/// <param name="HasDisk">Whether its root disk exists.</param>
/// <param name="Power">Its power state.</param>
public sealed record MachineView(InstanceId Machine, bool Defined, bool HasDisk, PowerState Power)
{
    /// <summary>Whether a machine of the instance is set aside; the rest is about the one in its place, if there is one.</summary>
    public bool Aside { get; init; }
}

/// <summary>A verb failed in a way that is data.</summary>
public sealed class HypervisorException : Exception
{
    /// <summary>Creates the exception.</summary>
    public HypervisorException()
        : this(new Failure(FailureKinds.Hypervisor, "The hypervisor failed."))
    {
    }

    /// <summary>Creates the exception.</summary>
    public HypervisorException(string message)
        : this(new Failure(FailureKinds.Hypervisor, message))
    {
    }

    /// <summary>Creates the exception.</summary>
    public HypervisorException(string message, Exception innerException)
        : base(message, innerException) => Failure = new Failure(FailureKinds.Hypervisor, message, Details: innerException.Message);

    /// <summary>Creates the exception.</summary>
    public HypervisorException(Failure failure)
        : base(failure.Message) => Failure = failure;

    /// <summary>The failure to store with the task.</summary>
    public Failure Failure { get; }
}

/// <summary>The driver refused an effect, because it has seen a newer stamp for the machine.</summary>
public sealed class StaleStampException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StaleStampException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public StaleStampException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public StaleStampException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Which hosts this process reaches: the part of a hypervisor that is no verb.</summary>
public interface IHypervisorHosts
{
    /// <summary>The hosts that this process reaches.</summary>
    Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default);

    /// <summary>The machines on a host.</summary>
    Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default);

    /// <summary>
    /// What the guest of a machine has written on its serial console, oldest first; empty when it has written nothing, null when the host knows no machine of the instance. A driver
    /// keeps a bounded part, the newest; it stays while the machine is off, and is gone with it. Reading waits for no operation.
    /// </summary>
    Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default);

    /// <summary>The newest stamp that a host has seen for each machine, also for machines that are gone, as far as the driver remembers them.</summary>
    Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default);
}
