using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Network;

/// <summary>On one silo, to begin with: the one that is cut off must have the grains and the runner, and the heir is the other one.</summary>
[Trait("Silos", "1")]
public sealed class CutOffTests
{
    [Theory]
    [InlineData(CutAt.BeforeVerb)]
    [InlineData(CutAt.InVerb)]
    [InlineData(CutAt.InUnstoppableVerb)]
    [InlineData(CutAt.AfterVerb)]
    public async Task CutOff_RunnerLivesOn_HeirStartsAfterTheFenceAndTheWorldRefusesTheZombie(CutAt at)
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1 });
        var scenario = new ZombieScenario(silos, at);

        await scenario.RunAsync();

        Assert.Equal("succeeded", scenario.Ended.State);
        Assert.Empty(await silos.FindViolationsAsync());
        await AssertRefusedAndCountedAsync(silos, scenario);
        await AssertOrderAsync(silos, scenario);
        await AssertOneEffectAsync(silos, scenario);
        silos.Audit();
    }

    [Fact]
    public async Task CutOff_ThenHealed_TheZombieTakesANewGenerationAndNeverRenewsTheOldOne()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1 });
        var scenario = new ZombieScenario(silos, CutAt.BeforeVerb);
        await scenario.RunAsync();
        var old = Assert.Single(LeasesOf(silos, scenario.Zombie));

        scenario.Zombie.Store.Heal();

        await silos.UntilAsync(() => LeasesOf(silos, scenario.Zombie).Count == 2, "it has a new generation");
        Assert.Equal(old, LeasesOf(silos, scenario.Zombie)[0]);
        Assert.Equal(scenario.Ended.Seq, (await silos.Store.GetTaskAsync(scenario.Ended.Id))!.Seq);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task CutOff_WithoutTheWorldsStampCheck_TheZombiesVerbTakesEffect()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions
        {
            Silos = 1, WrapDriver = (silo, driver, world) => silo == "Silo_0" ? new UncheckedHypervisor(driver, world) : driver,
        });
        var scenario = new ZombieScenario(silos, CutAt.BeforeVerb);

        await scenario.RunAsync();

        Assert.Contains(await silos.FindViolationsAsync(), v => v.StartsWith("stale:", StringComparison.Ordinal));
        Assert.Equal(2, (await silos.World.ReadEffectsAsync()).Where(e => e.Key == scenario.OldCall.Key.ToString()).Sum(e => e.Count));
    }

    private static List<StoredLease> LeasesOf(InProcessSilos silos, InProcessSilo silo) => [.. new LeaseReader(silos.DataDirectory).Read().Where(l => l.Silo == silo.Name)];

    private static async Task AssertRefusedAndCountedAsync(InProcessSilos silos, ZombieScenario scenario)
    {
        var refused = (await silos.World.ReadRefusalsAsync()).Where(r => r.Key == scenario.OldCall.Key.ToString() && r.Stamp == scenario.OldCall.Stamp).Sum(r => r.Count);
        Assert.Equal(1, refused);
    }

    /// <summary>Nothing of the heir reaches the world before the zombie's lease is over, and the first thing is the fence.</summary>
    private static async Task AssertOrderAsync(InProcessSilos silos, ZombieScenario scenario)
    {
        var lease = new LeaseReader(silos.DataDirectory).Read().First(l => l.Silo == scenario.Zombie.Name);
        var heirs = silos.Trace.Calls.Where(c => c.Silo == scenario.Heir.Name && c.Machine == scenario.Machine).ToList();
        Assert.Equal(WorldCallKind.Fence, heirs[0].Kind);
        Assert.True(heirs[0].BegunAt >= lease.Until, $"{heirs[0]} at {heirs[0].BegunAt:O}, the lease ended {lease.Until:O}");
        Assert.True(heirs[0].Stamp > scenario.OldCall.Stamp);
        var stamps = Assert.Single(await silos.World.ReadStampsAsync(), s => s.Machine == scenario.Machine);
        Assert.Equal(heirs[0].Stamp, stamps.Fence);
    }

    private static async Task AssertOneEffectAsync(InProcessSilos silos, ZombieScenario scenario)
    {
        var effect = Assert.Single(await silos.World.ReadEffectsAsync(), e => e.Key == scenario.OldCall.Key.ToString());
        Assert.Equal((1, 1), (effect.Count, effect.Changed));
        Assert.Equal(2, Assert.Single(await silos.World.ReadMachinesAsync()).Boots);
    }
}
