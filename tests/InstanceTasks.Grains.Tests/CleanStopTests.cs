using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

public sealed class CleanStopTests
{
    [Theory]
    [InlineData(300, false)]
    [InlineData(60_000, true)]
    public async Task Stop_WhileAVerbRuns_HandsTheTaskOverAndRepeatsOnlyWhatWasAborted(int milliseconds, bool aborted)
    {
        // Without recovery's own clock: the other silo takes over because the lease was given back, not because it ran out.
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Lease = o => o.Length = TimeSpan.FromSeconds(20) });
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var fault = await silos.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Slow, Verb = Verb.Shutdown, Delay = TimeSpan.FromMilliseconds(milliseconds) });
        var task = await InProcessSilos.SubmitAsync(silo, TaskKinds.Stop, machine);
        await silos.UntilAsync(async () => await silos.World.ReadFiredAsync(fault) == 1, "the guest is being asked");
        var runner = silos.Named(silos.Trace.Verbs.Single(v => v.Key!.Value.Task == task).Silo);
        await silos.StartSiloAsync();

        await silos.Cluster.StopSiloAsync(runner.Handle);

        Assert.Equal("succeeded", (await silos.EndAsync(task, TimeSpan.FromSeconds(15))).State);
        var asked = (await silos.World.ReadOperationsAsync()).Where(o => o.Verb == Verb.Shutdown).Select(o => o.State).ToList();
        Assert.Equal(aborted ? [SimulatedOperationState.Aborted, SimulatedOperationState.Done] : [SimulatedOperationState.Done], asked);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }
}
