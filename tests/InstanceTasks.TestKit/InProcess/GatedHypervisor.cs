using System.Collections.Immutable;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>One silo's way to the world: traces every call and holds the verbs that a test wants held.</summary>
public sealed class GatedHypervisor(string silo, IHypervisor inner, WorldTrace trace) : IHypervisor
{
    private ImmutableList<VerbHold> _holds = [];

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <summary>Holds the first verb that matches.</summary>
    public VerbHold Hold(HoldAt at, Func<Verb, VerbCall, bool> when)
    {
        var hold = new VerbHold(at, when);
        Add(hold);
        return hold;
    }

    internal void Add(VerbHold hold) => ImmutableInterlocked.Update(ref _holds, (holds, added) => holds.Add(added), hold);

    /// <summary>Lets everything go on.</summary>
    public void ReleaseAll() => _holds.ForEach(h => h.Release());

    /// <summary>Sends a verb once more, as a network may that repeats a packet: not the runner's doing.</summary>
    public Task<VerbAnswer> SendAgainAsync(Verb verb, VerbCall call) =>
        CallWorldAsync(trace.Enter(silo, WorldCallKind.Verb, call.Machine.Instance, call.Key, call.Stamp, duplicate: true), verb, call, CancellationToken.None);

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
    public async Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort)
    {
        var call = trace.Enter(silo, WorldCallKind.Observe, machine, key, default);
        return await TraceAsync(call, () => inner.ObserveAsync(host, machine, key, abort));
    }

    /// <inheritdoc/>
    public async Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort)
    {
        var call = trace.Enter(silo, WorldCallKind.Fence, machine, null, below);
        await TraceAsync(call, async () =>
        {
            await inner.FenceAsync(host, machine, below, abort);
            return true;
        });
    }

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default) => inner.ReadStampsAsync(host, cancellationToken);

    /// <inheritdoc/>
    public Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default) => inner.ReadConsoleAsync(host, machine, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default) => inner.ListAsync(host, cancellationToken);

    private async Task<VerbAnswer> RunAsync(Verb verb, VerbCall call, CancellationToken abort)
    {
        var traced = trace.Enter(silo, WorldCallKind.Verb, call.Machine.Instance, call.Key, call.Stamp);
        var hold = _holds.Find(h => h.Catches(verb, call));
        try
        {
            if (hold is { At: HoldAt.BeforeWorld })
            {
                await hold.WaitAsync(silo, call);
            }

            // A verb that was held is past its last look at the token.
            var answer = await CallWorldAsync(traced, verb, call, hold is { At: HoldAt.BeforeWorld } ? CancellationToken.None : abort);
            if (hold is { At: HoldAt.AfterWorld })
            {
                await hold.WaitAsync(silo, call);
            }

            return answer;
        }
        finally
        {
            trace.Return(traced);
        }
    }

    private Task<VerbAnswer> CallWorldAsync(WorldCall traced, Verb verb, VerbCall call, CancellationToken abort) => TraceAsync(traced, () => HypervisorVerbs.RunAsync(inner, verb, call, abort));

    private async Task<T> TraceAsync<T>(WorldCall call, Func<Task<T>> run)
    {
        trace.Begin(call);
        try
        {
            var answer = await run();
            trace.End(call, WorldCallResult.Done);
            return answer;
        }
        catch (StaleStampException)
        {
            trace.End(call, WorldCallResult.Stale);
            throw;
        }
        catch
        {
            trace.End(call, WorldCallResult.Failed);
            throw;
        }
    }
}

/// <summary>Calls a verb by its name.</summary>
public static class HypervisorVerbs
{
    /// <summary>The verb's method.</summary>
    public static Task<VerbAnswer> RunAsync(IHypervisor hypervisor, Verb verb, VerbCall call, CancellationToken abort) => verb switch
    {
        Verb.PrepareDisk => hypervisor.PrepareDiskAsync(call, abort),
        Verb.DeleteDisk => hypervisor.DeleteDiskAsync(call, abort),
        Verb.Define => hypervisor.DefineAsync(call, abort),
        Verb.Undefine => hypervisor.UndefineAsync(call, abort),
        Verb.Start => hypervisor.StartAsync(call, abort),
        Verb.Shutdown => hypervisor.ShutdownAsync(call, abort),
        Verb.PowerOff => hypervisor.PowerOffAsync(call, abort),
        Verb.Reboot => hypervisor.RebootAsync(call, abort),
        Verb.Reset => hypervisor.ResetAsync(call, abort),
        Verb.Pause => hypervisor.PauseAsync(call, abort),
        Verb.Unpause => hypervisor.UnpauseAsync(call, abort),
        Verb.Suspend => hypervisor.SuspendAsync(call, abort),
        Verb.Resume => hypervisor.ResumeAsync(call, abort),
        Verb.StartRescue => hypervisor.StartRescueAsync(call, abort),
        Verb.SetPassword => hypervisor.SetPasswordAsync(call, abort),
        Verb.SetDiskAside => hypervisor.SetDiskAsideAsync(call, abort),
        Verb.RestoreDisk => hypervisor.RestoreDiskAsync(call, abort),
        Verb.DropOldDisk => hypervisor.DropOldDiskAsync(call, abort),
        Verb.SaveImage => hypervisor.SaveImageAsync(call, abort),
        Verb.SetAside => hypervisor.SetAsideAsync(call, abort),
        Verb.CopyDisk => hypervisor.CopyDiskAsync(call, abort),
        Verb.PutBack => hypervisor.PutBackAsync(call, abort),
        Verb.DropAside => hypervisor.DropAsideAsync(call, abort),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb."),
    };
}
