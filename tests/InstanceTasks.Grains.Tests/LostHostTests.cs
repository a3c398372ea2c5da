using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

/// <summary>On one silo, to begin with: each silo brings a place at the host, and the first must have taken its only one.</summary>
[Trait("Silos", "1")]
public sealed class LostHostTests
{
    [Fact]
    public async Task HostGrainLost_WhileAttemptsAreHeldAndQueued_AllEndWithOneEffectEach()
    {
        var deactivate = new DeactivateHost();
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Workers = o => o.PerHost = 1, Filters = [deactivate] });
        var silo = silos.Silos[0];
        InstanceId[] machines = [await silos.CreateServerAsync(silo), await silos.CreateServerAsync(silo), await silos.CreateServerAsync(silo)];
        var held = silo.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var before = Offers(silos);
        var tasks = new List<TaskId>();
        foreach (var machine in machines)
        {
            tasks.Add(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine));
        }

        await silos.WaitAsync(held.Reached, "one is held");
        await silos.UntilAsync(() => Offers(silos) == before + 3, "the others are queued");
        deactivate.Armed = true;
        await silos.UntilAsync(() => Activations(silos) == 2, "the host has a new activation");
        held.Release();

        foreach (var task in tasks)
        {
            Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        }

        Assert.True(Offers(silos) > before + 3, "what was only queued had to be offered again");
        Assert.All(await silos.World.ReadMachinesAsync(), m => Assert.Equal(2, m.Boots));
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task SiloOfTheHostGrainKilled_WhileAnotherHoldsAndOthersAreQueued_AllEndWithOneEffectEach()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Workers = o => o.PerHost = 1 });
        var first = silos.Silos[0];
        InstanceId[] machines = [await silos.CreateServerAsync(first), await silos.CreateServerAsync(first), await silos.CreateServerAsync(first)];
        var held = first.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        List<TaskId> tasks = [await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machines[0])];
        await silos.WaitAsync(held.Reached, "the first silo holds one");
        var second = await silos.StartSiloAsync();
        var zombie = second.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        tasks.Add(await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machines[1]));
        await silos.WaitAsync(zombie.Reached, "the second silo holds one");
        var before = Offers(silos);
        tasks.Add(await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machines[2]));
        await silos.UntilAsync(() => Offers(silos) > before, "the last is queued");

        await silos.KillAsync(first);

        foreach (var task in tasks)
        {
            Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        }

        zombie.Release();
        await silos.UntilAsync(async () => (await silos.World.ReadRefusalsAsync()).Sum(r => r.Count) == 1, "the world refuses the verb that was abandoned");
        Assert.All(await silos.World.ReadMachinesAsync(), m => Assert.Equal(2, m.Boots));
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    private static int Offers(InProcessSilos silos) => silos.CallTrace.Calls.Count(c => c.Method == nameof(IHostGrain.Offer));

    private static int Activations(InProcessSilos silos) =>
        silos.CallTrace.Calls.Where(c => c.Grain.Contains(InProcessSilos.Host.GrainKey, StringComparison.Ordinal)).Select(c => c.Activation).Distinct().Count();

    /// <summary>Ends the host's activation at its next call, once.</summary>
    private sealed class DeactivateHost : IIncomingGrainCallFilter
    {
        public bool Armed { get; set; }

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (Armed && context.TargetId.Key.ToString() == InProcessSilos.Host.GrainKey)
            {
                Armed = false;
                context.TargetContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "lost"));
            }

            return context.Invoke();
        }
    }
}
