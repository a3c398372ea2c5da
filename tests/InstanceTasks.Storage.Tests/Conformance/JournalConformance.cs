using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>What every journal must do: verdicts, fences, poison, the event stream, reading back.</summary>
public abstract class JournalConformance : StoreTest
{
    [Fact]
    public async Task ReadTask_AfterCommit_ReturnsTheSameRecord()
    {
        var task = Some.Task(kind: "create") with
        {
            Parameters = new() { ["a"] = "b" }, Phase = TaskPhase.Undo, Intent = TaskIntent.Cancel, Step = 3, FailedAttempts = 2, Epoch = 4, Generation = 5,
            Token = Guid.NewGuid(), Turn = 6, Host = new HostName("h1"), Zone = "z", Power = PowerState.Running, WaitReason = "w", NotBefore = Some.Start,
            Failure = new(FailureKinds.Guest, "m", true, "d", 404), SupersededBy = TaskId.New(), MustFence = true, TaskState = "spawning", FromState = VmState.Error,
            Machine = new() { Instance = InstanceId.New(), Name = "n", ImageId = "i", Resources = Some.Small },
            Steps = [new() { Name = "s", Attempts = 1, Direction = Direction.Undo, Failure = new("k", "m") }],
            Commands = [new(Guid.NewGuid(), TaskCommandKind.Cancel, Some.User, Some.Start, "why")], RefusedHosts = new() { ["h2"] = "full" },
        };

        await ApplyAsync(Some.Commit(task));

        var stored = await Journal.ReadTaskAsync(task.Id);
        Assert.Equal(EngineJson.Write(task), EngineJson.Write(stored!.Record));
        Assert.Equal(0, stored.Wakes);
        Assert.InRange(stored.DueIn!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task ReadInstance_AfterCommit_ReturnsTheSameRecord()
    {
        var instance = Some.Instance() with { Tags = ["a", "b"], Metadata = new() { ["k"] = "v" }, Holder = new(TaskId.New(), new("stop"), RequestId.New()), LockedBy = "owner" };

        await ApplyAsync(Some.Commit(instance));

        Assert.Equal(EngineJson.Write(instance), EngineJson.Write(await Journal.ReadInstanceAsync(instance.Id)));
    }

    [Fact]
    public async Task Read_OfWhatIsNotThere_ReturnsNull()
    {
        Assert.Null(await Journal.ReadTaskAsync(TaskId.New()));
        Assert.Null(await Journal.ReadInstanceAsync(InstanceId.New()));
        Assert.Empty(await Journal.ReadEventsAsync(TaskId.New()));
        Assert.Null(await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "none"));
    }

    [Fact]
    public async Task Commit_SeveralEventsInOneRow_AreReadBackInOrder()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var next = task.Next();
        TaskEvent[] events = [new TaskClaimed { Epoch = 2, Generation = 7 }, new StepDone { Step = 1, Host = new HostName("h"), Note = "n" }, new TaskWaiting { Reason = "r" }];

        await ApplyAsync(new() { Name = "step", Kind = task.Kind, Tasks = [new(next, events, TimeSpan.Zero, 0)] });

        var rows = await Journal.ReadEventsAsync(task.Id);
        Assert.Equal([1L, 2L], rows.Select(r => r.Seq));
        Assert.IsType<TaskAccepted>(Assert.Single(rows[0].Events));
        Assert.Equal(events, rows[1].Events);
        Assert.True(rows[0].StreamId < rows[1].StreamId);
    }

    [Fact]
    public async Task Commit_SameSeqTwice_SecondIsTaskConflictAndWritesNothing()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var instance = Some.Instance();

        var result = await Journal.CommitAsync(Some.Commit(task with { WaitReason = "other" }) with { Instance = new(instance, 0), Quota = [new(Some.Project, 1, 1, 1)] });

        Assert.Equal(CommitVerdict.TaskConflict, result.Verdict);
        Assert.Null(await Journal.ReadInstanceAsync(instance.Id));
        Assert.Null((await Journal.ReadTaskAsync(task.Id))!.Record.WaitReason);
        Assert.Equal(0, (await Queries.GetUsageAsync(Some.Project)).Instances);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Commit_SeqWithAGap_IsTaskConflict(long seq)
    {
        var task = Some.Task();

        Assert.Equal(CommitVerdict.TaskConflict, (await Journal.CommitAsync(Some.Commit(task with { Seq = seq }))).Verdict);
        await ApplyAsync(Some.Commit(task));
        Assert.Equal(CommitVerdict.TaskConflict, (await Journal.CommitAsync(Some.Commit(task with { Seq = seq + 1 }))).Verdict);
    }

    [Fact]
    public async Task Commit_OtherInstanceVersion_IsInstanceConflictAndWritesNothing()
    {
        var instance = Some.Instance();
        await ApplyAsync(Some.Commit(instance));
        var task = Some.Task(instance.Id);

        var again = await Journal.CommitAsync(Some.Commit(instance with { Name = "second" }));
        var old = await Journal.CommitAsync(Some.Commit(task) with { Instance = new(instance with { Version = 3 }, 2) });

        Assert.Equal((CommitVerdict.InstanceConflict, CommitVerdict.InstanceConflict), (again.Verdict, old.Verdict));
        Assert.Null(await Journal.ReadTaskAsync(task.Id));
        Assert.Equal("vm", (await Journal.ReadInstanceAsync(instance.Id))!.Name);
    }

    [Fact]
    public async Task Commit_EverythingWrong_VerdictsComeInTheirFixedOrder()
    {
        var (task, instance) = (Some.Task(), Some.Instance());
        await ApplyAsync(Some.Commit(task) with { Instance = new(instance, 0), Idempotency = Some.Key("k") });
        await Store.SetLimitsAsync(Some.Project, 0, -1, -1);
        var wrong = Some.Commit(task) with
        {
            Instance = new(instance, 0), Idempotency = Some.Key("k"), Quota = [new(Some.Project, 1, 0, 0)],
            Claims = [new(instance.Id, task.Id, new HostName("unknown"), Some.Small, Take: true)],
        };

        var verdicts = new List<CommitVerdict> { (await Journal.CommitAsync(wrong)).Verdict };
        wrong = wrong with { Tasks = [] };
        verdicts.Add((await Journal.CommitAsync(wrong)).Verdict);
        wrong = wrong with { Instance = null };
        verdicts.Add((await Journal.CommitAsync(wrong)).Verdict);
        wrong = wrong with { Idempotency = null };
        verdicts.Add((await Journal.CommitAsync(wrong)).Verdict);
        wrong = wrong with { Quota = [] };
        verdicts.Add((await Journal.CommitAsync(wrong)).Verdict);

        Assert.Equal(
            [CommitVerdict.TaskConflict, CommitVerdict.InstanceConflict, CommitVerdict.KeyExists, CommitVerdict.QuotaExceeded, CommitVerdict.CapacityExceeded], verdicts);
    }

    [Fact]
    public async Task Commit_FiftyRaceForOneTask_ExactlyOneWins()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));

        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => Journal.CommitAsync(Some.Commit(task.Next() with { WaitReason = $"{i}" })))));

        var winner = Assert.Single(Enumerable.Range(0, 50), i => results[i].Applied);
        Assert.All(results, r => Assert.True(r.Applied || r.Verdict == CommitVerdict.TaskConflict));
        Assert.Equal($"{winner}", (await Journal.ReadTaskAsync(task.Id))!.Record.WaitReason);
        Assert.Equal(2, (await Journal.ReadEventsAsync(task.Id)).Count);
    }

    [Fact]
    public async Task Commit_FiftyRaceForOneInstance_ExactlyOneWinsAndLosersLeaveNothing()
    {
        var instance = Some.Instance();
        await ApplyAsync(Some.Commit(instance));
        var tasks = Enumerable.Range(0, 50).Select(_ => Some.Task(instance.Id)).ToArray();

        var results = await Task.WhenAll(tasks.Select(t => Task.Run(() => Journal.CommitAsync(
            Some.Commit(t) with { Instance = new(instance with { Version = 2, Holder = new(t.Id, t.Kind, t.Request) }, 1) }))));

        var winner = Assert.Single(Enumerable.Range(0, 50), i => results[i].Applied);
        Assert.Equal(tasks[winner].Id, (await Journal.ReadInstanceAsync(instance.Id))!.Holder!.Id);
        Assert.Equal(tasks[winner].Id, Assert.Single(await Queries.ListTasksAsync(new() { Instance = instance.Id })).Id);
    }

    [Fact]
    public async Task Commit_FiftyRaceForOneKey_LosersGetTheWinnersAnswer()
    {
        var keys = Enumerable.Range(0, 50).Select(_ => Some.Key("same")).ToArray();

        var results = await Task.WhenAll(keys.Select(k => Task.Run(() => Journal.CommitAsync(Some.Commit(Some.Task()) with { Idempotency = k }))));

        var winner = Assert.Single(Enumerable.Range(0, 50), i => results[i].Applied);
        foreach (var loser in results.Where(r => !r.Applied))
        {
            Assert.Equal(CommitVerdict.KeyExists, loser.Verdict);
            Assert.Equal(keys[winner].BodyHash, loser.Stored!.BodyHash);
            Assert.Equal(keys[winner].Answer.Task, loser.Stored.Answer.Task);
            Assert.Equal("b", loser.Stored.Answer.Headers["X-A"]);
        }

        Assert.Single(await Queries.ListTasksAsync(new()));
    }

    [Theory]
    [InlineData("nul")]
    [InlineData("surrogate")]
    [InlineData("constraint")]
    [InlineData("negative claim")]
    [InlineData("oversized")]
    public async Task Commit_PoisonAmongFifty_FailsAlone(string poison)
    {
        await Store.Hosts.RegisterAsync(new("h1"), "z", new(1000, 1000, 1000));
        var bad = Some.Task();
        var commits = Enumerable.Range(0, 50).Select(_ => Some.Commit(Some.Task())).ToList();
        commits[25] = poison switch
        {
            "nul" => Some.Commit(bad) with { Instance = new(Some.Instance("a\0b"), 0) },
            "surrogate" => Some.Commit(bad) with { Instance = new(Some.Instance("a\uD800b"), 0) },
            "constraint" => Some.Commit(bad with { Kind = new(null!) }),
            "negative claim" => Some.Commit(bad) with { Claims = [new(bad.Instance, bad.Id, new HostName("h1"), new(-1, 0, 0), Take: true)] },
            _ => Some.Commit(bad with { WaitReason = new string('x', 5_000_000) }),
        };

        var results = commits.Select(c => Task.Run(() => Journal.CommitAsync(c))).ToArray();

        await Assert.ThrowsAsync<CommitFailedException>(() => results[25]);
        foreach (var (result, index) in results.Select((r, i) => (r, i)).Where(x => x.i != 25))
        {
            Assert.True((await result).Applied, $"Commit {index} must not suffer.");
        }

        Assert.Null(await Journal.ReadTaskAsync(bad.Id));
        Assert.Empty(await Journal.ReadEventsAsync(bad.Id));
        Assert.Equal(49, (await Queries.ListTasksAsync(new())).Count);
    }

    [Fact]
    public async Task Commit_InstanceVersionThatSkips_Throws() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Journal.CommitAsync(Some.Commit(Some.Instance()) with { Instance = new(Some.Instance() with { Version = 7 }, 1) }));

    [Fact]
    public async Task Commit_OneTaskTwice_Throws()
    {
        var task = Some.Task();

        await Assert.ThrowsAsync<ArgumentException>(() => Journal.CommitAsync(Some.Commit(task, task.Next())));
    }

    [Fact]
    public async Task Commit_TokenCancelledAfterHandOver_CommitIsNotLost()
    {
        var tasks = Enumerable.Range(0, 200).Select(_ => Some.Task()).ToArray();
        using var cancel = new CancellationTokenSource();

        var commits = tasks.Select(t => Journal.CommitAsync(Some.Commit(t), cancel.Token)).ToArray();
        await cancel.CancelAsync();

        foreach (var (commit, task) in commits.Zip(tasks))
        {
            var applied = await Applied(commit);
            Assert.Equal(applied, await Journal.ReadTaskAsync(task.Id) is not null);
        }

        static async Task<bool> Applied(Task<CommitResult> commit)
        {
            try
            {
                return (await commit).Applied;
            }
            catch (OperationCanceledException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task Stream_UnderConcurrentCommits_IsStrictlyOrderedWithinTasksAndUnique()
    {
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            var task = Some.Task();
            for (var i = 0; i < 20; i++, task = task.Next())
            {
                await ApplyAsync(Some.Commit(task));
            }
        })));

        var stream = await Store.ReadStreamAsync();
        Assert.Equal(320, stream.Count);
        Assert.Equal(320, stream.Select(s => s.StreamId).Distinct().Count());
        Assert.All(stream.GroupBy(s => s.Task), g => Assert.Equal(g.OrderBy(s => s.Seq).Select(s => s.StreamId), g.Select(s => s.StreamId).Order()));
        Assert.All(stream, s => Assert.Equal(Journal.ClusterEpoch, (int)(s.StreamId >> 40)));
    }

    [Fact]
    public async Task Stream_ReadWhileCommitting_NeverShowsALowerIdLater()
    {
        using var done = new CancellationTokenSource();
        var reader = Task.Run(async () =>
        {
            IReadOnlyList<long> seen = [];
            while (!done.IsCancellationRequested)
            {
                var now = (await Store.ReadStreamAsync()).Select(s => s.StreamId).Order().ToArray();
                Assert.Equal(seen, now.Take(seen.Count));
                seen = now;
            }

            return seen.Count;
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 25; i++)
            {
                await ApplyAsync(Some.Commit(Some.Task()));
            }
        })));
        await done.CancelAsync();

        Assert.True(await reader > 0);
    }

    [Fact]
    public async Task Reopen_AfterCommits_EverythingIsThereAndStreamGoesOn()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task) with { Idempotency = Some.Key("k") });
        var before = (await Store.ReadStreamAsync()).Max(s => s.StreamId);

        await Store.ReopenAsync();
        await ApplyAsync(Some.Commit(task.Next()));

        Assert.Equal(2, (await Journal.ReadTaskAsync(task.Id))!.Record.Seq);
        Assert.NotNull(await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "k"));
        Assert.True((await Store.ReadStreamAsync()).Max(s => s.StreamId) > before);
    }

    [Fact]
    public async Task Commit_UnicodeAndBigPayload_AreReadBack()
    {
        var name = "名前 😀 ñ \u202E \"'; DROP TABLE tasks; --";
        var instance = Some.Instance(name) with { Metadata = new() { ["🔑"] = new string('ж', 500_000) }, Tags = ["тег"] };

        await ApplyAsync(Some.Commit(instance));

        var view = Assert.Single(await Queries.ListServersAsync(new() { Tags = ["тег"] }));
        Assert.Equal(name, view.Instance.Name);
        Assert.Equal(500_000, view.Instance.Metadata["🔑"].Length);
    }

    [Fact]
    public async Task Refuse_BeforeAccept_LateAcceptLoses()
    {
        var task = Some.Task();

        Assert.True(await Journal.RefuseAsync(task.Id));
        Assert.True(await Journal.RefuseAsync(task.Id));
        var late = await Journal.CommitAsync(Some.Commit(task) with { Quota = [new(Some.Project, 1, 1, 1)] });

        Assert.Equal(CommitVerdict.TaskConflict, late.Verdict);
        Assert.Equal(TaskOutcome.Refused, (await Journal.ReadTaskAsync(task.Id))!.Record.Outcome);
        Assert.Null(await Queries.GetTaskAsync(task.Id));
        Assert.Empty(await Queries.ListTasksAsync(new()));
        Assert.Equal(0, (await Queries.GetUsageAsync(Some.Project)).Instances);
        Assert.Equal(TaskOutcome.Refused, Assert.IsType<TaskEnded>(Assert.Single(Assert.Single(await Journal.ReadEventsAsync(task.Id)).Events)).Outcome);
        Assert.Empty(await Journal.ReadDueAsync(0, 100));
    }

    [Fact]
    public async Task Refuse_AfterAccept_SaysThatTheTaskExists()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));

        Assert.False(await Journal.RefuseAsync(task.Id));

        Assert.Equal(TaskOutcome.None, (await Journal.ReadTaskAsync(task.Id))!.Record.Outcome);
    }

    [Fact]
    public async Task Refuse_RacingTheAccept_ExactlyOneWins()
    {
        for (var i = 0; i < 30; i++)
        {
            var task = Some.Task();
            var accept = Task.Run(() => Journal.CommitAsync(Some.Commit(task)));
            var refuse = Task.Run(() => Journal.RefuseAsync(task.Id));
            await Task.WhenAll(accept, refuse);
            Assert.NotEqual((await accept).Applied, await refuse);
        }
    }

    [Fact]
    public async Task ReadIdempotency_After24Hours_IsGoneAndTheKeyCanBeUsedAgain()
    {
        await ApplyAsync(Some.Commit(Some.Task()) with { Idempotency = Some.Key("k", 1) });
        await Store.MoveClockAsync(TimeSpan.FromHours(23.9));
        Assert.Equal(new byte[] { 1 }, (await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "k"))!.BodyHash);

        await Store.MoveClockAsync(TimeSpan.FromHours(24.1));

        Assert.Null(await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "k"));
        await ApplyAsync(Some.Commit(Some.Task()) with { Idempotency = Some.Key("k", 2) });
        Assert.Equal(new byte[] { 2 }, (await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "k"))!.BodyHash);
    }

    [Fact]
    public async Task ReadIdempotency_OtherUserOrProject_IsAnotherKey()
    {
        await ApplyAsync(new() { Name = "key", Kind = new("none"), Idempotency = Some.Key("k") });

        Assert.Null(await Journal.ReadIdempotencyAsync(Some.Project, new("other"), "k"));
        Assert.Null(await Journal.ReadIdempotencyAsync(new("other"), Some.User, "k"));
    }

    [Fact]
    public async Task Schema_HasNoTableForFaultsOrActions() =>
        Assert.DoesNotContain(await Store.ReadTablesAsync(), t => t.Contains("fault", StringComparison.OrdinalIgnoreCase) || t.Contains("action", StringComparison.OrdinalIgnoreCase));
}
