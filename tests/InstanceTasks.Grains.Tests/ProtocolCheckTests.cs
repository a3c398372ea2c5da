using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

/// <summary>The other rules of the check are proven by the tests that take a part of the protocol out.</summary>
public sealed class ProtocolCheckTests
{
    [Fact]
    public async Task Find_AnEffectThatHappenedTwiceUnderOneStamp_ReportsIt()
    {
        await using var silos = await InProcessSilos.StartAsync();
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var held = silos.Hold(HoldAt.AfterWorld, (verb, _) => verb == Verb.Reset);
        var task = await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine);
        VerbCall call = await silos.WaitAsync(held.Reached, "the verb has had its effect");
        Assert.Empty(await silos.FindViolationsAsync());

        // The same stamp is no older one: only that nobody sends it twice keeps the effect single.
        await silo.World.SendAgainAsync(Verb.Reset, call);
        held.Release();
        await silos.EndAsync(task);

        var violation = Assert.Single(await silos.FindViolationsAsync());
        Assert.StartsWith("twice:", violation, StringComparison.Ordinal);
    }
}
