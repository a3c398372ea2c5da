using InstanceTasks.Hypervisors;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>A driver without the stamp check: gives every verb the newest stamp that the world has seen. Proves that the check is what stops a zombie.</summary>
public sealed class UncheckedHypervisor(IHypervisor inner, SimulatedWorld world) : IHypervisor
{
    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default) => inner.ReadHostsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PrepareDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DeleteDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Define, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Undefine, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Start, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Shutdown, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PowerOff, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reboot, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reset, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Pause, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Unpause, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Suspend, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Resume, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.StartRescue, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetPassword, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetDiskAside, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.RestoreDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropOldDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SaveImage, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetAside, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.CopyDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PutBack, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropAside, call, abort);

    /// <inheritdoc/>
    public Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort) => inner.ObserveAsync(host, machine, key, abort);

    /// <inheritdoc/>
    public Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort) => inner.FenceAsync(host, machine, below, abort);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default) => inner.ReadStampsAsync(host, cancellationToken);

    /// <inheritdoc/>
    public Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default) => inner.ReadConsoleAsync(host, machine, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default) => inner.ListAsync(host, cancellationToken);

    private async Task<VerbAnswer> RunAsync(Verb verb, VerbCall call, CancellationToken abort)
    {
        var known = (await world.ReadStampsAsync()).Where(s => s.Machine == call.Machine.Instance).SelectMany(s => new[] { s.Newest, s.Fence }).OfType<Stamp>();
        return await HypervisorVerbs.RunAsync(inner, verb, call with { Stamp = known.Append(call.Stamp).Max() }, abort);
    }
}
