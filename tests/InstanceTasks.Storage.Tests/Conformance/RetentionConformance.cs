using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>What is over for long goes, what somebody may still need stays, and nobody reads a stream with a hole in it.</summary>
public abstract class RetentionConformance : StoreTest
{
    private static readonly TimeSpan Keep = TimeSpan.FromDays(90);
    private static readonly TimeSpan Long = TimeSpan.FromDays(91);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private readonly Guid _run = Guid.NewGuid();

    private IRetention Retention => Store.Retention;

    [Fact]
    public async Task Purge_DeletedServerOldEnough_GoesWithItsTasksEventsAndSecrets_AndNoOtherDoes()
    {
        var old = await ServerAsync(deleted: true, Some.Task(), Some.Task());
        await ApplyAsync(new Commit { Name = "s", Kind = new("x"), Secrets = [new(old.Tasks[0].Id.Value, "a", [1], DiesWithInstance: false), new(old.Id.Value, "b", [2], DiesWithInstance: true)] });
        await Store.MoveClockAsync(Long);
        var young = await ServerAsync(deleted: true, Some.Task());

        var counts = await Retention.CountRipeAsync(Keep);
        var report = await PurgeAllAsync();

        Assert.Equal((new RipeCounts(1, 2), new PurgeReport(2, 1, 4)), (counts, report));
        Assert.Null(await Queries.GetServerAsync(old.Id));
        Assert.Null(await Queries.ReadSecretAsync(old.Tasks[0].Id.Value, "a"));
        Assert.Null(await Queries.ReadSecretAsync(old.Id.Value, "b"));
        Assert.Empty(await Queries.ListTasksAsync(new() { Instance = old.Id }));
        Assert.NotNull(await Queries.GetServerAsync(young.Id));
        Assert.Equal([young.Tasks[0].Id, young.Tasks[0].Id], (await Store.ReadStreamAsync()).Select(r => r.Task));
        Assert.Equal((2L, 1L, false), await Retention.ReadRetentionAsync() is var s ? (s.Tasks, s.Servers, s.IsRunning) : default);
    }

    /// <summary>Hosts remember stamps of machines that are gone: a purged server that nobody knew of any more kept every silo from starting, as if the database were an older copy.</summary>
    [Fact]
    public async Task Purge_OfAServer_ItsTurnStaysKnown()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        var before = (await Store.Restore.ReadTurnsAsync([server.Id]))[server.Id];
        await Store.MoveClockAsync(Long);

        Assert.Equal(1, (await PurgeAllAsync())!.Servers);

        var never = InstanceId.New();
        Assert.Equal([new(server.Id, before with { TaskEpoch = null })], await Store.Restore.ReadTurnsAsync([server.Id, never]));
    }

    [Fact]
    public async Task ReadRipe_ServerThatIsThere_KeepsItsTasksWhateverTheirAge()
    {
        await ServerAsync(deleted: false, Some.Task(), Some.Task());
        await AssertKeptAsync();
    }

    [Fact]
    public async Task ReadRipe_LastTaskEndedLately_KeepsTheServerAndAllOfItsTasks()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        await Store.MoveClockAsync(TimeSpan.FromDays(2));
        await EndAsync(Some.Task(server.Id));
        await Store.MoveClockAsync(Long);
        await AssertKeptAsync(move: false);
        await Store.MoveClockAsync(Long + TimeSpan.FromDays(2));
        Assert.Equal(new PurgeReport(2, 1, 4), await PurgeAllAsync());
    }

    [Fact]
    public async Task ReadRipe_TaskThatHasNotEnded_KeepsTheServer()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        await ApplyAsync(Some.Commit(Some.Task(server.Id)));
        await AssertKeptAsync();
    }

    [Fact]
    public async Task ReadRipe_TaskThatNeedsAttention_KeepsTheServer()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        var task = Some.Task(server.Id);
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(task.Next() with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention }));
        await AssertKeptAsync();
    }

    [Fact]
    public async Task ReadRipe_QuarantinedTask_KeepsTheServer()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        await Journal.QuarantineAsync(server.Tasks[0].Id, "look at it");
        await AssertKeptAsync();
    }

    /// <summary>A parent that has not ended makes children by their ids: one that it does not find it makes once more.</summary>
    [Fact]
    public async Task ReadRipe_ParentThatHasNotEnded_KeepsItsChildrensServers()
    {
        var parent = Some.Task(new InstanceId(Guid.Empty), "bulk");
        await ApplyAsync(Some.Commit(parent));
        await ServerAsync(deleted: true, Some.Task() with { Parent = parent.Id });
        await AssertKeptAsync();
    }

    [Fact]
    public async Task ReadRipe_ParentWithAChildOfAServerThatIsThere_Stays_AndGoesAfterItsLastChild()
    {
        var parent = Some.Task(new InstanceId(Guid.Empty), "bulk");
        await ApplyAsync(Some.Commit(parent));
        var gone = await ServerAsync(deleted: true, Some.Task() with { Parent = parent.Id });
        var kept = await ServerAsync(deleted: false, Some.Task() with { Parent = parent.Id });
        var stored = (await Journal.ReadTaskAsync(parent.Id))!;
        await ApplyAsync(Some.Commit(stored.Record.Ended()));
        await Store.MoveClockAsync(Long);

        Assert.Equal(new PurgeReport(1, 1, 2), await PurgeAllAsync());

        Assert.Null(await Queries.GetTaskAsync(gone.Tasks[0].Id));
        Assert.NotNull(await Queries.GetTaskAsync(parent.Id));
        await ApplyAsync(Some.Commit(Deleted(kept.Instance) with { Version = 2 }));
        Assert.Equal(new PurgeReport(1, 1, 2), await PurgeAllAsync());
        Assert.Equal(new PurgeReport(1, 0, 2), await PurgeAllAsync());
        Assert.Null(await Queries.GetTaskAsync(parent.Id));
    }

    [Fact]
    public async Task ReadRipe_TaskThatARepeatedCallIsAnsweredWith_KeepsTheServer()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        await Store.MoveClockAsync(Long);
        var key = Some.Key("k");
        await ApplyAsync(new Commit { Name = "c", Kind = new("x"), Idempotency = key with { Answer = key.Answer with { Task = server.Tasks[0].Id } } });
        await AssertKeptAsync(move: false);
        await Store.MoveClockAsync(Long + TimeSpan.FromHours(25));
        Assert.Equal(new PurgeReport(1, 1, 2), await PurgeAllAsync());
    }

    [Fact]
    public async Task ReadRipe_ServerWithRoomClaimed_Stays()
    {
        await Store.Hosts.RegisterAsync(new("h"), "nova", new(4, 4096, 40));
        var server = await ServerAsync(deleted: true, Some.Task());
        await ApplyAsync(Some.Take(server.Id, server.Tasks[0].Id, "h", Some.Small));
        await AssertKeptAsync();
    }

    [Fact]
    public async Task ReadRipe_ServerThatATaskHas_Stays()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(Deleted(Some.Instance(id: task.Instance)) with { Holder = new(task.Id, task.Kind, task.Request) }));
        await EndAsync(task);
        await AssertKeptAsync();
    }

    [Fact]
    public async Task Purge_Tombstones_GoWhenTheyAreOld()
    {
        var (old, young) = (TaskId.New(), TaskId.New());
        await Journal.RefuseAsync(old);
        await Store.MoveClockAsync(Long);
        await Journal.RefuseAsync(young);

        Assert.Equal(new PurgeReport(1, 0, 1), await PurgeAllAsync());

        Assert.Equal([young], (await Store.ReadStreamAsync()).Select(r => r.Task));
    }

    /// <summary>A retry names the task that it repeats: it must not be there longer than that.</summary>
    [Fact]
    public async Task Purge_ServerWithMoreTasksThanABatch_GoesInPartsTheNewestTaskFirst()
    {
        var failed = Some.Task() with { CreatedAt = Some.Start.AddYears(1) };
        var retry = Some.Task(failed.Instance) with { RetryOf = failed.Id };
        var delete = Some.Task(failed.Instance, "delete");
        await ServerAsync(deleted: true, failed, retry, delete);
        await Store.MoveClockAsync(Long);

        Assert.Equal(new PurgeReport(2, 0, 4), await PurgeAsync(2));

        Assert.NotNull(await Queries.GetTaskAsync(failed.Id));
        Assert.NotNull(await Queries.GetServerAsync(failed.Instance));
        Assert.Equal(new PurgeReport(1, 1, 2), await PurgeAsync(2));
        Assert.Null(await Queries.GetServerAsync(failed.Instance));
    }

    [Fact]
    public async Task ReadRipe_ServerThatDoesNotFit_IsLeftWholeForTheNextBatch()
    {
        var first = await ServerAsync(deleted: true, Some.Task(), Some.Task());
        var second = await ServerAsync(deleted: true, Some.Start.AddDays(1), Some.Task(), Some.Task());
        await Store.MoveClockAsync(Long);

        var batch = await Retention.ReadRipeAsync(Keep, 3);

        Assert.Equal((true, 2), (batch.IsFull, batch.Tasks.Count));
        Assert.Equal(first.Id.Value, Assert.Single(batch.Servers).Id);
        await PurgeAsync(3);
        Assert.Equal(second.Id.Value, Assert.Single((await Retention.ReadRipeAsync(Keep, 3)).Servers).Id);
    }

    [Fact]
    public async Task Purge_WhatHasChangedSinceItWasRead_Stays()
    {
        var moved = await ServerAsync(deleted: true, Some.Task());
        var named = await ServerAsync(deleted: true, Some.Task());
        var added = await ServerAsync(deleted: true, Some.Task());
        var touched = await ServerAsync(deleted: true, Some.Task());
        var same = await ServerAsync(deleted: true, Some.Task());
        await Store.MoveClockAsync(Long);
        var batch = await Retention.ReadRipeAsync(Keep, 100);
        Assert.Equal((5, 5), (batch.Tasks.Count, batch.Servers.Count));
        var key = Some.Key("k");
        await ApplyAsync(Some.Commit(moved.Tasks[0].Ended()));
        await ApplyAsync(new Commit { Name = "c", Kind = new("x"), Idempotency = key with { Answer = key.Answer with { Task = named.Tasks[0].Id } } });
        await ApplyAsync(Some.Commit(Some.Task(added.Id)));
        await ApplyAsync(Some.Commit(touched.Instance with { Version = 2 }));

        await Retention.ClaimPurgeAsync(_run, Lease);
        var report = await Retention.PurgeAsync(_run, Keep, batch);

        Assert.Equal(new PurgeReport(1, 1, 2), report);
        Assert.Null(await Queries.GetServerAsync(same.Id));
        foreach (var kept in new[] { moved, named, added, touched })
        {
            Assert.NotNull(await Queries.GetServerAsync(kept.Id));
            Assert.NotNull(await Queries.GetTaskAsync(kept.Tasks[0].Id));
        }
    }

    [Fact]
    public async Task ClaimPurge_OneRunAtATime_AndOneThatHasLostItsClaimPurgesNothing()
    {
        await ServerAsync(deleted: true, Some.Task());
        await Store.MoveClockAsync(Long);
        var (batch, other) = (await Retention.ReadRipeAsync(Keep, 100), Guid.NewGuid());

        Assert.Null(await Retention.PurgeAsync(_run, Keep, batch));
        Assert.Equal((PurgeClaim.Granted, PurgeClaim.Busy), (await Retention.ClaimPurgeAsync(_run, Lease), await Retention.ClaimPurgeAsync(other, Lease)));
        Assert.Equal(PurgeClaim.Granted, await Retention.ClaimPurgeAsync(_run, Lease));
        await Retention.EndPurgeAsync(other);
        Assert.True((await Retention.ReadRetentionAsync()).IsRunning, "who has no claim ends nobody's run");

        await Store.MoveClockAsync(Long + Lease + TimeSpan.FromSeconds(1));
        Assert.Null(await Retention.PurgeAsync(_run, Keep, batch));
        Assert.Equal(PurgeClaim.Granted, await Retention.ClaimPurgeAsync(other, Lease));
        Assert.Null(await Retention.PurgeAsync(_run, Keep, batch));
        Assert.Equal(new PurgeReport(1, 1, 2), await Retention.PurgeAsync(other, Keep, batch));
        Assert.Equal(new PurgeReport(0, 0, 0), await Retention.PurgeAsync(other, Keep, batch));

        await Retention.EndPurgeAsync(other);
        Assert.Equal(PurgeClaim.Granted, await Retention.ClaimPurgeAsync(_run, Lease));
        Assert.NotNull((await Retention.ReadRetentionAsync()).LastRunAt);
    }

    [Fact]
    public async Task Purge_WhileEverythingIsHeld_DoesNothing_AndAHoldOnSomethingIsNoReason()
    {
        await ServerAsync(deleted: true, Some.Task());
        await Store.MoveClockAsync(Long);
        await Store.Holds.AddHoldAsync(new() { Id = Guid.NewGuid(), Reason = "r", By = new("a"), Project = Some.Project });
        var batch = await Retention.ReadRipeAsync(Keep, 100);
        Assert.Equal(PurgeClaim.Granted, await Retention.ClaimPurgeAsync(_run, Lease));
        var hold = await Store.Holds.AddHoldAsync(new() { Id = Guid.NewGuid(), Reason = "r", By = new("a") });

        Assert.Null(await Retention.PurgeAsync(_run, Keep, batch));
        Assert.Equal((PurgeClaim.Held, true), (await Retention.ClaimPurgeAsync(_run, Lease), (await Retention.ReadRetentionAsync()).IsHeld));

        await Store.Holds.RemoveHoldAsync(hold.Id, new("a"));
        Assert.Equal(new PurgeReport(1, 1, 2), await Retention.PurgeAsync(_run, Keep, batch));
    }

    [Fact]
    public async Task ReadStream_BehindAPlaceFromWhichEventsAreGone_IsRefused_AndCompleteFromTheFirstOn()
    {
        var living = await ServerAsync(deleted: false, Some.Task());
        await ServerAsync(deleted: true, Some.Task());
        await ApplyAsync(Some.Commit(Some.Task(living.Id)));
        var last = await Store.Events.ReadLastPlaceAsync();
        Assert.Equal((0L, 5), (await Store.Events.ReadFirstPlaceAsync(), (await Store.Events.ReadStreamAsync(0, 100)).Rows.Count));
        await Store.MoveClockAsync(Long);
        await PurgeAllAsync();
        await Store.ReopenAsync();

        var first = await Store.Events.ReadFirstPlaceAsync();

        Assert.Equal((last - 1, first), (first, (await Retention.ReadRetentionAsync()).StreamFrom));
        Assert.Single((await Store.Events.ReadStreamAsync(first, 100)).Rows);
        Assert.Contains($"{first}", (await Assert.ThrowsAsync<PlaceGoneException>(() => Store.Events.ReadStreamAsync(first - 1, 100))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<PlaceGoneException>(() => Store.Events.ReadStreamAsync(0, 100));
        Assert.Equal(2, (await Store.Events.ReadStreamOfAsync(living.Tasks[0].Id, 0, 100)).Rows.Count);
        Assert.True(await Store.Events.HasComeToAsync(first) && await Store.Events.HasComeToAsync(last));
    }

    /// <summary>A reader that is in the middle when a purge comes gets all that was there when he began, or is told.</summary>
    [Fact]
    public async Task ReadStream_PurgeBetweenTwoPages_IsToldAndNeverSkipped()
    {
        for (var i = 0; i < 5; i++)
        {
            await ServerAsync(deleted: true, Some.Task());
        }

        await Store.MoveClockAsync(Long);
        var page = await Store.Events.ReadStreamAsync(0, 4);
        Assert.Equal((4, true), (page.Rows.Count, page.IsFull));

        await PurgeAllAsync();

        await Assert.ThrowsAsync<PlaceGoneException>(() => Store.Events.ReadStreamAsync(page.Last, 4));
        var end = await Store.Events.ReadFirstPlaceAsync();
        Assert.Equal((0, end), await Store.Events.ReadStreamAsync(end, 4) is var p ? (p.Rows.Count, p.Last) : default);
    }

    /// <summary>Of an earlier epoch only what is left can be compared: its end may have been purged.</summary>
    [Fact]
    public async Task HasComeTo_EndOfAnEarlierEpochThatWasPurged_IsStillOfThisStream()
    {
        await ServerAsync(deleted: false, Some.Task());
        await ServerAsync(deleted: true, Some.Task());
        var end = await Store.Events.ReadLastPlaceAsync();
        await Store.Restore.BeginAfterRestoreAsync(new() { Id = Guid.NewGuid(), Reason = "r", By = new("a") });
        await Store.ReopenAsync();
        foreach (var hold in await Store.Holds.ListHoldsAsync())
        {
            await Store.Holds.RemoveHoldAsync(hold.Id, new("a"));
        }

        await ApplyAsync(Some.Commit(Some.Task()));
        await Store.MoveClockAsync(Long);
        await PurgeAllAsync();

        Assert.Equal((end, true, false), (await Store.Events.ReadFirstPlaceAsync(), await Store.Events.HasComeToAsync(end), await Store.Events.HasComeToAsync(end + 1)));
        Assert.Single((await Store.Events.ReadStreamAsync(end, 10)).Rows);
    }

    [Fact]
    public async Task ReadRipe_Lines_AreTheRowsWithTheirEventsAndNoSecret()
    {
        var server = await ServerAsync(deleted: true, Some.Task() with { Parameters = new() { ["a"] = "b" } });
        await ApplyAsync(new Commit { Name = "s", Kind = new("x"), Secrets = [new(server.Tasks[0].Id.Value, "adminPass", Encoding.UTF8.GetBytes("marked-secret"), DiesWithInstance: false)] });
        var refused = TaskId.New();
        await Journal.RefuseAsync(refused);
        await Store.MoveClockAsync(Long);

        var batch = await Retention.ReadRipeAsync(Keep, 100);

        Assert.DoesNotContain(batch.Lines, l => l.Contains("marked-secret", StringComparison.Ordinal) || l.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes("marked-secret")), StringComparison.Ordinal));
        var lines = batch.Lines.Select(l => JsonNode.Parse(l)!.AsObject()).ToList();
        Assert.Equal(3, lines.Count);
        var task = lines.Single(l => (string?)l["id"] == server.Tasks[0].Id.ToString());
        Assert.Equal(("task", "b", 2, "accepted"), ((string?)task["type"], (string?)task["body"]!["parameters"]!["a"], task["events"]!.AsArray().Count, (string?)task["events"]![0]!["types"]));
        Assert.NotNull(task["events"]![0]!["events"]![0]);
        var instance = lines.Single(l => (string?)l["type"] == "server");
        Assert.Equal((server.Id.ToString(), "vm"), ((string?)instance["id"], (string?)instance["body"]!["name"]));
        Assert.Equal("refused", (string?)lines.Single(l => (string?)l["id"] == refused.ToString())["state"]);
    }

    /// <summary>A body that is no JSON goes into the archive as it is, and stops nobody.</summary>
    [Fact]
    public async Task ReadRipe_TaskThatCannotBeRead_GoesAsText()
    {
        var server = await ServerAsync(deleted: true, Some.Task());
        await Store.CorruptTaskAsync(server.Tasks[0].Id);
        await Store.MoveClockAsync(Long);

        var batch = await Retention.ReadRipeAsync(Keep, 100);

        Assert.Contains(batch.Lines, l => (string?)JsonNode.Parse(l)!["type"] == "task" && JsonNode.Parse(l)!["body"] is JsonValue);
        Assert.Equal(new PurgeReport(1, 1, 2), await PurgeAllAsync());
    }

    [Fact]
    public async Task ReadRetention_UsageFrom_IsWhenTheLastPurgedServerWasDeleted()
    {
        Assert.Null((await Retention.ReadRetentionAsync()).UsageFrom);
        await ServerAsync(deleted: true, Some.Start.AddDays(2), Some.Task());
        await ServerAsync(deleted: true, Some.Start.AddDays(1), Some.Task());
        await Store.MoveClockAsync(Long);

        Assert.Equal(new PurgeReport(2, 2, 4), await PurgeAsync(1) is { } a && await PurgeAsync(1) is { } b ? new(a.Tasks + b.Tasks, a.Servers + b.Servers, a.Events + b.Events) : null);

        Assert.Equal(Some.Start.AddDays(2), (await Retention.ReadRetentionAsync()).UsageFrom);
    }

    private static InstanceRecord Deleted(InstanceRecord instance, DateTimeOffset? at = null) => instance with { VmState = VmState.Deleted, TerminatedAt = at ?? Some.Start };

    private Task<Server> ServerAsync(bool deleted, params TaskRecord[] tasks) => ServerAsync(deleted, Some.Start, tasks);

    private async Task<Server> ServerAsync(bool deleted, DateTimeOffset at, params TaskRecord[] tasks)
    {
        var instance = Some.Instance(id: tasks[0].Instance);
        instance = deleted ? Deleted(instance, at) : instance;
        await ApplyAsync(Some.Commit(instance));
        var ended = new List<TaskRecord>();
        foreach (var task in tasks)
        {
            ended.Add(await EndAsync(task with { Instance = instance.Id }));
        }

        return new(instance, ended);
    }

    private async Task<TaskRecord> EndAsync(TaskRecord task)
    {
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(task.Ended()));
        return task.Ended();
    }

    private async Task AssertKeptAsync(bool move = true)
    {
        if (move)
        {
            await Store.MoveClockAsync(Long * 10);
        }

        Assert.Equal((true, new RipeCounts(0, 0)), ((await Retention.ReadRipeAsync(Keep, 100)).IsEmpty, await Retention.CountRipeAsync(Keep)));
    }

    private Task<PurgeReport?> PurgeAllAsync() => PurgeAsync(100);

    private async Task<PurgeReport?> PurgeAsync(int limit)
    {
        Assert.Equal(PurgeClaim.Granted, await Retention.ClaimPurgeAsync(_run, Lease));
        var report = await Retention.PurgeAsync(_run, Keep, await Retention.ReadRipeAsync(Keep, limit));
        await Retention.EndPurgeAsync(_run);
        return report;
    }

    private sealed record Server(InstanceRecord Instance, IReadOnlyList<TaskRecord> Tasks)
    {
        public InstanceId Id => Instance.Id;
    }
}
