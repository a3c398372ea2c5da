using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace InstanceTasks.Grains.Tests.Network;

public sealed class LostOutcomeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ended_RequestOrReplyLost_TheTaskEndsWithOneEffectAndTheRunnerLetsGo(bool request)
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { ResponseTimeout = TimeSpan.FromMilliseconds(1500) });
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var (stale, faults) = (TaskActor.StaleOutcomes, silo.Services.GetRequiredService<PolyfillFaults>());
        using var fault = request ? faults.LoseRequest(IsEnded, times: 1) : faults.LoseReply(IsEnded, times: 1);

        var task = await silos.EndAsync(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine));

        Assert.Equal("succeeded", task.State);
        await silos.UntilAsync(() => fault.Fired == 1, "the outcome got lost");
        await silos.UntilAsync(() => silos.Silos.All(s => s.Services.GetRequiredService<WorkerDesk>().HeldOn(InProcessSilos.Host).Count == 0), "the runner has let go");

        // When only the reply was lost, the repeat finds a task that has moved on.
        Assert.True(request || TaskActor.StaleOutcomes > stale, "the repeated outcome is counted as old");
        Assert.Equal(2, Assert.Single(await silos.World.ReadMachinesAsync()).Boots);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    private static bool IsEnded(GrainId target, string method) => method == nameof(ITaskGrain.Ended);
}
