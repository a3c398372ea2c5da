using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace InstanceTasks.Grains.Tests.Network;

/// <summary>On one silo, to begin with: each silo brings a place at the host, and the first must be full.</summary>
[Trait("Silos", "1")]
public sealed class FenceWaitTests
{
    private static readonly string[] Expected = ["canceled", "succeeded"];

    [Fact]
    public async Task Delete_RunnerCutOffWithALivingLease_WaitsUntilTheLeaseIsOver()
    {
        await using var silos = await InProcessSilos.StartAsync(Options());

        var states = await DeleteWhileTheRunnerIsCutOffAsync(silos);

        Assert.Equal(Expected, states);
        Assert.Empty(await silos.FindViolationsAsync());
        Assert.Equal(1, (await silos.World.ReadRefusalsAsync()).Sum(r => r.Count));
        silos.Audit();
    }

    [Fact]
    public async Task Delete_WithoutTheWaitOfTheFence_StartsWhileTheOldRunnerMayStillAct()
    {
        await using var silos = await InProcessSilos.StartAsync(Options(new FenceAtOnce()));

        await DeleteWhileTheRunnerIsCutOffAsync(silos);

        Assert.Contains(await silos.FindViolationsAsync(), v => v.StartsWith("not waited for:", StringComparison.Ordinal));
    }

    private static InProcessOptions Options(params IIncomingGrainCallFilter[] filters) => new()
    {
        Silos = 1,
        Filters = filters,
        Workers = o => o.PerHost = 1,
        Lease = o => o.Length = TimeSpan.FromSeconds(4),
    };

    /// <summary>The first silo has the grains, the second only runs the verb, because the first is full; then the second is cut off.</summary>
    private static async Task<string[]> DeleteWhileTheRunnerIsCutOffAsync(InProcessSilos silos)
    {
        var first = silos.Silos[0];
        var (filler, machine) = (await silos.CreateServerAsync(first), await silos.CreateServerAsync(first));
        var full = first.World.Hold(HoldAt.BeforeWorld, (verb, call) => verb == Verb.Reset && call.Machine.Instance == filler);
        var fills = await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, filler);
        await silos.WaitAsync(full.Reached, "the first silo is full");
        var runner = await silos.StartSiloAsync();
        var held = runner.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var reboot = await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machine);
        await silos.WaitAsync(held.Reached, "the second silo runs the verb");
        full.Release();
        await silos.EndAsync(fills);

        runner.Store.Cut();
        first.Services.GetRequiredService<PolyfillFaults>().DeclareDead(runner.Handle.SiloAddress);
        var delete = await silos.EndAsync(await InProcessSilos.SubmitAsync(first, TaskKinds.Delete, machine));
        held.Release();
        await silos.UntilAsync(() => silos.Trace.Verbs.Single(v => v.Silo == runner.Name).Returned > 0, "the zombie's verb has returned");
        return [(await silos.EndAsync(reboot)).State, delete.State];
    }

    /// <summary>A host that says at once that everybody has stopped.</summary>
    private sealed class FenceAtOnce : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName != nameof(IHostGrain.Fence))
            {
                return context.Invoke();
            }

            context.Result = new FenceAnswer { Done = true };
            return Task.CompletedTask;
        }
    }
}
