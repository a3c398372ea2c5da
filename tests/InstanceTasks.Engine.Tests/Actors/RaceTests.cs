using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Every commit of every kind, once lost to somebody else, once with an unknown outcome: the task ends as asked all the same.</summary>
public sealed class RaceTests
{
    public static TheoryData<string, string> KindsAndTroubles() => WithTroubles(Some.LongKinds);

    public static TheoryData<string, string> CancellableKindsAndTroubles() =>
        WithTroubles(Some.LongKinds.Where(k => PlanRegistry.Find(new TaskKind(k))!.PointOfNoReturn > 0));

    private static TheoryData<string, string> WithTroubles(IEnumerable<string> kinds)
    {
        var data = new TheoryData<string, string>();
        foreach (var kind in kinds)
        {
            foreach (var trouble in Enum.GetNames<Trouble>().Skip(1))
            {
                data.Add(kind, trouble);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(KindsAndTroubles))]
    public async Task Commit_EachOneInTroubleOnce_TaskSucceedsWithoutADoubleEffect(string kind, string trouble)
    {
        var commits = (await RunAsync(kind, 0, Trouble.None)).Journal.Asked;
        for (var nth = 1; nth <= commits; nth++)
        {
            var cluster = await RunAsync(kind, nth, Enum.Parse<Trouble>(trouble));
            Assert.Equal(1, cluster.Journal.Troubles);
        }
    }

    [Theory]
    [MemberData(nameof(CancellableKindsAndTroubles))]
    public async Task UndoCommit_EachOneInTroubleOnce_TaskIsCanceledAndUndone(string kind, string trouble)
    {
        var commits = (await RunCanceledAsync(kind, 0, Trouble.None)).Journal.Asked;
        for (var nth = 1; nth <= commits; nth++)
        {
            await RunCanceledAsync(kind, nth, Enum.Parse<Trouble>(trouble));
        }
    }

    [Theory]
    [InlineData(Trouble.TaskConflict)]
    [InlineData(Trouble.InstanceConflict)]
    [InlineData(Trouble.UnknownButApplied)]
    [InlineData(Trouble.UnknownNotApplied)]
    public async Task SupersedeCommit_EachOneInTroubleOnce_DeleteSucceeds(Trouble trouble)
    {
        for (var nth = 1; nth <= 9; nth++)
        {
            var cluster = new Cluster();
            var instance = cluster.Add();
            cluster.World.On("shut-down-guest", Act.HangAfterEffect);
            await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
            await cluster.RunAsync();
            var asked = cluster.Journal.Asked;
            cluster.Journal.Script = (n, _) => n == asked + nth ? trouble : Trouble.None;

            await SubmitUntilAcceptedAsync(cluster, Some.Request(TaskKinds.Delete, instance.Id));
            await cluster.RunToRestAsync(recovery: true);

            Assert.Equal(["canceled", "succeeded"], cluster.Journal.Tasks.Values.Select(t => t.Record.State).Order());
            Invariants.CheckWorld(cluster);
        }
    }

    [Fact]
    public async Task Commit_ConflictsAgainAndAgain_GivesUpAndIsFoundByTheNextWake()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.Journal.Script = (n, c) => c.Name == "step" && n < 12 ? Trouble.TaskConflict : Trouble.None;

        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();

        Assert.Contains("lost too many races", cluster.Drops);
        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(cluster.World.Effects.Count, cluster.World.Effects.Select(e => e.Key).Distinct().Count());
    }

    [Fact]
    public async Task Settle_AnotherActivationClaimedMeanwhile_OnlyTheClaimantGoesOn()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Start, instance.Id)).Task;
        await cluster.RunAsync();
        var old = cluster.CellOf(task);
        cluster.Worker.Reports = false;
        cluster.Worker.Finish(Act.Succeed);
        var outcome = World.Outcome(Some.Attempt() with { Key = new VerbKey(task, "start-machine", Direction.Do), Stamp = cluster.World.Effects[0].Stamp }, AttemptResult.Succeeded);

        // A second activation in another process, as can be for seconds after a partition.
        var other = cluster.AddNode();
        await other.Cell(task).TurnAsync(a => a.WakeAsync(new WakeUp()));
        Assert.Equal((2, other.Generation), (cluster.Task(task).Epoch, cluster.Task(task).Generation));
        await old.TurnAsync(a => a.EndedAsync(outcome));

        Assert.Equal("another activation claimed the task", old.Dropped);
        Assert.Equal("running", cluster.Task(task).State);
        cluster.Worker.Reports = true;
        cluster.Home = other;
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Single(cluster.World.Effects);
        Assert.Equal(1, cluster.World.Observed);
    }

    [Fact]
    public async Task Accept_SentTwice_IsOneTask()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        var request = Some.Request(TaskKinds.Lock, instance.Id);

        var first = await cluster.SubmitAsync(request);
        var second = await cluster.SubmitAsync(request);

        Assert.Equal((AcceptVerdict.Accepted, AcceptVerdict.Accepted), (first.Verdict, second.Verdict));
        Assert.Single(cluster.Journal.Commits);
    }

    [Fact]
    public async Task Accept_AfterItsTombstone_IsRefused()
    {
        var cluster = new Cluster();
        var request = Some.Request(TaskKinds.Stop, cluster.Add().Id);
        Assert.True(await cluster.Journal.RefuseAsync(request.Task));

        var answer = await cluster.SubmitAsync(request);

        Assert.Equal((AcceptVerdict.Refused, RefusalKind.NotNow), (answer.Verdict, answer.Refusal!.Kind));
        Assert.Empty(cluster.Journal.Commits);
    }

    [Fact]
    public async Task Accept_SameIdempotencyKey_ReplaysOrRefuses()
    {
        var cluster = new Cluster();
        var stored = new StoredAnswer { Status = 202, Task = TaskId.New() };
        SubmitTask Keyed(byte hash) => Some.Request(TaskKinds.Lock, cluster.Journal.Instances.Keys.Single()) with
        {
            Idempotency = new IdempotencyClaim { Project = Some.Project, User = Some.Owner.User, Key = "k", BodyHash = [hash], Answer = stored },
        };
        cluster.Add();

        Assert.Equal(AcceptVerdict.Accepted, (await cluster.SubmitAsync(Keyed(1))).Verdict);
        var same = await cluster.SubmitAsync(Keyed(1));
        var other = await cluster.SubmitAsync(Keyed(2));

        Assert.Equal((AcceptVerdict.Replayed, stored.Task), (same.Verdict, same.Replay!.Task));
        Assert.Equal((AcceptVerdict.Refused, RefusalKind.KeyReused), (other.Verdict, other.Refusal!.Kind));
    }

    [Fact]
    public async Task Accept_OverQuota_IsRefusedWithTheDetail()
    {
        var cluster = new Cluster();
        cluster.Journal.Quota[Some.Project] = new QuotaUsage(0, 0, 0, MaxInstances: 0);

        var answer = await cluster.SubmitAsync(Some.Request(TaskKinds.Create, InstanceId.New()));

        Assert.Equal((RefusalKind.Quota, "Quota exceeded for instances: Requested 1, but already used 0 of 0 instances"), (answer.Refusal!.Kind, answer.Refusal.Message));
        Assert.Empty(cluster.Journal.Tasks);
    }

    [Fact]
    public async Task Accept_DryRun_WritesNothing()
    {
        var cluster = new Cluster();
        var request = Some.Request(TaskKinds.Stop, cluster.Add().Id) with { DryRun = true };

        Assert.Equal(AcceptVerdict.Accepted, (await cluster.SubmitAsync(request)).Verdict);
        Assert.Empty(cluster.Journal.Commits);
    }

    [Fact]
    public async Task Command_UnknownOutcome_IsFoundByItsIdAfterwards()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        cluster.Journal.Script = (_, c) => c.Name == "command" ? Trouble.UnknownButApplied : Trouble.None;
        var cancel = Some.Command(TaskCommandKind.Cancel);

        var first = await cluster.CellOf(task).Actor.CommandAsync(cancel);
        var second = await cluster.CellOf(task).Actor.CommandAsync(cancel);

        Assert.Equal((false, true), (first.Accepted, first.Unknown));
        Assert.Equal((true, "recorded before"), (second.Accepted, second.Effect));
        await cluster.RunToRestAsync(recovery: true);
        Assert.Equal("canceled", cluster.Task(task).State);
    }

    private static async Task<Cluster> RunAsync(string kindName, int nth, Trouble trouble)
    {
        var cluster = new Cluster();
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);
        cluster.Journal.Script = (n, _) => n == nth ? trouble : Trouble.None;

        var task = await SubmitUntilAcceptedAsync(cluster, Some.Request(kind, target));
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Single(cluster.Journal.Tasks);
        Assert.Equal(cluster.World.Effects.Count, cluster.World.Effects.Select(e => e.Key).Distinct().Count());
        Invariants.CheckWorld(cluster);
        return cluster;
    }

    private static async Task<Cluster> RunCanceledAsync(string kindName, int nth, Trouble trouble)
    {
        var cluster = new Cluster();
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);
        cluster.World.On(LastToCancel(PlanRegistry.Find(kind)!).Name, Act.HangAfterEffect);
        var task = (await cluster.AcceptAsync(kind, target)).Task;
        await cluster.RunAsync();
        var asked = cluster.Journal.Asked;
        cluster.Journal.Script = (n, _) => n == asked + nth ? trouble : Trouble.None;

        var cancel = Some.Command(TaskCommandKind.Cancel);
        CommandAnswer? answer = null;
        for (var i = 0; i < 3 && answer is not { Accepted: true }; i++)
        {
            answer = await cluster.CellOf(task).Actor.CommandAsync(cancel);
        }

        Assert.True(answer!.Accepted, answer.Refusal?.Message);
        if (cluster.Worker.Running.Any())
        {
            cluster.Worker.Finish(Act.FailFinal);
        }

        await cluster.RunToRestAsync(recovery: true);
        Assert.Equal("canceled", cluster.Task(task).State);
        Invariants.CheckWorld(cluster);
        return cluster;
    }

    private static Step LastToCancel(Plan plan) => plan.Steps.Take(plan.PointOfNoReturn).Last(s => s.IsTakenFrom(Some.StateFor(plan.Kind.Name)));

    /// <summary>What the API does with an unknown accept: asks under its id, and submits again if it is not there.</summary>
    private static async Task<TaskId> SubmitUntilAcceptedAsync(Cluster cluster, SubmitTask request)
    {
        var answer = await cluster.SubmitAsync(request);
        if (answer.Verdict == AcceptVerdict.Unknown && await cluster.Journal.RefuseAsync(request.Task))
        {
            cluster.Journal.Tasks.Remove(request.Task);
            answer = await cluster.SubmitAsync(request with { Task = TaskId.New() });
        }

        Assert.True(answer.Verdict is AcceptVerdict.Accepted or AcceptVerdict.Unknown, answer.Refusal?.Message);
        return answer.Task;
    }
}
