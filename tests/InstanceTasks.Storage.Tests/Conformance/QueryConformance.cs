using System.Text.RegularExpressions;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Lists, filters, paging, waiting.</summary>
public abstract class QueryConformance : StoreTest
{
    [Fact]
    public async Task GetServer_WithHolderAndFailedTasks_JoinsThem()
    {
        var instance = Some.Instance();
        var older = Some.Task(instance.Id) with { CreatedAt = Some.Start };
        var newer = Some.Task(instance.Id, "reboot") with { CreatedAt = Some.Start.AddMinutes(1) };
        var locked = Some.Task(instance.Id, "lock") with { CreatedAt = Some.Start.AddMinutes(2) };
        var holder = Some.Task(instance.Id, "reboot") with { CreatedAt = Some.Start.AddMinutes(3), TaskState = "rebooting" };
        await ApplyAsync(Some.Commit(older, newer, locked, holder) with { Instance = new(instance with { Holder = new(holder.Id, holder.Kind, holder.Request) }, 0) });
        Assert.Null((await Queries.GetServerAsync(instance.Id))!.LastFailed);

        await ApplyAsync(Some.Commit(older.Ended(TaskOutcome.Failed), newer.Ended(TaskOutcome.Failed), locked.Ended(TaskOutcome.Failed)));

        var view = await Queries.GetServerAsync(instance.Id);
        Assert.Equal((holder.Id, "rebooting"), (view!.Holder!.Id, view.Holder.TaskState));
        Assert.Equal(newer.Id, view.LastFailed!.Id);
        Assert.Equal(view.LastFailed.Failure, Assert.Single(await Queries.ListServersAsync(new())).LastFailed!.Failure);
        Assert.Null(await Queries.GetServerAsync(InstanceId.New()));
    }

    [Fact]
    public async Task GetServer_TaskNeedsAttention_CountsAsFailed()
    {
        var instance = Some.Instance();
        var task = Some.Task(instance.Id) with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention };
        await ApplyAsync(Some.Commit(task) with { Instance = new(instance, 0) });

        Assert.Equal(task.Id, (await Queries.GetServerAsync(instance.Id))!.LastFailed!.Id);
    }

    [Fact]
    public async Task GetServer_HolderThatCannotBeRead_IsStillShownAsHolder()
    {
        var instance = Some.Instance();
        var holder = Some.Task(instance.Id) with { TaskState = "powering-off" };
        await ApplyAsync(Some.Commit(holder) with { Instance = new(instance with { Holder = new(holder.Id, holder.Kind, holder.Request) }, 0) });
        await Store.CorruptTaskAsync(holder.Id);

        var shown = (await Queries.GetServerAsync(instance.Id))!.Holder!;

        Assert.Equal((holder.Id, "powering-off", "running"), (shown.Id, shown.TaskState, shown.State));
    }

    [Fact]
    public async Task ListServers_EachFilter_FindsExactlyItsServer()
    {
        var other = Some.Instance("other") with { ReservationId = "r-2" };
        var wanted = Some.Instance("wanted-1", new("p2")) with
        {
            User = new("u2"), VmState = VmState.Stopped, Host = new HostName("h9"), ImageId = "image-9", LockedBy = "admin", ReservationId = "r-9", KeyName = "k9",
            AvailabilityZone = "z9", Tags = ["blue", "red"], UpdatedAt = Some.Start.AddDays(1), Flavor = new() { Id = "9", Name = "nine" },
        };
        await ApplyAsync(Some.Commit(other));
        await ApplyAsync(Some.Commit(wanted));
        ServerFilter[] filters =
        [
            new() { Project = new("p2") }, new() { User = new("u2") }, new() { NamePattern = "^wanted-[0-9]+$" }, new() { NamePattern = "(?=want)w" },
            new() { VmStates = [VmState.Stopped, VmState.Error] }, new() { Statuses = ["shutoff"] }, new() { Host = new HostName("h9") }, new() { FlavorId = "9" },
            new() { ImageId = "image-9" }, new() { Id = wanted.Id }, new() { Locked = true }, new() { ReservationId = "r-9" }, new() { KeyName = "k9" },
            new() { AvailabilityZone = "z9" }, new() { ChangesSince = Some.Start.AddHours(1) }, new() { Tags = ["red", "blue"] }, new() { TagsAny = ["red", "green"] },
        ];
        foreach (var filter in filters)
        {
            Assert.Equal(wanted.Id, Assert.Single(await Queries.ListServersAsync(filter)).Instance.Id);
        }

        ServerFilter[] others =
        [
            new() { Locked = false }, new() { ChangesBefore = Some.Start }, new() { NotTags = ["red", "blue"] }, new() { NotTagsAny = ["red", "green"] }, new() { Statuses = ["ACTIVE"] },
        ];
        foreach (var filter in others)
        {
            Assert.Equal(other.Id, Assert.Single(await Queries.ListServersAsync(filter)).Instance.Id);
        }

        Assert.Equal(2, (await Queries.ListServersAsync(new() { NotTags = ["red", "green"] })).Count);
        Assert.Empty(await Queries.ListServersAsync(new() { Tags = ["red", "green"] }));
        Assert.Empty(await Queries.ListServersAsync(new() { Statuses = ["NOSUCH"] }));
        Assert.Empty(await Queries.ListServersAsync(new() { VmStates = [] }));
        Assert.Empty(await Queries.ListServersAsync(new() { Limit = 0 }));
    }

    [Fact]
    public async Task ListServers_Deleted_OnlyWhenAskedFor()
    {
        var (alive, dead) = (Some.Instance("alive"), Some.Instance("dead") with { VmState = VmState.Deleted, TerminatedAt = Some.Start });
        await ApplyAsync(Some.Commit(alive));
        await ApplyAsync(Some.Commit(dead));

        Assert.Equal(alive.Id, Assert.Single(await Queries.ListServersAsync(new())).Instance.Id);
        Assert.Equal(dead.Id, Assert.Single(await Queries.ListServersAsync(new() { Deleted = true })).Instance.Id);
        Assert.Equal(2, (await Queries.ListServersAsync(new() { Deleted = null })).Count);
    }

    [Fact]
    public async Task ListServers_ByStatus_AgreesWithTheStatusShown()
    {
        string?[] taskStates = [null, "rebooting", "rebooting_hard", "rebuilding", "resize_prep", "migrating", "updating_password", "powering-off", "deleting"];
        var vmStates = Enum.GetValues<VmState>();
        foreach (var vmState in vmStates)
        {
            foreach (var taskState in taskStates)
            {
                var instance = Some.Instance($"{vmState}-{taskState}") with { VmState = vmState };
                var holder = Some.Task(instance.Id) with { TaskState = taskState };
                await ApplyAsync(taskState is null
                    ? Some.Commit(instance)
                    : Some.Commit(holder) with { Instance = new(instance with { Holder = new(holder.Id, holder.Kind, holder.Request) }, 0) });
            }
        }

        var all = await Queries.ListServersAsync(new() { Deleted = null });
        Assert.Equal(vmStates.Length * taskStates.Length, all.Count);
        foreach (var status in ServerStatus.All)
        {
            var expected = all.Where(v => ServerStatus.Of(v.Instance.VmState, v.Holder?.TaskState) == status).Select(v => v.Instance.Name).Order();
            Assert.Equal(expected, (await Queries.ListServersAsync(new() { Deleted = null, Statuses = [status] })).Select(v => v.Instance.Name).Order());
        }

        Assert.Equal(vmStates.Length, (await Queries.ListServersAsync(new() { Deleted = null, TaskStates = [""] })).Count);
        Assert.Equal(2 * vmStates.Length, (await Queries.ListServersAsync(new() { Deleted = null, TaskStates = ["", "deleting"] })).Count);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[z-a]")]
    public async Task ListServers_InvalidPattern_IsAnArgumentError(string pattern) =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Queries.ListServersAsync(new() { NamePattern = pattern }));

    [Fact]
    public async Task ListServers_PatternThatBacktracksForEver_TimesOutAndTheStoreGoesOn()
    {
        await ApplyAsync(Some.Commit(Some.Instance(new string('a', 60) + "!")));

        // The back-reference forces the backtracking engine.
        await Assert.ThrowsAsync<RegexMatchTimeoutException>(() => Queries.ListServersAsync(new() { NamePattern = @"^(a+)+(b)?\2$" }));
        Assert.Single(await Queries.ListServersAsync(new() { NamePattern = "^(a+)+!$" }));
    }

    [Fact]
    public async Task ListServers_UnknownSortKey_IsAnArgumentError() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Queries.ListServersAsync(new() { Sort = [("body; DROP TABLE tasks", false)] }));

    [Fact]
    public async Task ListServers_UnknownMarkerOrOutOfScope_Throws()
    {
        var instance = Some.Instance();
        await ApplyAsync(Some.Commit(instance));

        await Assert.ThrowsAsync<MarkerNotFoundException>(() => Queries.ListServersAsync(new() { Marker = InstanceId.New() }));
        await Assert.ThrowsAsync<MarkerNotFoundException>(() => Queries.ListServersAsync(new() { Marker = instance.Id, Project = new("other") }));
        Assert.Empty(await Queries.ListServersAsync(new() { Marker = instance.Id, Statuses = ["ERROR"] }));
    }

    [Fact]
    public async Task ListServers_PagesOverAThousandInEveryOrder_LoseAndRepeatNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Journal.CommitAsync(Some.Commit(Some.Instance($"vm-{i * 7919 % 100:D3}") with
        {
            CreatedAt = Some.Start.AddSeconds(i % 37), Host = i % 3 == 0 ? null : new HostName($"h{i % 5}"), KeyName = i % 2 == 0 ? null : "k",
            LaunchedAt = i % 4 == 0 ? null : Some.Start.AddMinutes(i % 11), VmState = (VmState)(i % 4),
        }))));
        (string, bool)[][] orders =
        [
            [("created_at", true)], [("created_at", false)], [("display_name", false), ("created_at", true)], [("host", true), ("key_name", false)],
            [("launched_at", false), ("vm_state", true)], [("key_name", true)], [("launched_at", true), ("progress", true)], [],
        ];
        foreach (var order in orders)
        {
            var whole = (await Queries.ListServersAsync(new() { Sort = order, Limit = 2000 })).Select(v => v.Instance.Id).ToArray();
            var paged = new List<InstanceId>();
            IReadOnlyList<ServerView> page;
            do
            {
                page = await Queries.ListServersAsync(new() { Sort = order, Limit = 83, Marker = paged.Count == 0 ? null : paged[^1] });
                paged.AddRange(page.Select(v => v.Instance.Id));
            }
            while (page.Count > 0);

            Assert.Equal(1000, whole.Distinct().Count());
            Assert.Equal(whole, paged);
        }
    }

    [Fact]
    public async Task ListServers_SortedByName_IsInOrder()
    {
        foreach (var name in new[] { "b", "c", "a" })
        {
            await ApplyAsync(Some.Commit(Some.Instance(name)));
        }

        Assert.Equal(["a", "b", "c"], (await Queries.ListServersAsync(new() { Sort = [("display_name", false)] })).Select(v => v.Instance.Name));
        Assert.Equal(["c", "b", "a"], (await Queries.ListServersAsync(new() { Sort = [("display_name", true)] })).Select(v => v.Instance.Name));
    }

    [Fact]
    public async Task ListTasks_EachFilter_FindsExactlyItsTask()
    {
        var other = Some.Task();
        var wanted = Some.Task(kind: "reboot") with
        {
            Project = new("p2"), User = new("u2"), Host = new HostName("h2"), CreatedAt = Some.Start.AddDays(1), UpdatedAt = Some.Start.AddDays(1), Run = TaskRun.Waiting,
        };
        await ApplyAsync(Some.Commit(other, wanted));
        TaskFilter[] filters =
        [
            new() { Project = new("p2") }, new() { User = new("u2") }, new() { Host = new HostName("h2") }, new() { Instance = wanted.Instance }, new() { Request = wanted.Request },
            new() { Kinds = [new("reboot"), new("delete")] }, new() { States = ["waiting"] }, new() { ChangesSince = Some.Start.AddHours(1) },
        ];
        foreach (var filter in filters)
        {
            Assert.Equal(wanted.Id, Assert.Single(await Queries.ListTasksAsync(filter)).Id);
        }

        Assert.Equal(other.Id, Assert.Single(await Queries.ListTasksAsync(new() { ChangesBefore = Some.Start })).Id);
        Assert.Equal([wanted.Id, other.Id], (await Queries.ListTasksAsync(new())).Select(t => t.Id));
        Assert.Empty(await Queries.ListTasksAsync(new() { States = [] }));
    }

    [Fact]
    public async Task ListTasks_Paged_LosesAndRepeatsNothing()
    {
        var tasks = Enumerable.Range(0, 200).Select(i => Some.Task() with { CreatedAt = Some.Start.AddSeconds(i % 7) }).ToArray();
        await ApplyAsync(Some.Commit(tasks));
        var paged = new List<TaskRecord>();
        IReadOnlyList<TaskRecord> page;
        do
        {
            page = await Queries.ListTasksAsync(new() { Project = Some.Project, Limit = 33, Marker = paged.Count == 0 ? null : paged[^1].Id });
            paged.AddRange(page);
        }
        while (page.Count > 0);

        Assert.Equal(tasks.Select(t => t.Id.Value).Order(), paged.Select(t => t.Id.Value).Order());
        Assert.Equal(paged.OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id.ToString(), StringComparer.Ordinal).Select(t => t.Id), paged.Select(t => t.Id));
        await Assert.ThrowsAsync<MarkerNotFoundException>(() => Queries.ListTasksAsync(new() { Marker = TaskId.New() }));
        await Assert.ThrowsAsync<MarkerNotFoundException>(() => Queries.ListTasksAsync(new() { Marker = tasks[0].Id, Project = new("other") }));
    }

    [Fact]
    public async Task ListTasks_SortedAndPaged_LosesAndRepeatsNothing_AndIsInOrder()
    {
        string[] kinds = ["stop", "start", "delete"];
        var tasks = Enumerable.Range(0, 120).Select(i => Some.Task(kind: kinds[i % 3]) with
        {
            CreatedAt = Some.Start.AddSeconds(i % 7), UpdatedAt = Some.Start.AddSeconds(i % 11), FinishedAt = i % 4 == 0 ? null : Some.Start.AddSeconds(i % 5), User = new($"u{i % 2}"),
        }).ToArray();
        await ApplyAsync(Some.Commit(tasks));
        (string, bool)[][] orders =
        [
            [("created_at", false)], [("updated_at", true)], [("finished_at", true)], [("finished_at", false), ("kind", true)], [("kind", false), ("created_at", true)],
            [("user_id", true), ("updated_at", false), ("state", true)], [("server_id", false)], [("id", true)], [("project_id", true)], [],
        ];
        foreach (var order in orders)
        {
            var whole = (await Queries.ListTasksAsync(new() { Sort = order })).Select(t => t.Id).ToArray();
            var paged = new List<TaskId>();
            IReadOnlyList<TaskRecord> page;
            do
            {
                page = await Queries.ListTasksAsync(new() { Sort = order, Limit = 13, Marker = paged.Count == 0 ? null : paged[^1] });
                paged.AddRange(page.Select(t => t.Id));
            }
            while (page.Count > 0);

            Assert.Equal(120, whole.Distinct().Count());
            Assert.Equal(whole, paged);
        }

        var byKind = (await Queries.ListTasksAsync(new() { Sort = [("kind", false), ("created_at", true)] })).Select(t => (t.Kind.Name, t.CreatedAt)).ToList();
        Assert.Equal(byKind.OrderBy(t => t.Name, StringComparer.Ordinal).ThenByDescending(t => t.CreatedAt), byKind);
        var byEnd = (await Queries.ListTasksAsync(new() { Sort = [("finished_at", false)] })).Select(t => t.FinishedAt).ToList();
        Assert.Equal(byEnd.Order(), byEnd);
        await Assert.ThrowsAsync<ArgumentException>(() => Queries.ListTasksAsync(new() { Sort = [("body; DROP TABLE tasks", false)] }));
    }

    [Fact]
    public async Task Read_DuringCommits_NeverSeesHalfOfOne()
    {
        var instance = Some.Instance();
        await ApplyAsync(Some.Commit(instance));
        var writer = Task.Run(async () =>
        {
            for (var round = 1; round <= 60; round++)
            {
                var task = Some.Task(instance.Id);
                await ApplyAsync(Some.Commit(task) with { Instance = new(instance with { Version = round * 2, Holder = new(task.Id, task.Kind, task.Request) }, (round * 2) - 1) });
                await ApplyAsync(Some.Commit(task.Ended()) with { Instance = new(instance with { Version = (round * 2) + 1 }, round * 2) });
            }
        });
        while (!writer.IsCompleted)
        {
            AssertWhole((await Queries.GetServerAsync(instance.Id))!);
            AssertWhole(Assert.Single(await Queries.ListServersAsync(new())));
        }

        await writer;

        static void AssertWhole(ServerView view)
        {
            Assert.Equal(view.Instance.Holder?.Id, view.Holder?.Id);
            Assert.NotEqual(true, view.Holder?.IsEnded);
        }
    }

    [Fact]
    public async Task Count_OfAnEmptyStore_IsEmpty()
    {
        var counts = await Queries.CountAsync(TimeSpan.FromHours(1));

        Assert.Equal((0, 0, 0, 0, 0), (counts.Servers.Count, counts.Open.Count, counts.Ended.Count, counts.Failures.Count, counts.Hosts.Count));
    }

    [Fact]
    public async Task Count_Servers_ByStateWithoutDeletedOnes()
    {
        foreach (var state in new[] { VmState.Active, VmState.Active, VmState.Stopped, VmState.Error, VmState.Deleted })
        {
            await ApplyAsync(Some.Commit(Some.Instance() with { VmState = state }));
        }

        var changed = Some.Instance() with { VmState = VmState.Building };
        await ApplyAsync(Some.Commit(changed));
        await ApplyAsync(Some.Commit(changed with { VmState = VmState.Active, Version = 2 }));

        var servers = (await Queries.CountAsync(TimeSpan.FromHours(1))).Servers;

        Assert.Equal([(VmState.Active, 3), (VmState.Stopped, 1), (VmState.Error, 1)], servers.OrderByDescending(s => s.Value).ThenBy(s => s.Key).Select(s => (s.Key, s.Value)));
    }

    [Fact]
    public async Task Count_OpenTasks_ByStateAndKindAndByHost()
    {
        HostName h1 = new("h1"), h2 = new("h2");
        await ApplyAsync(Some.Commit(
            Some.Task() with { Host = h1 }, Some.Task() with { Host = h1 }, Some.Task() with { Host = h2 }, Some.Task(kind: "reboot") with { Host = h1, Run = TaskRun.Waiting },
            Some.Task() with { Run = TaskRun.Queued }, Some.Task() with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention, Generation = 7 }));
        await Journal.RefuseAsync(TaskId.New());

        var counts = await Queries.CountAsync(TimeSpan.FromHours(1));

        Assert.Equal(
            ["needs_attention stop 1", "queued stop 1", "running stop 3", "waiting reboot 1"],
            counts.Open.Select(c => $"{c.Key.State} {c.Key.Kind.Name} {c.Value}").Order(StringComparer.Ordinal));
        Assert.Equal(["h1 running 2", "h1 waiting 1", "h2 running 1"], counts.Hosts.Select(c => $"{c.Key.Host.Value} {c.Key.State} {c.Value}").Order(StringComparer.Ordinal));
        Assert.Empty(counts.Ended);
    }

    [Fact]
    public async Task Count_EndedTasks_OnlyThoseOfTheWindowInDatabaseTime()
    {
        var old = Some.Task();
        await ApplyAsync(Some.Commit(old));
        await ApplyAsync(Some.Commit(old.Ended(TaskOutcome.Failed)));
        await Store.MoveClockAsync(TimeSpan.FromHours(2));
        TaskRecord[] tasks = [Some.Task(), Some.Task(), Some.Task(kind: "reboot"), Some.Task(), Some.Task(), Some.Task()];
        await ApplyAsync(Some.Commit(tasks));
        await ApplyAsync(Some.Commit(
            tasks[0].Ended(), tasks[1].Ended(TaskOutcome.Failed), tasks[2].Ended(TaskOutcome.Failed), tasks[3].Ended(TaskOutcome.Canceled),
            tasks[4].Ended(TaskOutcome.Failed) with { Failure = new(FailureKinds.Timeout, "late") }));
        await Journal.RefuseAsync(TaskId.New());

        var counts = await Queries.CountAsync(TimeSpan.FromHours(1));

        Assert.Equal(
            ["canceled stop 1", "failed reboot 1", "failed stop 2", "succeeded stop 1"],
            counts.Ended.Select(c => $"{c.Key.State} {c.Key.Kind.Name} {c.Value}").Order(StringComparer.Ordinal));
        Assert.Equal([("guest", 2), ("timeout", 1)], counts.Failures.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => (f.Key, f.Value)));
        Assert.Equal(4, (await Queries.CountAsync(TimeSpan.FromHours(3))).Failures.Values.Sum());
    }

    [Fact]
    public async Task Count_FailureThatCannotBeReadOrHasNoKind_CountsAsInternal()
    {
        var (unreadable, without) = (Some.Task(), Some.Task());
        await ApplyAsync(Some.Commit(unreadable, without));
        await ApplyAsync(Some.Commit(unreadable.Ended(TaskOutcome.Failed), without.Ended(TaskOutcome.Failed) with { Failure = null }));
        await Store.CorruptTaskAsync(unreadable.Id);

        Assert.Equal([(FailureKinds.Internal, 2)], (await Queries.CountAsync(TimeSpan.FromHours(1))).Failures.Select(f => (f.Key, f.Value)));
    }

    [Fact]
    public async Task WaitForRest_EndWhileWaiting_ReturnsTheEndAndNoStepBefore()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var wait = Queries.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(5));

        await ApplyAsync(Some.Commit(Some.Task()));
        await ApplyAsync(Some.Commit(task.Next()));
        var end = task.Next().Ended();
        await ApplyAsync(Some.Commit(end));

        Assert.Equal((3, "succeeded"), await SeenAsync(wait));
    }

    [Fact]
    public async Task WaitForRest_AttentionNeeded_Returns()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var wait = Queries.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(5));

        await ApplyAsync(Some.Commit(task.Next() with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention }));

        Assert.Equal((2, "needs_attention"), await SeenAsync(wait));
    }

    [Fact]
    public async Task WaitForRest_AtRestAlready_ReturnsAtOnce()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        await ApplyAsync(Some.Commit(task.Ended()));

        Assert.Equal((2, "succeeded"), await SeenAsync(Queries.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(5))));
    }

    [Fact]
    public async Task WaitForRest_TimeOver_ReturnsItAsItIs()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));

        Assert.Equal((1, task.State), await SeenAsync(Queries.WaitForRestAsync(task.Id, TimeSpan.FromMilliseconds(1))));
        Assert.Null(await Queries.WaitForRestAsync(TaskId.New(), TimeSpan.FromMilliseconds(1)).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task WaitForRest_Cancelled_Ends()
    {
        using var cancel = new CancellationTokenSource();
        var wait = Queries.WaitForRestAsync(TaskId.New(), TimeSpan.FromMinutes(5), cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    private static async Task<(long Seq, string State)> SeenAsync(Task<TaskRecord?> wait)
    {
        var task = await wait.WaitAsync(TimeSpan.FromSeconds(30));
        return (task!.Seq, task.State);
    }

    [Fact]
    public async Task Flavors_DefaultsAddUpdateDelete()
    {
        var catalog = Store.Catalog;
        var defaults = await catalog.ListFlavorsAsync();
        Assert.Equal(
            ["1 m1.tiny 512 1 1", "2 m1.small 2048 1 20", "3 m1.medium 4096 2 40", "4 m1.large 8192 4 80", "5 m1.xlarge 16384 8 160"],
            defaults.Select(f => $"{f.Id} {f.Name} {f.RamMb} {f.Vcpus} {f.DiskGb}"));
        Assert.All(defaults, f => Assert.True(f.IsPublic));
        var flavor = new Flavor
        {
            Id = "x", Name = "x1", Vcpus = 3, RamMb = 64, DiskGb = 0, EphemeralGb = 2, SwapMb = 5, RxtxFactor = 0, IsPublic = false, Description = "d",
            ExtraSpecs = new Dictionary<string, string> { ["hw:a"] = "b" },
        };

        Assert.True(await catalog.AddFlavorAsync(flavor));
        Assert.False(await catalog.AddFlavorAsync(flavor with { Name = "other" }));
        Assert.False(await catalog.AddFlavorAsync(flavor with { Id = "other" }));
        Assert.True(await catalog.UpdateFlavorAsync(flavor with { Description = null, ExtraSpecs = new Dictionary<string, string>(), Vcpus = 99 }));
        Assert.False(await catalog.UpdateFlavorAsync(flavor with { Id = "none" }));

        var read = (await catalog.GetFlavorAsync("x"))!;
        Assert.Equal((3, 0.0, false, null, 0), (read.Vcpus, read.RxtxFactor, read.IsPublic, read.Description, read.ExtraSpecs.Count));
        Assert.True(await catalog.DeleteFlavorAsync("x"));
        Assert.False(await catalog.DeleteFlavorAsync("x"));
        Assert.Null(await catalog.GetFlavorAsync("x"));
    }

    [Fact]
    public async Task KeyPairs_BelongToTheirUser()
    {
        var pair = new KeyPair(Some.User, "k", "ssh-ed25519 AAA", "fp", "ssh", Some.Start);

        Assert.True(await Store.Catalog.AddKeyPairAsync(pair));
        Assert.False(await Store.Catalog.AddKeyPairAsync(pair with { PublicKey = "other" }));
        Assert.True(await Store.Catalog.AddKeyPairAsync(pair with { User = new("u2") }));

        Assert.Equal(pair, await Store.Catalog.GetKeyPairAsync(Some.User, "k"));
        Assert.Equal([pair], await Store.Catalog.ListKeyPairsAsync(Some.User));
        Assert.True(await Store.Catalog.DeleteKeyPairAsync(Some.User, "k"));
        Assert.False(await Store.Catalog.DeleteKeyPairAsync(Some.User, "k"));
        Assert.Null(await Store.Catalog.GetKeyPairAsync(Some.User, "k"));
        Assert.Single(await Store.Catalog.ListKeyPairsAsync(new("u2")));
    }
}
