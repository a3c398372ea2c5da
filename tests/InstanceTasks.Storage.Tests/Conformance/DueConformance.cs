using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Due times, wake-ups, owners and leases in database time.</summary>
public abstract class DueConformance : StoreTest
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ReadDue_BeforeAndAfterItsTime_ShowsTheTaskOnlyAfter()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));

        Assert.Empty(await DueAsync(task));
        Assert.InRange((await Journal.ReadNextDueAsync(Shards.Of(task.Instance)))!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
        await Store.MoveClockAsync(TimeSpan.FromMinutes(2));

        Assert.Equal([task.Id], await DueAsync(task));
        Assert.True(await Journal.ReadNextDueAsync(Shards.Of(task.Instance)) < TimeSpan.Zero);
        Assert.True((await Journal.ReadTaskAsync(task.Id))!.DueIn < TimeSpan.Zero);
    }

    [Fact]
    public async Task Commit_WithoutADueTime_LeavesItAsItWas()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await Store.MoveClockAsync(TimeSpan.FromSeconds(40));

        await ApplyAsync(Some.Commit() with { Tasks = [Some.Write(task.Next()) with { DueIn = null }] });

        Assert.InRange((await Journal.ReadTaskAsync(task.Id))!.DueIn!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Commit_WithoutADueTimeAfterAnUnreadWake_IsDueAtOnce()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(Some.Task()) with { Wakes = [task.Id] });

        await ApplyAsync(Some.Commit() with { Tasks = [Some.Write(task.Next()) with { DueIn = null }] });

        Assert.True((await Journal.ReadTaskAsync(task.Id))!.DueIn <= TimeSpan.Zero);
    }

    [Fact]
    public async Task ReadTask_SaysHowLongAgoItWasAcceptedByDatabaseTime()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        Assert.InRange((await Journal.ReadTaskAsync(task.Id))!.Age!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(30));

        await Store.MoveClockAsync(TimeSpan.FromMinutes(10));

        Assert.InRange((await Journal.ReadTaskAsync(task.Id))!.Age!.Value, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
    }

    [Fact]
    public async Task ReadDue_OtherShardOrEnded_ShowsNothing()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await Store.MoveClockAsync(TimeSpan.FromMinutes(2));
        foreach (var other in Enumerable.Range(0, Shards.Count).Where(s => s != Shards.Of(task.Instance)))
        {
            Assert.Empty(await Journal.ReadDueAsync(other, 10));
            Assert.Null(await Journal.ReadNextDueAsync(other));
        }

        await ApplyAsync(Some.Commit(task.Ended()));

        Assert.Empty(await DueAsync(task));
        Assert.Null(await Journal.ReadNextDueAsync(Shards.Of(task.Instance)));
        Assert.Null((await Journal.ReadTaskAsync(task.Id))!.DueIn);
    }

    [Fact]
    public async Task ReadDue_MoreThanTheLimit_OldestFirst()
    {
        var instance = InstanceId.New();
        var tasks = Enumerable.Range(1, 5).Select(_ => Some.Task(instance)).ToArray();
        foreach (var (task, i) in tasks.Select((t, i) => (t, i)))
        {
            await ApplyAsync(Some.Commit() with { Tasks = [Some.Write(task, TimeSpan.FromMinutes(5 - i))] });
        }

        await Store.MoveClockAsync(TimeSpan.FromHours(1));

        Assert.Equal([tasks[4].Id, tasks[3].Id, tasks[2].Id], (await Journal.ReadDueAsync(Shards.Of(instance), 3)).Select(d => d.Task));
    }

    [Fact]
    public async Task Wake_OfAnotherTask_CountsAndMakesItDueAtOnce()
    {
        var sleeper = Some.Task();
        await ApplyAsync(Some.Commit(sleeper));

        await ApplyAsync(Some.Commit(Some.Task()) with { Wakes = [sleeper.Id, TaskId.New()] });

        var stored = (await Journal.ReadTaskAsync(sleeper.Id))!;
        Assert.Equal((1, 1), (stored.Wakes, stored.Record.Seq));
        Assert.True(stored.DueIn <= TimeSpan.Zero);
        Assert.Equal([sleeper.Id], await DueAsync(sleeper));
    }

    [Fact]
    public async Task Wake_OfATaskAlreadyOverdue_KeepsTheOlderTime()
    {
        var sleeper = Some.Task();
        await ApplyAsync(Some.Commit(sleeper));
        await Store.MoveClockAsync(TimeSpan.FromHours(1));

        await ApplyAsync(Some.Commit() with { Wakes = [sleeper.Id] });

        Assert.True((await Journal.ReadTaskAsync(sleeper.Id))!.DueIn < TimeSpan.FromMinutes(-50));
    }

    [Fact]
    public async Task Wake_OfAnEndedTask_DoesNotMakeItDue()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(task.Ended()));

        await ApplyAsync(Some.Commit() with { Wakes = [task.Id] });

        Assert.Null((await Journal.ReadTaskAsync(task.Id))!.DueIn);
        Assert.Empty(await DueAsync(task));
    }

    [Fact]
    public async Task Commit_WithFewerWakesReadThanTheRowHas_IsDueAtOnce()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit() with { Wakes = [task.Id] });

        await ApplyAsync(Some.Commit() with { Tasks = [Some.Write(task.Next(), TimeSpan.FromHours(1), wakesRead: 0)] });
        Assert.Equal([task.Id], await DueAsync(task));

        await ApplyAsync(Some.Commit() with { Tasks = [Some.Write(task.Next().Next(), TimeSpan.FromHours(1), wakesRead: 1)] });
        Assert.Empty(await DueAsync(task));
    }

    [Fact]
    public async Task ReadDue_OwnersLeaseOver_ShowsTheTaskBeforeItsTime()
    {
        var lost = await Store.Leases.JoinAsync("a", TimeSpan.FromSeconds(10));
        var alive = await Store.Leases.JoinAsync("b", TimeSpan.FromHours(1));
        var instance = InstanceId.New();
        var (ofLost, ofAlive, ofNobody) = (Some.Task(instance) with { Generation = lost }, Some.Task(instance) with { Generation = alive }, Some.Task(instance));
        await ApplyAsync(Some.Commit(ofLost, ofAlive, ofNobody));
        Assert.Empty(await DueAsync(ofLost));

        await Store.MoveClockAsync(TimeSpan.FromSeconds(20));

        Assert.Equal([new DueTask(ofLost.Id, OwnerLost: true)], await Journal.ReadDueAsync(Shards.Of(instance), 10));
        await Store.MoveClockAsync(TimeSpan.FromMinutes(10));
        var due = await Journal.ReadDueAsync(Shards.Of(instance), 10);
        Assert.Equal(3, due.Count);
        Assert.True(due.Single(d => d.Task == ofLost.Id).OwnerLost);
        Assert.False(due.Single(d => d.Task == ofAlive.Id).OwnerLost);
    }

    [Fact]
    public async Task ReadDue_OwnerThatNeverJoined_IsLost()
    {
        var task = Some.Task() with { Generation = 4711 };
        await ApplyAsync(Some.Commit(task));

        Assert.Equal([new DueTask(task.Id, OwnerLost: true)], await Journal.ReadDueAsync(Shards.Of(task.Instance), 10));
    }

    [Fact]
    public async Task ReadDue_ManyLostOwners_ShowsAllTheirTasks()
    {
        var instance = InstanceId.New();
        var tasks = Enumerable.Range(0, 20).Select(i => Some.Task(instance) with { Generation = 100 + (i % 7) }).ToArray();
        await ApplyAsync(Some.Commit(tasks));

        Assert.Equal(tasks.Select(t => t.Id.Value).Order(), (await DueAsync(tasks[0])).Select(t => t.Value).Order());
    }

    [Fact]
    public async Task Quarantine_OfAnUndecodableTask_StopsTheScanFromSeeingItAndTheListShowsIt()
    {
        var (bad, good) = (Some.Task(), Some.Task());
        good = good with { Instance = bad.Instance };
        await ApplyAsync(Some.Commit(bad, good));
        await Store.MoveClockAsync(TimeSpan.FromHours(1));
        await Store.CorruptTaskAsync(bad.Id);
        await Assert.ThrowsAsync<UndecodableTaskException>(() => Journal.ReadTaskAsync(bad.Id));
        Assert.Contains(bad.Id, await DueAsync(good));

        await Journal.QuarantineAsync(bad.Id, "broken \0 body");

        Assert.Equal([good.Id], await DueAsync(good));
        var shown = (await Queries.ListTasksAsync(new() { Instance = bad.Instance })).Single(t => t.Id == bad.Id);
        Assert.Equal((bad.Kind, bad.Request, "running", "broken  body"), (shown.Kind, shown.Request, shown.State, shown.Failure!.Details));
        Assert.Equal(bad.Id, (await Queries.GetTaskAsync(bad.Id))!.Id);
    }

    [Fact]
    public async Task Join_Repeatedly_GivesGrowingGenerationsAlsoAfterReopening()
    {
        var first = await Store.Leases.JoinAsync("a", Lease);
        var second = await Store.Leases.JoinAsync("a", Lease);
        await Store.ReopenAsync();
        var third = await Store.Leases.JoinAsync("a", Lease);

        Assert.True(first > 0 && first < second && second < third);
    }

    [Fact]
    public async Task Renew_BeforeTheEnd_ProlongsFromNow()
    {
        var generation = await Store.Leases.JoinAsync("a", Lease);
        await Store.MoveClockAsync(TimeSpan.FromSeconds(20));
        Assert.True(await Store.Leases.RenewAsync(generation, Lease));
        await Store.MoveClockAsync(TimeSpan.FromSeconds(40));

        var live = Assert.Single(await Store.Leases.ReadLiveAsync());

        Assert.Equal((generation, "a"), (live.Generation, live.Silo));
        Assert.InRange(live.Remaining, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Renew_AfterTheEnd_IsRefusedForEver()
    {
        var generation = await Store.Leases.JoinAsync("a", Lease);
        await Store.MoveClockAsync(TimeSpan.FromSeconds(31));
        Assert.False(await Store.Leases.RenewAsync(generation, Lease));
        Assert.Empty(await Store.Leases.ReadLiveAsync());

        Assert.False(await Store.Leases.RenewAsync(generation, Lease));
        Assert.False(await Store.Leases.RenewAsync(generation + 100, Lease));
    }

    [Fact]
    public async Task Announce_IsReadByTheOthers_AndBeforeItAGenerationMayWorkForAnyHost()
    {
        var silent = await Store.Leases.JoinAsync("silent", Lease);
        var worker = await Store.Leases.JoinAsync("worker", Lease);
        var front = await Store.Leases.JoinAsync("front", Lease);
        await Store.Leases.AnnounceAsync(worker, [new("sim-01"), new("a \"b\"")]);
        await Store.Leases.AnnounceAsync(front, [new("sim-01")]);
        await Store.Leases.AnnounceAsync(front, []);
        await Store.Leases.RenewAsync(worker, Lease);
        await Store.Leases.AnnounceAsync(front + 100, [new("sim-01")]);

        var live = (await Store.Leases.ReadLiveAsync()).ToDictionary(l => l.Generation, l => l.Hosts);

        Assert.Equal([silent, worker, front], live.Keys.Order());
        Assert.Null(live[silent]);
        Assert.Equal(["a \"b\"", "sim-01"], live[worker]!.Select(h => h.Value).Order(StringComparer.Ordinal));
        Assert.Empty(live[front]!);
    }

    [Fact]
    public async Task Renew_WithCounts_ShowsThoseOfTheLastRenewalAndNoneOfWhoDoesNotCount()
    {
        var (counts, silent) = (await Store.Leases.JoinAsync("counts", Lease), await Store.Leases.JoinAsync("silent", Lease));
        Assert.All(await Store.Leases.ReadLiveAsync(), l => Assert.Null(l.Calls));
        await Store.Leases.RenewAsync(counts, Lease, new(12, 0));
        await Store.Leases.RenewAsync(counts, Lease, new(5_000_000_000, 3));
        await Store.Leases.RenewAsync(silent, Lease);
        await Store.ReopenAsync();

        var live = (await Store.Leases.ReadLiveAsync()).ToDictionary(l => l.Generation, l => l.Calls);

        Assert.Equal(new CallCounts(5_000_000_000, 3), live[counts]);
        Assert.Null(live[silent]);
    }

    [Fact]
    public async Task Leave_EndsTheLeaseAtOnce()
    {
        var generation = await Store.Leases.JoinAsync("a", Lease);

        await Store.Leases.LeaveAsync(generation);

        Assert.Empty(await Store.Leases.ReadLiveAsync());
        Assert.False(await Store.Leases.RenewAsync(generation, Lease));
    }

    [Fact]
    public async Task EndOthers_LeavesOnlyTheCaller()
    {
        await Store.Leases.JoinAsync("a", Lease);
        await Store.Leases.JoinAsync("b", TimeSpan.FromTicks(10));
        await Store.Leases.JoinAsync("c", Lease);
        var own = await Store.Leases.JoinAsync("own", Lease);
        await Store.MoveClockAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(2, await Store.Leases.EndOthersAsync(own));

        Assert.Equal(own, Assert.Single(await Store.Leases.ReadLiveAsync()).Generation);
        Assert.Equal(0, await Store.Leases.EndOthersAsync(own));
    }
}
