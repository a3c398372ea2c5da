using InstanceTasks.Engine.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Processes that die, messages that get lost, activations that are not alone.</summary>
public sealed class RecoveryTests
{
    public static TheoryData<string, bool> KindsTwice()
    {
        var data = new TheoryData<string, bool>();
        foreach (var kind in Some.LongKinds)
        {
            data.Add(kind, true);
            data.Add(kind, false);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(KindsTwice))]
    public async Task ProcessDies_AtEveryStep_TheTaskGoesOnElsewhere(string kindName, bool afterTheEffect)
    {
        var kind = new TaskKind(kindName);
        foreach (var step in PlanRegistry.Find(kind)!.Steps.Where(s => s.OnHost && s.IsTakenFrom(Some.StateFor(kindName))))
        {
            var cluster = new Cluster();
            var target = cluster.Target(kind);
            cluster.World.On(step.Name, afterTheEffect ? Act.HangAfterEffect : Act.Hang);
            var task = (await cluster.AcceptAsync(kind, target)).Task;
            await cluster.RunAsync();
            var dead = cluster.Home;
            cluster.Home = cluster.AddNode();
            dead.Kill();
            var effects = cluster.World.Effects.Count;

            // As long as the lease lives nobody begins anything new on the machine, even when recovery looks.
            await cluster.RunForAsync(TimeSpan.FromSeconds(2));
            await cluster.LookAsync();
            await cluster.RunForAsync(TimeSpan.FromSeconds(2));
            Assert.Equal(effects, cluster.World.Effects.Count);
            cluster.EndLease(dead);
            await cluster.RunToRestAsync(recovery: true);

            Assert.Equal("succeeded", cluster.Task(task).State);
            Assert.Equal(afterTheEffect ? 1 : 0, cluster.World.Observed);
            Assert.Equal(cluster.World.Effects.Count, cluster.World.Effects.Select(e => e.Key).Distinct().Count());
            Assert.Equal(2, cluster.Task(task).Epoch);
            Invariants.CheckWorld(cluster);
        }
    }

    [Theory]
    [InlineData("create")]
    [InlineData("delete")]
    [InlineData("stop")]
    public async Task EveryWakeUpIsLost_RecoveryFinishesTheTask(string kindName)
    {
        var cluster = new Cluster { LosesWakes = true };
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);

        var task = (await cluster.AcceptAsync(kind, target)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(1, cluster.Task(task).Seq);
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(2, cluster.Task(task).Epoch);
    }

    [Fact]
    public async Task GrantToTheNext_WakeUpIsLost_RecoveryFindsIt()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        var next = await cluster.AcceptAsync(TaskKinds.Start, instance.Id, queue: true);

        cluster.LosesWakes = true;
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("succeeded", cluster.Task(next.Task).State);
    }

    [Fact]
    public async Task ActivationsAreLost_WorkerGoesOn_TheOldOutcomeIsDroppedAndTheEffectIsObserved()
    {
        var (cluster, task) = await StartingAsync(Act.HangAfterEffect);
        var stale = TaskActor.StaleOutcomes;
        cluster.Home.LoseActivations();

        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync(recovery: true);

        Assert.True(TaskActor.StaleOutcomes > stale);
        Assert.Equal(("succeeded", "found done: not repeated"), (cluster.Task(task).State, cluster.Task(task).Steps.Single().Note));
        Assert.Single(cluster.World.Effects);
    }

    [Fact]
    public async Task Begin_AskedTwice_IsGrantedOnce()
    {
        var (cluster, task) = await StartingAsync(Act.Hang);
        var stamp = cluster.Worker.Begins.Single().Stamp;

        Assert.Equal(BeginAnswer.Granted, cluster.Worker.Begins.Single().Answer);
        Assert.Equal(BeginAnswer.Refused, cluster.CellOf(task).Actor.Begin(stamp, 1));
        Assert.Equal(BeginAnswer.Refused, cluster.CellOf(task).Actor.Begin(stamp with { Attempt = 2 }, 1));
        Assert.Equal(BeginAnswer.Refused, cluster.AddNode().Cell(task).Actor.Begin(stamp, 1));
    }

    [Fact]
    public async Task Outcome_OfAnOldStamp_IsDroppedAndCounted()
    {
        var (cluster, task) = await StartingAsync(Act.Hang);
        var attempt = cluster.Worker.Running.Single();
        var stale = TaskActor.StaleOutcomes;

        await cluster.CellOf(task).Actor.EndedAsync(World.Outcome(attempt with { Stamp = attempt.Stamp with { TaskEpoch = 0 } }, AttemptResult.Succeeded));

        Assert.True(TaskActor.StaleOutcomes > stale);
        Assert.Equal("running", cluster.Task(task).State);
    }

    /// <summary>
    /// The activation that had the attempt out was lost, and the outcome came to a fresh one: dropped and acknowledged, so that the runner forgot it,
    /// and the task stood until it was due, which for a long step is minutes.
    /// </summary>
    [Fact]
    public async Task Outcome_ReportedToAFreshActivation_TheTaskLooksAtOnce()
    {
        var (cluster, task) = await StartingAsync(Act.Hang);
        cluster.Home.LoseActivations();
        var begun = cluster.Time.Now;

        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.True(cluster.Time.Now - begun < TimeSpan.FromSeconds(1), "nobody had to look for it");
        Assert.Single(cluster.World.Effects);
    }

    [Fact]
    public async Task Outcome_ReportedTwice_CountsOnce()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        cluster.World.On("power-off", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        var outcome = World.Outcome(cluster.Worker.Running.Single(), AttemptResult.Succeeded);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunAsync();

        await cluster.TurnAsync(task, a => a.EndedAsync(outcome));

        Assert.Equal(1, cluster.Task(task).Step);
    }

    [Fact]
    public async Task Wake_Duplicated_ChangesNothing()
    {
        var (cluster, task) = await StartingAsync(Act.Hang);
        var record = cluster.Task(task);

        for (var i = 0; i < 3; i++)
        {
            await cluster.TurnAsync(task, a => a.WakeAsync(new WakeUp { Token = record.Token, Record = record, Cause = "again" }));
        }

        Assert.Equal(record.Seq, cluster.Task(task).Seq);
        Assert.Equal(1, cluster.Home.TokensSpent);
        Assert.Single(cluster.Worker.Running);
    }

    [Fact]
    public async Task Token_SpentOnce_TheNextActivationOfTheProcessClaims()
    {
        var (cluster, task) = await StartingAsync(Act.Hang);
        var record = cluster.Task(task);
        cluster.Home.LoseActivations();

        await cluster.TurnAsync(task, a => a.WakeAsync(new WakeUp { Token = record.Token, Record = record, Cause = "late duplicate" }));

        Assert.Equal(2, cluster.Task(task).Epoch);
        Assert.True(cluster.Task(task).MustFence);
        Assert.Null(cluster.Task(task).Token);
    }

    [Fact]
    public async Task Token_OfAnOlderGeneration_IsNoUse()
    {
        var cluster = new Cluster { LosesWakes = true };
        var answer = await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id);
        cluster.Live.Remove(1);
        cluster.Over.Add(1);
        cluster.Live.Add(9);
        cluster.Home.Generation = 9;

        await cluster.TurnAsync(answer.Task, a => a.WakeAsync(new WakeUp { Token = answer.Record!.Token, Record = answer.Record }));

        Assert.Equal((2, 9L), (cluster.Task(answer.Task).Epoch, cluster.Task(answer.Task).Generation));
    }

    [Fact]
    public async Task Lease_NotSafe_NothingStarts()
    {
        var cluster = new Cluster();
        cluster.Home.LeaseIsSafe = false;
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;

        await cluster.RunForAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(1, cluster.Task(task).Seq);
        Assert.Empty(cluster.Worker.Begins);

        cluster.Home.LeaseIsSafe = true;
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Lease_LapsedAndANewGeneration_TheActivationDropsAndANewOneClaims()
    {
        var (cluster, task) = await StartingAsync(Act.HangAfterEffect);
        var cell = cluster.CellOf(task);
        cluster.Live.Remove(1);
        cluster.Over.Add(1);
        cluster.Live.Add(2);
        cluster.Home.Generation = 2;
        Assert.Equal(BeginAnswer.Refused, cell.Actor.Begin(cluster.Worker.Begins[0].Stamp, 2));

        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal("this process has a new generation", cell.Dropped);
        Assert.Equal((2, 2), (cluster.Task(task).Epoch, cluster.Journal.Tasks[task].Rows.SelectMany(r => r.Events).OfType<TaskClaimed>().Single().Epoch));
        Assert.Single(cluster.World.Effects);
    }

    [Fact]
    public async Task RunnerIsLost_TheNextAttemptIsNewerFencedAndObserved()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        var other = cluster.AddNode();
        cluster.Worker.Room = 0;
        cluster.World.On("start-machine", Act.HangAfterEffect);
        var task = (await cluster.AcceptAsync(TaskKinds.Start, instance.Id)).Task;
        await cluster.RunAsync();
        var first = Assert.Single(other.Worker.Running);

        other.Kill();
        cluster.EndLease(other);
        cluster.Worker.Room = 1;
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(FailureKinds.Lost, cluster.Task(task).Steps.Single().Failure!.Kind);
        Assert.Equal(0, cluster.Task(task).FailedAttempts);
        Assert.True(cluster.Worker.Begins.Single().Stamp > first.Stamp);
        Assert.Equal((1, 1), (cluster.World.Observed, cluster.World.Effects.Count));
    }

    [Fact]
    public async Task HostLosesItsQueue_TheAttemptIsOfferedAgainWithTheSameStamp()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.Worker.Room = 0;
        var task = (await cluster.AcceptAsync(TaskKinds.Start, instance.Id)).Task;
        await cluster.RunAsync();
        cluster.LoseHost(Some.Host1);
        cluster.Worker.Room = 1;

        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(1, cluster.Worker.Begins.Single().Stamp.Attempt);
    }

    [Fact]
    public async Task NoRunnerHasAGrantedAttempt_ItIsLostAfterTwoLooks()
    {
        var (cluster, task) = await StartingAsync(Act.HangAfterEffect);
        var node = cluster.AddNode();
        cluster.Worker.Polls = false;
        cluster.LoseHost(Some.Host1);
        cluster.Live.Remove(cluster.Home.Generation);
        cluster.HostOf(Some.Host1);
        Assert.Contains(node.Generation, cluster.Live);

        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(1, cluster.World.Observed);
    }

    [Fact]
    public async Task WorkerReachesNothing_TheTaskSaysWhyItWaits()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.Worker.Polls = false;
        var task = (await cluster.AcceptAsync(TaskKinds.Start, instance.Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(3));
        cluster.LoseHost(Some.Host1);
        cluster.Live.Clear();
        await cluster.RunForAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(("waiting", "no worker reaches host h1"), (cluster.Task(task).State, cluster.Task(task).WaitReason));
        cluster.Worker.Polls = true;
        cluster.Live.Add(1);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task AttemptStoppedWithItsProcess_IsObservedBeforeItIsRepeated()
    {
        var (cluster, task) = await StartingAsync(Act.HangAfterEffect);
        var attempt = cluster.Worker.Running.Single();

        // A clean stop of the process aborts what runs and says so: the effect may be there all the same.
        await cluster.TurnAsync(task, a => a.EndedAsync(World.Outcome(attempt, AttemptResult.Failed, new Failure(FailureKinds.Lost, "The attempt was stopped.", Retryable: true))));
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal((1, 1), (cluster.World.Effects.Count, cluster.World.Observed));
    }

    [Fact]
    public async Task TaskThatCannotBeDecoded_IsQuarantinedAndTheScanGoesOn()
    {
        var cluster = new Cluster { LosesWakes = true };
        var bad = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        var good = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        var unknownPlan = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        cluster.Journal.Tasks[bad].Undecodable = "from the future";
        var row = cluster.Journal.Tasks[unknownPlan];
        row.Body = EngineJson.Write(row.Record with { PlanVersion = 77 });
        row.Undecodable = null;
        cluster.Journal.After = null;

        await cluster.RunForAsync(TimeSpan.FromSeconds(2));
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("from the future", cluster.Journal.Tasks[bad].Quarantine);
        Assert.Equal("No plan 'stop' version 77 in this release.", cluster.Journal.Tasks[unknownPlan].Quarantine);
        Assert.Equal("succeeded", cluster.Task(good).State);
    }

    [Fact]
    public async Task Look_APokeFails_OthersArePokedAndItIsTriedAgainLater()
    {
        var time = new ManualTime();
        var journal = new MemoryJournal(time, _ => false);
        var peers = new FailingPeers();
        var (first, second) = (Put(journal), Put(journal));
        peers.Fails = first;
        var options = new RecoveryOptions();
        var actor = new RecoveryActor(0, journal, peers, options, time, NullLogger<RecoveryActor>.Instance);

        var sleep = await actor.LookAsync("a");
        await actor.LookAsync("b");
        Assert.Equal(TimeSpan.FromMilliseconds(500), sleep);
        Assert.Equal([first, second], peers.Poked);

        time.JumpTo(time.Now + TimeSpan.FromSeconds(1));
        await actor.LookAsync("c");
        Assert.Equal([first, second, first], peers.Poked);
    }

    /// <summary>What is asked of a silo that has just died is answered late or never; with a few such tasks nobody else's moved any more.</summary>
    [Fact]
    public async Task Look_OnePokeTakesLong_TheOthersAreAllPokedMeanwhile()
    {
        var time = new ManualTime();
        var journal = new MemoryJournal(time, _ => false);
        var tasks = Enumerable.Range(0, 12).Select(_ => Put(journal)).ToList();
        var peers = new FailingPeers { Slow = tasks[0] };
        var actor = new RecoveryActor(0, journal, peers, new RecoveryOptions { ParallelPokes = 3 }, time, NullLogger<RecoveryActor>.Instance);

        var look = actor.LookAsync("a");

        Assert.Equal(tasks, peers.Poked);
        Assert.False(look.IsCompleted);
        peers.SlowAnswer.SetResult(new PokeAnswer(false, TimeSpan.FromSeconds(5)));
        await look;
    }

    [Fact]
    public async Task Look_NothingIsDue_SleepsUntilTheNextButNotTooLong()
    {
        var time = new ManualTime();
        var journal = new MemoryJournal(time, _ => false);
        var actor = new RecoveryActor(0, journal, new FailingPeers(), new RecoveryOptions(), time, NullLogger<RecoveryActor>.Instance);
        Assert.Equal(TimeSpan.FromSeconds(5), await actor.LookAsync("a"));

        journal.Tasks[Put(journal)].DueAt = time.Now + TimeSpan.FromSeconds(2);
        Assert.Equal(TimeSpan.FromSeconds(2), await actor.LookAsync("b"));
    }

    private static TaskId Put(MemoryJournal journal)
    {
        var task = Some.Task(TaskKinds.Stop) with { Instance = new InstanceId(Guid.Empty) };
        journal.Tasks[task.Id] = new TaskRow { Record = task, Body = EngineJson.Write(task), DueAt = Some.Start };
        return task.Id;
    }

    private static async Task<(Cluster Cluster, TaskId Task)> StartingAsync(Act act)
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", act);
        var answer = await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        await cluster.RunAsync();
        return (cluster, answer.Task);
    }

    private sealed class FailingPeers : IPeers
    {
        public TaskId Fails { get; set; }

        public TaskId Slow { get; init; }

        public TaskCompletionSource<PokeAnswer> SlowAnswer { get; } = new();

        public List<TaskId> Poked { get; } = [];

        public void Wake(TaskId task, WakeUp wake) => throw new NotSupportedException();

        public Task<PokeAnswer> PokeAsync(TaskId task)
        {
            Poked.Add(task);
            return task == Slow ? SlowAnswer.Task : task == Fails ? throw new TimeoutException("the silo is gone") : Task.FromResult(new PokeAnswer(false, TimeSpan.FromSeconds(5)));
        }

        public Task<AcceptAnswer> SubmitAsync(SubmitTask request) => throw new NotSupportedException();

        public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command) => throw new NotSupportedException();

        public Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request) => throw new NotSupportedException();

        public Task<WhereAnswer> OfferAsync(Attempt attempt) => throw new NotSupportedException();

        public Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp) => throw new NotSupportedException();

        public Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp) => throw new NotSupportedException();

        public Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below) => throw new NotSupportedException();

        public Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation) => throw new NotSupportedException();

        public Task EndedAsync(AttemptOutcome outcome) => throw new NotSupportedException();

        public Task<PollAnswer> PollAsync(HostName host, PollRequest request) => throw new NotSupportedException();

        public Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer) => throw new NotSupportedException();
    }
}
