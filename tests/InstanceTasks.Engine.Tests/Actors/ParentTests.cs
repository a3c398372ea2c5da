using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Tasks whose work is done by other tasks (design §4.2).</summary>
public sealed class ParentTests
{
    private readonly Cluster _cluster = new();

    [Fact]
    public async Task Bulk_OfStops_StopsEveryInstanceAndCounts()
    {
        var instances = Add(7);
        var parent = await BulkAsync(TaskKinds.Stop, instances, concurrency: 3);

        await _cluster.RunToRestAsync();

        Assert.Equal("succeeded", _cluster.Task(parent).State);
        Assert.Equal(new ChildCounts(7, 7, 0, 0), _cluster.Journal.Tasks[parent].Children);
        Assert.All(instances, i => Assert.Equal(VmState.Stopped, _cluster.Instance(i).VmState));
        Assert.All(Children(parent), c => Assert.Equal((parent, _cluster.Task(parent).Request), (c.Parent, c.Request)));
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Bulk_WithConcurrency_NeverHasMoreUnderWay()
    {
        var most = 0;
        var after = _cluster.Journal.After!;
        _cluster.Journal.After = c =>
        {
            after(c);
            most = Math.Max(most, _cluster.Journal.Tasks.Values.Count(t => t.Record is { Parent: not null, IsEnded: false }));
        };

        await BulkAsync(TaskKinds.Stop, Add(8), concurrency: 2);
        await _cluster.RunToRestAsync();

        Assert.Equal(2, most);
    }

    [Fact]
    public async Task Creates_AreAccepted_WithTheFirstAndTheQuotaOfAllInOneCommit()
    {
        var parent = await CreateAsync(5);

        var accept = Assert.Single(_cluster.Journal.Commits);
        Assert.Equal([parent, ChildIds.TaskOf(parent, 0)], accept.Tasks.Select(t => t.After.Id));
        Assert.Equal([new QuotaChange(Some.Project, 5, 5, 5 * 512)], accept.Quota);
        await _cluster.RunToRestAsync();

        Assert.Equal("succeeded", _cluster.Task(parent).State);
        Assert.Equal(["many-1", "many-2", "many-3", "many-4", "many-5"], _cluster.Journal.Instances.Values.Select(i => i.Name).Order(StringComparer.Ordinal));
        Assert.Equal([0, 1, 2, 3, 4], _cluster.Journal.Instances.Values.Select(i => i.LaunchIndex).Order());
        Assert.All(_cluster.Journal.Instances.Values, i => Assert.Equal(VmState.Active, i.VmState));
        Assert.Equal((5, 5, 5 * 512), Used());
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Creates_WithUserData_EachServerKeepsIt()
    {
        var request = WithUserData(5);

        await _cluster.SubmitAsync(request);
        await _cluster.RunToRestAsync();

        var kept = _cluster.Journal.Secrets.Where(s => s.DiesWithInstance).ToList();
        Assert.Equal(_cluster.Journal.Instances.Keys.Select(i => i.Value).Order(), kept.Select(s => s.Owner).Order());
        Assert.All(kept, s => Assert.Equal((SecretNames.UserData, (byte)7), (s.Name, Assert.Single(s.Ciphertext))));
        Assert.Equal(5, kept.Count);
    }

    [Fact]
    public async Task Creates_WhoseUserDataIsLost_MakeNoServerWithoutIt()
    {
        var request = WithUserData(5);
        await _cluster.SubmitAsync(request);
        Assert.Equal(1, _cluster.Journal.Secrets.RemoveAll(s => s.Owner == request.Task.Value));

        await _cluster.RunToRestAsync();

        Assert.Contains("user data", _cluster.Task(request.Task).Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(VmState.Deleted, Assert.Single(_cluster.Journal.Instances.Values).VmState);
        Assert.Equal((0, 0, 0), Used());
    }

    // The memory of so many went round the clock: the limit was no limit, and the usage less than nothing.
    [Fact]
    public async Task Creates_OfMoreThanCanBeCounted_AreRefused()
    {
        var request = Creates(1000);
        var answer = await _cluster.SubmitAsync(request with { Children = request.Children! with { Template = request.Children.Template! with { Flavor = Some.Flavor with { RamMb = 4_194_304 } } } });

        Assert.Equal(RefusalKind.Quota, answer.Refusal!.Kind);
        Assert.Empty(_cluster.Journal.Tasks);
    }

    [Fact]
    public async Task Creates_OverQuota_LeaveNothing()
    {
        _cluster.Journal.Quota[Some.Project] = new QuotaUsage(0, 0, 0, MaxInstances: 4);

        var answer = await _cluster.SubmitAsync(Creates(5));

        Assert.Equal(RefusalKind.Quota, answer.Refusal!.Kind);
        Assert.Empty(_cluster.Journal.Tasks);
        Assert.Empty(_cluster.Journal.Instances);
    }

    [Fact]
    public async Task Bulk_WithOneThatIsRefused_DoesTheOthersAndFailsWithTheReason()
    {
        InstanceId[] instances = [.. Add(2), _cluster.Add(VmState.Stopped).Id, .. Add(1)];

        var parent = await BulkAsync(TaskKinds.Stop, instances);
        await _cluster.RunToRestAsync();

        var task = _cluster.Task(parent);
        Assert.Equal(("failed", FailureKinds.Children, 1), (task.State, task.Failure!.Kind, task.Children!.Refused));
        Assert.Contains("1 of 4 tasks were refused", task.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("stopped", task.Children.RefusedBecause[2], StringComparison.Ordinal);
        Assert.All(instances, i => Assert.Equal(VmState.Stopped, _cluster.Instance(i).VmState));
        Assert.Equal(3, _cluster.Journal.Tasks[parent].Children.Succeeded);
    }

    [Fact]
    public async Task Bulk_WithinItsBudget_SucceedsAlthoughSomeFailed()
    {
        _cluster.World.On("start-machine", Act.FailFinal);

        var parent = await BulkAsync(TaskKinds.Start, Add(3, VmState.Stopped), budget: 1);
        await _cluster.RunToRestAsync();

        Assert.Equal(("succeeded", 1), (_cluster.Task(parent).State, _cluster.Journal.Tasks[parent].Children.Failed));
    }

    [Fact]
    public async Task Bulk_OverItsBudget_BeginsNoMoreAndStopsWhatRuns()
    {
        _cluster.World.On("start-machine", Act.FailFinal, Act.FailFinal, Act.Hang);
        var instances = Add(9, VmState.Stopped);

        var parent = await BulkAsync(TaskKinds.Start, instances, concurrency: 3, budget: 1);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        var task = _cluster.Task(parent);
        Assert.Equal(("undoing", FailureKinds.Children), (task.State, task.Failure!.Kind));
        Assert.Equal("canceling", Assert.Single(Children(parent), c => !c.IsEnded).State);
        _cluster.Worker.FinishAll(Act.Succeed);
        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal("failed", _cluster.Task(parent).State);
        Assert.Equal(new ChildCounts(3, 0, 2, 1), _cluster.Journal.Tasks[parent].Children);
        Assert.All(instances, i => Assert.Equal(VmState.Stopped, _cluster.Instance(i).VmState));
    }

    [Fact]
    public async Task Cancel_OfCreatesHalfWay_LeavesNothingBehind()
    {
        // Two are there, two hang, and one has not been asked for.
        _cluster.World.On("start-machine", Act.Succeed, Act.Succeed, Act.Hang, Act.HangAfterEffect);
        var parent = await CreateAsync(5, concurrency: 2);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(new ChildCounts(4, 2, 0, 0), _cluster.Journal.Tasks[parent].Children);

        Assert.True((await _cluster.CommandAsync(parent, TaskCommandKind.Cancel)).Accepted);
        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal("canceled", _cluster.Task(parent).State);
        Assert.All(_cluster.Journal.Instances.Values, i => Assert.Equal(VmState.Deleted, i.VmState));
        Assert.Equal((0, 0, 0), Used());
        Assert.Empty(_cluster.Journal.Claims);
        Invariants.CheckWorld(_cluster);
    }

    // Found by the simulator: the parent took a delete that somebody else had asked for as its own; that was canceled, and the server was left.
    [Fact]
    public async Task Cancel_OfCreates_SomebodyElsesDeleteIsCanceled_LeavesNothingBehind()
    {
        _cluster.World.On("start-machine", Act.Hang, Act.Hang);
        var parent = await CreateAsync(2);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        _cluster.Worker.Polls = false;
        var first = _cluster.Task(parent).Children!.InstanceOf(parent, 0);
        var delete = await _cluster.AcceptAsync(TaskKinds.Delete, first);
        await _cluster.CommandAsync(parent, TaskCommandKind.Cancel);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(3));
        Assert.Equal((TaskPhase.Undo, 0), (_cluster.Task(parent).Phase, _cluster.Task(parent).Children!.Removed));

        Assert.True((await _cluster.CommandAsync(delete.Task, TaskCommandKind.Cancel)).Accepted);
        _cluster.Worker.Polls = true;
        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", "canceled"), (_cluster.Task(delete.Task).State, _cluster.Task(parent).State));
        Assert.All(_cluster.Journal.Instances.Values, i => Assert.Equal(VmState.Deleted, i.VmState));
        Invariants.CheckWorld(_cluster);
    }

    // Found in review: a parent asked for the removal of its first fifty servers over and over, as long as somebody else's delete of one of them did not end.
    [Fact]
    public async Task Cancel_OfCreates_SomebodyElsesDeleteStands_TheOthersGoAllTheSame()
    {
        const int Total = 60;
        _cluster.Journal.Hosts[Some.Host1] = _cluster.Journal.Hosts[Some.Host1] with { Capacity = new Resources(1000, 1_000_000, 10_000) };
        _cluster.World.On("start-machine", [.. Enumerable.Repeat(Act.Succeed, Total - 1), Act.Hang]);
        var parent = await CreateAsync(Total, concurrency: Total);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(20));
        var first = _cluster.Task(parent).Children!.InstanceOf(parent, 0);
        _cluster.World.On("power-off", Act.Hang);
        var delete = await _cluster.AcceptAsync(TaskKinds.Delete, first);
        await _cluster.RunAsync();

        await _cluster.CommandAsync(parent, TaskCommandKind.Cancel);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(40));

        Assert.False(_cluster.Task(delete.Task).IsEnded);
        Assert.Equal([first], _cluster.Journal.Instances.Values.Where(i => i.VmState != VmState.Deleted).Select(i => i.Id));
        Assert.Equal((TaskPhase.Undo, 0), (_cluster.Task(parent).Phase, _cluster.Task(parent).Children!.Removed));
    }

    [Fact]
    public async Task Cancel_OfCreates_OneIsLocked_StaysAndTheParentSaysWhy()
    {
        _cluster.World.On("start-machine", Act.Succeed, Act.Hang);
        var parent = await CreateAsync(2);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        var first = _cluster.Task(parent).Children!.InstanceOf(parent, 0);
        await _cluster.SubmitAsync(Some.Request(TaskKinds.Lock, first) with { Caller = Some.Admin });

        await _cluster.CommandAsync(parent, TaskCommandKind.Cancel);
        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", VmState.Active), (_cluster.Task(parent).State, _cluster.Instance(first).VmState));
        Assert.Equal([0], _cluster.Task(parent).Children!.RefusedBecause.Keys);
        Assert.Contains("is locked", _cluster.Task(parent).Children!.RefusedBecause[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_OfABulk_ReachesTheChildrenAndBeginsNoMore()
    {
        _cluster.World.On("start-machine", Act.Hang, Act.Hang);
        var instances = Add(5, VmState.Stopped);
        var parent = await BulkAsync(TaskKinds.Start, instances, concurrency: 2);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));

        await _cluster.CommandAsync(parent, TaskCommandKind.Cancel);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(["canceling", "canceling"], Children(parent).Select(c => c.State));
        _cluster.Worker.FinishAll(Act.Succeed);
        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal("canceled", _cluster.Task(parent).State);
        Assert.Equal(new ChildCounts(2, 0, 0, 2), _cluster.Journal.Tasks[parent].Children);
        Assert.All(Children(parent), c => Assert.Contains(c.Commands, m => m.Reason!.Contains(parent.ToString(), StringComparison.Ordinal)));
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Pause_ReachesTheChildren_AndResumeLetsThemGoOn()
    {
        _cluster.World.On("prepare-disk", Act.Hang);
        var parent = await CreateAsync(3, concurrency: 1);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));

        await _cluster.CommandAsync(parent, TaskCommandKind.Pause);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        var child = Assert.Single(Children(parent));
        Assert.Equal(("paused", "pausing"), (_cluster.Task(parent).State, child.State));
        _cluster.Worker.FinishAll(Act.Succeed);
        await _cluster.RunForAsync(TimeSpan.FromMinutes(10));
        Assert.Equal(("paused", "paused"), (_cluster.Task(parent).State, _cluster.Task(child.Id).State));

        await _cluster.CommandAsync(parent, TaskCommandKind.Resume);
        await _cluster.RunToRestAsync();

        Assert.Equal(("succeeded", 3), (_cluster.Task(parent).State, _cluster.Journal.Tasks[parent].Children.Succeeded));
    }

    [Fact]
    public async Task AcceptOfAChild_AfterTheParentHasMovedOn_IsRefused()
    {
        _cluster.World.On("start-machine", Act.Hang, Act.Hang);
        var parent = await BulkAsync(TaskKinds.Start, Add(4, VmState.Stopped), concurrency: 1);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        var late = ParentRules.RequestOf(_cluster.Task(parent), 3);
        await _cluster.CommandAsync(parent, TaskCommandKind.Pause);

        var answer = await _cluster.SubmitAsync(late);

        Assert.Equal((AcceptVerdict.Refused, RefusalKind.ParentMoved), (answer.Verdict, answer.Refusal!.Kind));
        Assert.False(_cluster.Journal.Tasks.ContainsKey(late.Task));
    }

    /// <summary>Whatever becomes of any one commit, each child is made once, counted once, and the quota is right at every moment.</summary>
    [Theory]
    [InlineData(Trouble.UnknownButApplied, false)]
    [InlineData(Trouble.UnknownNotApplied, false)]
    [InlineData(Trouble.TaskConflict, false)]
    [InlineData(Trouble.UnknownButApplied, true)]
    [InlineData(Trouble.UnknownNotApplied, true)]
    public async Task EveryCommit_OfAParentInTrouble_EndsTheSame(Trouble trouble, bool cancels)
    {
        var commits = int.MaxValue;
        for (var number = 2; number <= commits; number++)
        {
            var cluster = new Cluster();
            var struck = 0;
            cluster.Journal.Script = (n, _) => n == number && ++struck > 0 ? trouble : Trouble.None;
            var parent = (await cluster.SubmitAsync(Creates(3, concurrency: 2))).Task;
            if (cancels)
            {
                await cluster.RunForAsync(TimeSpan.FromMilliseconds(100));
                await cluster.CommandAsync(parent, TaskCommandKind.Cancel);
                // Whoever is not told whether it was recorded asks again.
                await cluster.CommandAsync(parent, TaskCommandKind.Cancel);
            }

            await cluster.RunToRestAsync(recovery: true);
            commits = cluster.Journal.Asked;
            Assert.True(struck == 1 || number > commits, $"commit {number} of {commits} was not struck");
            Assert.Equal(cancels ? "canceled" : "succeeded", cluster.Task(parent).State);
            var counts = cluster.Journal.Tasks[parent].Children;
            Assert.Equal((0, cluster.Journal.Tasks.Values.Count(t => t.Record.Parent == parent)), (counts.Open, counts.Started));
            Assert.All(cluster.Journal.Instances.Values, i => Assert.Equal(cancels ? VmState.Deleted : VmState.Active, i.VmState));
            Assert.Equal(cancels ? 0 : 3, cluster.Journal.Quota[Some.Project].Instances);
            Invariants.CheckWorld(cluster);
        }

        Assert.InRange(commits, 10, 200);
    }

    [Fact]
    public async Task ProcessOfTheParentDies_AnotherGoesOn()
    {
        _cluster.World.On("start-machine", Act.Hang, Act.Hang);
        var parent = await BulkAsync(TaskKinds.Start, Add(6, VmState.Stopped), concurrency: 2);
        await _cluster.RunForAsync(TimeSpan.FromSeconds(1));
        var dead = _cluster.Home;
        _cluster.Home = _cluster.AddNode();
        dead.Kill();
        _cluster.EndLease(dead);

        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("succeeded", 6), (_cluster.Task(parent).State, _cluster.Journal.Tasks[parent].Children.Succeeded));
        Assert.True(_cluster.Task(parent).Epoch > 1);
    }

    [Fact]
    public async Task WakeUpsAreLost_TheParentEndsAllTheSame()
    {
        _cluster.LosesWakes = true;
        var parent = await BulkAsync(TaskKinds.Stop, Add(4));

        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal("succeeded", _cluster.Task(parent).State);
    }

    [Fact]
    public async Task Bulk_OfAKindInOneCommit_CountsChildrenThatAreAcceptedEnded()
    {
        var instances = Add(3);
        var parent = await BulkAsync(TaskKinds.Lock, instances);

        await _cluster.RunToRestAsync();

        Assert.Equal(("succeeded", new ChildCounts(3, 3, 0, 0)), (_cluster.Task(parent).State, _cluster.Journal.Tasks[parent].Children));
        Assert.All(instances, i => Assert.True(_cluster.Instance(i).Locked));
    }

    [Fact]
    public async Task Deadline_OfAParent_StopsItAndItsChildren()
    {
        _cluster.World.On("start-machine", Act.Hang);
        var request = Bulk(TaskKinds.Start, Add(2, VmState.Stopped), concurrency: 1) with { DeadlineIn = TimeSpan.FromSeconds(10) };
        var parent = (await _cluster.SubmitAsync(request)).Task;
        await _cluster.RunForAsync(TimeSpan.FromSeconds(12));
        Assert.Equal("canceling", Assert.Single(Children(parent)).State);
        _cluster.Worker.FinishAll(Act.Succeed);

        await _cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("failed", FailureKinds.Deadline), (_cluster.Task(parent).State, _cluster.Task(parent).Failure!.Kind));
        Assert.Equal(0, _cluster.Journal.Tasks[parent].Children.Open);
    }

    [Theory]
    [InlineData(0, 1, "no instance")]
    [InlineData(2, 0, "At least one child")]
    public async Task Submit_OfNonsense_IsRefusedInWords(int total, int concurrency, string words)
    {
        var answer = await _cluster.SubmitAsync(Bulk(TaskKinds.Stop, [.. Enumerable.Range(0, total).Select(_ => InstanceId.New())], concurrency));

        Assert.Equal(RefusalKind.Invalid, answer.Refusal!.Kind);
        Assert.Contains(words, answer.Refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ChildIds_FollowFromTheParent()
    {
        var parent = TaskId.Parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

        Assert.Equal(ChildIds.TaskOf(parent, 7), ChildIds.TaskOf(parent, 7));
        Assert.Equal(300, Enumerable.Range(0, 100).SelectMany(i => new[] { ChildIds.TaskOf(parent, i), ChildIds.RemovalOf(parent, i), ChildIds.TaskOf(TaskId.New(), i) }).Distinct().Count());
        // It is stored: another id for the same child would make a second one after an upgrade.
        Assert.Equal("8976f989-b0ef-833f-bcb2-9af0c7014251", ChildIds.TaskOf(parent, 7).ToString());
    }

    private InstanceId[] Add(int count, VmState state = VmState.Active) => [.. Enumerable.Range(0, count).Select(_ => Add1(state))];

    private InstanceId Add1(VmState state)
    {
        _cluster.Journal.Hosts[Some.Host1] = _cluster.Journal.Hosts[Some.Host1] with { Capacity = new Resources(100, 100_000, 1000) };
        return _cluster.Add(state).Id;
    }

    private IEnumerable<TaskRecord> Children(TaskId parent) => _cluster.Journal.Tasks.Values.Select(t => t.Record).Where(t => t.Parent == parent);

    private (int, int, int) Used() => _cluster.Journal.Quota[Some.Project] is var used ? (used.Instances, used.Cores, used.RamMb) : default;

    private static SubmitTask Bulk(TaskKind kind, InstanceId[] instances, int concurrency = 10, int? budget = null) => Some.Request(TaskKinds.Bulk, default) with
    {
        Children = new ChildrenRecord { Kind = kind, Total = instances.Length, Targets = [.. instances], Concurrency = concurrency, FailureBudget = budget },
    };

    private static SubmitTask Creates(int count, int concurrency = 10) => Some.Request(TaskKinds.Bulk, default) with
    {
        Children = new ChildrenRecord
        {
            Kind = TaskKinds.Create, Total = count, Concurrency = concurrency, Template = Some.NewInstance(default) with { Name = "many" },
        },
    };

    private static SubmitTask WithUserData(int count)
    {
        var request = Creates(count);
        request.Secrets[SecretNames.UserData] = [7];
        return request with { Children = request.Children! with { Template = request.Children.Template! with { UserDataSet = true, UserDataSealedFor = request.Task.Value } } };
    }

    private Task<TaskId> BulkAsync(TaskKind kind, InstanceId[] instances, int concurrency = 10, int? budget = null) => AcceptAsync(Bulk(kind, instances, concurrency, budget));

    private Task<TaskId> CreateAsync(int count, int concurrency = 10) => AcceptAsync(Creates(count, concurrency));

    private async Task<TaskId> AcceptAsync(SubmitTask request)
    {
        var answer = await _cluster.SubmitAsync(request);
        Assert.True(answer.Verdict == AcceptVerdict.Accepted, answer.Refusal?.Message);
        return answer.Task;
    }
}
