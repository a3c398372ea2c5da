using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

public sealed class HungVerbTests
{
    [Fact]
    public async Task Delete_OfAMachineWhoseVerbHangs_AbandonsTheVerbAndEnds()
    {
        await using var silos = await InProcessSilos.StartAsync();
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var fault = await silos.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Hang, Verb = Verb.Reset, AbortRule = SimulatedAbortRule.Fence });
        var reboot = await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine);
        await silos.UntilAsync(async () => await silos.World.ReadFiredAsync(fault) == 1, "the verb hangs");
        var late = WorkerInstruments.LateOutcomes;

        var delete = await silos.EndAsync(await InProcessSilos.SubmitAsync(silo, TaskKinds.Delete, machine));

        Assert.Equal("succeeded", delete.State);
        var stopped = await silos.EndAsync(reboot);
        Assert.Equal(("canceled", delete.Id), (stopped.State, stopped.SupersededBy));
        Assert.Empty(await silos.World.ReadMachinesAsync());
        await silos.UntilAsync(() => WorkerInstruments.LateOutcomes > late, "the late outcome is counted");
        Assert.Contains(silos.CallTrace.Confirmations, c => c.Machine == machine);
        Assert.DoesNotContain(await silos.World.ReadEffectsAsync(), e => e.Key.StartsWith(reboot.Value.ToString("N"), StringComparison.Ordinal));
        Assert.Equal("canceled", (await silos.Store.GetTaskAsync(reboot))!.State);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }
}
