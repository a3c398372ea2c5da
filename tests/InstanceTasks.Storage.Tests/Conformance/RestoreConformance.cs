using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>A restored database orders everything behind what it has lost, and nothing moves until somebody says so.</summary>
public abstract class RestoreConformance : StoreTest
{
    private static readonly TimeSpan Lease = TimeSpan.FromHours(1);

    private static Hold Hold => new() { Id = Guid.NewGuid(), Reason = "why", By = new("after-restore") };

    [Fact]
    public async Task BeginAfterRestore_RaisesTheEpochSkipsGenerationsEndsLeasesAndHolds()
    {
        var (before, generation) = (Journal.ClusterEpoch, await Store.Leases.JoinAsync("a", Lease));
        var (hold, instance, fenced) = (Hold, Some.Instance(name: "it's \"x\""), Some.Instance() with { FenceNext = true });
        await ApplyAsync(Some.Commit(instance));
        await ApplyAsync(Some.Commit(fenced));

        var epoch = await Store.Restore.BeginAfterRestoreAsync(hold);
        await Store.ReopenAsync();

        Assert.Equal((before + 1, before + 1), (epoch, Journal.ClusterEpoch));
        Assert.Empty(await Store.Leases.ReadLiveAsync());
        Assert.Equal(EngineJson.Write(instance with { FenceNext = true }), EngineJson.Write((await Queries.GetServerAsync(instance.Id))!.Instance));
        Assert.True((await Queries.GetServerAsync(fenced.Id))!.Instance.FenceNext);
        Assert.Equal((hold.Id, "why", null, null, null), Assert.Single(await Store.Holds.ListHoldsAsync()) is var h ? (h.Id, h.Reason, h.Host, h.Project, h.Kind) : default);
        Assert.True(await Store.Leases.JoinAsync("a", Lease) > generation + 1000, "generations that were given after the backup are not given again");
    }

    [Fact]
    public async Task BeginAfterRestore_WhereHostsHaveSeenMore_IsAboveThat_AndAddsNoHoldWhereOneStands()
    {
        var before = Journal.ClusterEpoch;

        Assert.Equal(before + 8, await Store.Restore.BeginAfterRestoreAsync(null, above: before + 7));
        Assert.Equal(before + 9, await Store.Restore.BeginAfterRestoreAsync(null, above: before));

        Assert.Empty(await Store.Holds.ListHoldsAsync());
    }

    /// <summary>Who has seen events that the restored database does not have must be told, also once it has newer ones.</summary>
    [Fact]
    public async Task HasComeTo_APlaceThatARestoreHasLost_IsFalseAlsoBehindNewerEvents()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var last = await Store.Events.ReadLastPlaceAsync();
        Assert.True(await Store.Events.HasComeToAsync(0) && await Store.Events.HasComeToAsync(last - 200) && await Store.Events.HasComeToAsync(last));
        Assert.False(await Store.Events.HasComeToAsync(last + 1));

        await Store.Restore.BeginAfterRestoreAsync(Hold);
        await Store.ReopenAsync();
        await ApplyAsync(Some.Commit(task.Next()));
        var newest = await Store.Events.ReadLastPlaceAsync();

        Assert.True(newest > last + 1_000_000);
        Assert.True(await Store.Events.HasComeToAsync(0) && await Store.Events.HasComeToAsync(last) && await Store.Events.HasComeToAsync(newest));
        Assert.False(await Store.Events.HasComeToAsync(last + 1) || await Store.Events.HasComeToAsync(newest + 1) || await Store.Events.HasComeToAsync(newest + (1L << 41)));
        Assert.Equal([last, newest], (await Store.Events.ReadStreamAsync(0, 10)).Rows.Select(r => r.Stored.StreamId));
    }

    [Fact]
    public async Task ReadTurns_KnowsTheTurnOfEachInstanceAndTheEpochOfTheTaskThatHasIt()
    {
        var (idle, never) = (Some.Instance() with { Turn = 7 }, Some.Instance());
        var task = Some.Task() with { Epoch = 3 };
        var held = Some.Instance(id: task.Instance) with { Turn = 5, Holder = new(task.Id, task.Kind, task.Request) };
        await ApplyAsync(Some.Commit(idle));
        await ApplyAsync(Some.Commit(never));
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(held));

        var turns = await Store.Restore.ReadTurnsAsync([idle.Id, never.Id, held.Id, InstanceId.New()]);

        Assert.Equal(3, turns.Count);
        Assert.Equal((new KnownTurn(7, null), new KnownTurn(0, null), new KnownTurn(5, 3)), (turns[idle.Id], turns[never.Id], turns[held.Id]));
        Assert.Empty(await Store.Restore.ReadTurnsAsync([]));
    }
}
