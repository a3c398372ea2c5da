using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace InstanceTasks.Grains.Tests.Network;

public sealed class SecondHostTests
{
    [Fact]
    public async Task SecondHostGrain_WhileAnAttemptIsHeld_HandsOutNothingOldAndFencesWhatTheFirstGaveAway()
    {
        await using var silos = await InProcessSilos.StartAsync();
        var first = silos.Silos[0];
        var (machine, other) = (await silos.CreateServerAsync(first), await silos.CreateServerAsync(first));
        var held = silos.Hold(HoldAt.BeforeWorld, (verb, call) => verb == Verb.Reset && call.Machine.Instance == machine);
        var reboot = await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machine);
        await silos.WaitAsync(held.Reached, "the verb is held");
        var second = await silos.StartSiloAsync();
        var late = WorkerInstruments.LateOutcomes;

        var fault = first.Services.GetRequiredService<PolyfillFaults>().SecondActivation((target, _) => IsHost(target), second.Handle.SiloAddress);
        var elsewhere = await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, other);
        var delete = await InProcessSilos.SubmitAsync(first, TaskKinds.Delete, machine);

        Assert.Equal("succeeded", (await silos.EndAsync(delete)).State);
        Assert.Equal("canceled", (await silos.EndAsync(reboot)).State);
        Assert.Equal("succeeded", (await silos.EndAsync(elsewhere)).State);
        held.Release();
        await silos.UntilAsync(() => silos.Trace.Verbs.Single(v => v.Key!.Value.Task == reboot).Returned > 0, "the zombie's verb has returned");
        await silos.UntilAsync(() => WorkerInstruments.LateOutcomes > late, "the abandoned verb's late outcome is counted");
        Assert.True(fault.Fired > 0);
        Assert.Equal(2, silos.CallTrace.Calls.Where(c => c.Grain.Contains(InProcessSilos.Host.GrainKey, StringComparison.Ordinal)).Select(c => c.Activation).Distinct().Count());
        Assert.Equal(1, (await silos.World.ReadRefusalsAsync()).Sum(r => r.Count));

        // Back to the first activation, which knows nothing of all that.
        fault.Dispose();
        Assert.Equal("succeeded", (await silos.EndAsync(await InProcessSilos.SubmitAsync(first, TaskKinds.Stop, other))).State);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    private static bool IsHost(GrainId target) => target.Key.ToString() == InProcessSilos.Host.GrainKey;
}
