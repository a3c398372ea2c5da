using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Recovery;

/// <summary>A silo loses the store and nothing else: the others still reach it, and Orleans sees nothing wrong with it.</summary>
[Trait("Silos", "1")]
public sealed class StoreLossTests
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(2);

    /// <summary>Found in review: it kept the recovery shards that it had, which failed for as long as it lived, and its tasks stood still.</summary>
    [Fact]
    public async Task OneSilo_LosesTheStore_EndsItself_AndTheOtherGoesOnWithItsTask()
    {
        await using var silos = await StartAsync(GiveUpAfter);
        var task = await InterruptAsync(silos);

        silos.Silos[0].Store.Cut();

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal([silos.Silos[0].Name], silos.EndedThemselves);
        Assert.Empty(await silos.FindViolationsAsync());
    }

    // What shows that the test above sees something: nothing else makes the silo go.
    [Fact]
    public async Task OneSilo_LosesTheStore_AndMayNotEndItself_ItsTaskStandsStill()
    {
        await using var silos = await StartAsync(TimeSpan.Zero);
        var task = await InterruptAsync(silos);

        silos.Silos[0].Store.Cut();

        await PassAsync(silos, GiveUpAfter * 3);
        Assert.Equal("running", (await silos.Store.GetTaskAsync(task))!.State);
        Assert.Empty(silos.EndedThemselves);
    }

    [Fact]
    public async Task EverySilo_LosesTheStore_NoneEnds_AndAllGoOnWhenItIsBack()
    {
        await using var silos = await StartAsync(GiveUpAfter);
        var task = await InterruptAsync(silos);

        foreach (var silo in silos.Silos)
        {
            silo.Store.Cut();
        }

        await PassAsync(silos, GiveUpAfter * 3);
        foreach (var silo in silos.Silos)
        {
            silo.Store.Heal();
        }

        silos.Silos[0].World.ReleaseAll();
        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Empty(silos.EndedThemselves);
    }

    // The first silo has everything: it was alone when the shards, the host and the task came to be.
    private static Task<InProcessSilos> StartAsync(TimeSpan giveUpAfter) =>
        InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Lease = o => o.GiveUpAfter = giveUpAfter });

    private static async Task<TaskId> InterruptAsync(InProcessSilos silos)
    {
        var first = silos.Silos[0];
        var machine = await silos.CreateServerAsync(first);
        var held = first.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var task = await InProcessSilos.SubmitAsync(first, TaskKinds.HardReboot, machine);
        await silos.WaitAsync(held.Reached, "the verb is held");
        await silos.StartSiloAsync();
        return task;
    }

    private static Task PassAsync(InProcessSilos silos, TimeSpan time)
    {
        var from = DateTimeOffset.UtcNow;
        return silos.UntilAsync(() => DateTimeOffset.UtcNow - from > time, "as long as it takes where the silo ends itself, and more");
    }
}
