using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Bugs that seeded runs have found, each as the shortest story that shows it.</summary>
public sealed class FoundBySimulationTests
{
    /// <summary>
    /// A second activation of an instance had looked before the create was committed. It remembered that there was no such instance, called every
    /// settle stale without looking again, and the create was claimed, refused and claimed for ever.
    /// </summary>
    [Fact]
    public async Task Settle_AtAnActivationThatRemembersNoInstance_LooksAgain()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        var second = cluster.AddNode();
        Assert.Equal(RefusalKind.NotFound, (await second.Instance(id).SubmitAsync(Some.Request(TaskKinds.Stop, id))).Refusal!.Kind);
        var task = (await cluster.AcceptAsync(TaskKinds.Create, id)).Task;

        cluster.Home = second;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    /// <summary>
    /// A refusal has no commit that could find out that it is wrong: an activation that remembered an old holder, or no instance, refused
    /// everybody for as long as it lived.
    /// </summary>
    [Fact]
    public async Task Submit_AtAnActivationWithAnOldMemory_IsNotRefusedFromIt()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        var second = cluster.AddNode();
        await second.Instance(id).SubmitAsync(Some.Request(TaskKinds.Stop, id));
        await cluster.AcceptAsync(TaskKinds.Create, id);
        Assert.Equal(RefusalKind.Busy, (await second.Instance(id).SubmitAsync(Some.Request(TaskKinds.Stop, id))).Refusal!.Kind);
        await cluster.RunToRestAsync();

        var answer = await second.Instance(id).SubmitAsync(Some.Request(TaskKinds.Stop, id));

        Assert.Equal((AcceptVerdict.Accepted, null), (answer.Verdict, answer.Refusal?.Message));
    }

    /// <summary>
    /// A task was canceled while it was queued, by an actor that had not seen yet that it had the machine. Composing that on the instance as it
    /// was by then threw out of the turn.
    /// </summary>
    [Fact]
    public async Task Settle_OfATaskThatHasGotTheMachineMeanwhile_IsStale()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        await cluster.AcceptAsync(TaskKinds.Create, id);
        var queued = (await cluster.AcceptAsync(TaskKinds.HardReboot, id, queue: true)).Task;
        var before = cluster.Task(queued);
        cluster.World.On("reset-machine", Act.Hang);
        await cluster.RunAsync();
        Assert.Equal(queued, cluster.Instance(id).Holder!.Id);

        var answer = await cluster.Home.Instance(id).SettleAsync(new() { Before = before, Events = [new TaskEnded { At = Some.Start, Outcome = TaskOutcome.Canceled }] });

        Assert.Equal(SettleVerdict.Stale, answer.Verdict);
        Assert.Equal("running", cluster.Task(queued).State);
    }

    /// <summary>A delete that had needed attention was tried again and succeeded, and left another task that needed attention open for ever.</summary>
    [Fact]
    public async Task HardReboot_DeliveredAgainWhileItWaits_IsTheSameTask()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id);
        await cluster.RunAsync();
        var request = Some.Request(TaskKinds.HardReboot, instance.Id);

        var first = await cluster.SubmitAsync(request);
        var again = await cluster.SubmitAsync(request);

        Assert.Equal((AcceptVerdict.Accepted, AcceptVerdict.Accepted, request.Task), (first.Verdict, again.Verdict, again.Task));
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(request.Task).State);
    }

    [Fact]
    public async Task Delete_TriedAgainBesideAnotherTaskThatNeedsAttention_EndsThatToo()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("undefine-machine", Act.FailFinal);
        var delete = (await cluster.AcceptAsync(TaskKinds.Delete, instance.Id)).Task;
        await cluster.RunToRestAsync();
        cluster.World.On("shut-down-guest", Act.FailFinal);
        cluster.World.On("power-off", Act.FailFinal);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal);
        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();
        Assert.Equal(("needs_attention", "needs_attention"), (cluster.Task(delete).State, cluster.Task(stop).State));

        Assert.True((await cluster.CommandAsync(delete, TaskCommandKind.Retry)).Accepted);
        await cluster.RunToRestAsync();

        Assert.Equal(("succeeded", "canceled", delete), (cluster.Task(delete).State, cluster.Task(stop).State, cluster.Task(stop).SupersededBy));
        Assert.Empty(cluster.Instance(instance.Id).Attention);
    }

    /// <summary>
    /// A delete stopped a hard reboot in the middle and was canceled before its own turn came: the instance was shown as it had been before the
    /// reboot, which had started its machine.
    /// </summary>
    [Fact]
    public async Task Cancel_OfATaskThatHasStoppedAnother_LeavesAnErrorAndNotTheStateBefore()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("reset-machine", Act.HangAfterEffect);
        var reboot = (await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id)).Task;
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var delete = (await cluster.AcceptAsync(TaskKinds.Delete, instance.Id)).Task;

        Assert.True((await cluster.CommandAsync(delete, TaskCommandKind.Cancel)).Accepted);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", "canceled"), (cluster.Task(reboot).State, cluster.Task(delete).State));
        Assert.Equal(VmState.Error, cluster.Instance(instance.Id).VmState);
    }

    /// <summary>
    /// A hard reboot took over from a stop that had shut the guest down, and was itself stopped by a delete that was canceled: the instance was
    /// shown active, as it had been before the stop, and its machine was off.
    /// </summary>
    [Fact]
    public async Task Cancel_OfTheThirdInARow_LeavesAnErrorWhenTheFirstHadBegunAndTheSecondHadNot()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.HangAfterEffect);
        cluster.World.On("reset-machine", Act.Hang);
        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        var reboot = (await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(("canceled", "running"), (cluster.Task(stop).State, cluster.Task(reboot).State));
        cluster.Worker.Polls = false;
        var delete = (await cluster.AcceptAsync(TaskKinds.Delete, instance.Id)).Task;

        Assert.True((await cluster.CommandAsync(delete, TaskCommandKind.Cancel)).Accepted);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", "canceled"), (cluster.Task(reboot).State, cluster.Task(delete).State));
        Assert.Equal(VmState.Error, cluster.Instance(instance.Id).VmState);
    }

    /// <summary>
    /// A stop needed attention, somebody rescued the server, somebody else had the stop go on undoing, which started the machine from its own disk,
    /// and a hard reboot took over. It was judged by the state that the instance still showed, failed, and left the server shown as rescued.
    /// </summary>
    [Fact]
    public async Task HardReboot_OfATaskThatChangedTheMachineBehindTheShownState_StartsFromWhatThatLeft()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Error);
        cluster.World.On("shut-down-guest", Act.FailFinal);
        cluster.World.On("power-off", Act.FailFinal);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal, Act.HangAfterEffect);
        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();
        Assert.Equal("needs_attention", cluster.Task(stop).State);
        await cluster.AcceptAsync(TaskKinds.Rescue, instance.Id);
        await cluster.RunToRestAsync();
        Assert.Equal(VmState.Rescued, cluster.Instance(instance.Id).VmState);
        Assert.True((await cluster.CommandAsync(stop, TaskCommandKind.Retry)).Accepted);
        await cluster.RunForAsync(TimeSpan.FromSeconds(1));

        var reboot = (await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id)).Task;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", "succeeded"), (cluster.Task(stop).State, cluster.Task(reboot).State));
        Assert.Equal(VmState.Active, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    /// <summary>
    /// The same, with another task queued meanwhile: that was taken for the successor, which would decide about the state, and it ended without
    /// having begun.
    /// </summary>
    [Fact]
    public async Task Cancel_OfATaskThatHasStoppedAnother_WithAThirdQueued_LeavesAnErrorToo()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.HangAfterEffect);
        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var delete = (await cluster.AcceptAsync(TaskKinds.Delete, instance.Id)).Task;
        Assert.True((await cluster.CommandAsync(delete, TaskCommandKind.Cancel)).Accepted);
        var start = (await cluster.AcceptAsync(TaskKinds.Start, instance.Id, queue: true)).Task;
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("canceled", "failed"), (cluster.Task(stop).State, cluster.Task(start).State));
        Assert.Equal(VmState.Error, cluster.Instance(instance.Id).VmState);
    }

    /// <summary>An activation that remembered a holder was asked to supersede it; the holder needed attention by then, and the turn threw.</summary>
    [Fact]
    public async Task Submit_SupersedingAHolderThatNeedsAttentionMeanwhile_TakesTheMachine()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        cluster.World.On("power-off", Act.FailFinal);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal);
        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        var second = cluster.AddNode();
        await second.Instance(instance.Id).SubmitAsync(Some.Request(TaskKinds.Start, instance.Id));
        cluster.Worker.Finish(Act.FailFinal);
        await cluster.RunToRestAsync();
        Assert.Equal("needs_attention", cluster.Task(stop).State);

        var answer = await second.Instance(instance.Id).SubmitAsync(Some.Request(TaskKinds.Delete, instance.Id));

        Assert.Equal(AcceptVerdict.Accepted, answer.Verdict);
        Assert.Equal("canceled", cluster.Task(stop).State);
    }

    /// <summary>
    /// The guest's shutdown was under way when its host could not be reached. The stop went on to cutting the power without a fence: two operations
    /// were on one machine at once.
    /// </summary>
    [Theory]
    [InlineData(FailureKinds.Unreachable, true)]
    [InlineData(FailureKinds.Internal, true)]
    [InlineData(FailureKinds.Lost, true)]
    [InlineData(FailureKinds.Hypervisor, false)]
    public void Outcome_ThatMayStillBeUnderWay_FencesWhateverComesNext(string kind, bool fences)
    {
        var failure = new Failure(kind, "no answer", Retryable: true);
        var outcome = World.Outcome(Some.Attempt(), AttemptResult.Failed, failure);
        foreach (var (task, plan) in new[] { (Some.Task(TaskKinds.Stop), StopPlan.V1), (Some.Task(TaskKinds.Start) with { FailedAttempts = 4 }, StartPlan.V1) })
        {
            var note = Assert.IsType<TaskDecision.Note>(OutcomeRules.Decide(task, plan, outcome, Some.Start));

            Assert.Equal(fences, TaskMachine.Preview(Some.Accept(task), note.Events).MustFence);
        }
    }

    /// <summary>
    /// A runner had been granted a reboot by an activation that was lost. The next one canceled the task, which has nothing to undo, and it had ended
    /// before the runner began: the machine rebooted after its reboot had been canceled.
    /// </summary>
    [Fact]
    public async Task Cancel_WhileARunnerMayStillBegin_EndsOnlyWhenThatIsOver()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id)).Task;
        await cluster.RunAsync();
        var runner = cluster.Home;
        runner.Worker.Polls = false;
        cluster.Home = cluster.AddNode();

        Assert.True((await cluster.CommandAsync(task, TaskCommandKind.Cancel)).Accepted);
        await cluster.RunForAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(("canceling", 1), (cluster.Task(task).State, runner.Worker.Running.Count()));
        runner.Worker.Polls = true;
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("canceled", cluster.Task(task).State);
        Assert.Empty(runner.Worker.Running);
    }

    /// <summary>
    /// A delete that had removed the definition was given up; a stop of what was left "succeeded", because cutting the power of a machine that is
    /// not there converges, and the server was shown as shut off.
    /// </summary>
    [Fact]
    public async Task Stop_WithoutAMachine_DoesNotSucceed()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Error);
        cluster.World.Of(Some.Host1, instance.Id).Defined = false;

        var stop = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();

        Assert.Equal(("needs_attention", FailureKinds.MachineMissing), (cluster.Task(stop).State, cluster.Task(stop).Failure!.Kind));
        Assert.Equal(VmState.Error, cluster.Instance(instance.Id).VmState);
    }

    /// <summary>
    /// A process's clock jumped back by an hour after it had written when its task tries again: the task waited for an hour.
    /// </summary>
    [Fact]
    public void Next_WhenTheClockHasJumpedBack_WaitsNoLongerThanTheBackOff()
    {
        var task = Some.Task(TaskKinds.Start) with { Run = TaskRun.Waiting, NotBefore = Some.Start + TimeSpan.FromSeconds(10) };

        var asWritten = Assert.IsType<TaskDecision.WaitUntil>(TaskDecider.Next(task, StartPlan.V1, Some.Start));
        Assert.Equal(task.NotBefore, asWritten.Time);
        Assert.IsType<TaskDecision.Note>(TaskDecider.Next(task, StartPlan.V1, Some.Start - TimeSpan.FromHours(1)));
        Assert.True(DueTimes.Of(task, Some.Start - TimeSpan.FromHours(1)) < TimeSpan.FromMinutes(5));
    }

    /// <summary>The same for a host: by its wall clock the order to fence had just been sent, for an hour, and nobody was told again.</summary>
    [Fact]
    public async Task Fence_WhenTheClockHasJumpedBack_IsOrderedAgain()
    {
        var cluster = new Cluster();
        var host = new HostActor(Some.Host1, cluster.Home, cluster.Time);
        var machine = InstanceId.New();
        PollRequest Poll() => new() { Generation = cluster.Home.Generation, Silo = "s", Room = 1 };
        await host.PollAsync(Poll());
        host.Fence(machine, new Stamp(0, 2, 1, 1));
        Assert.Single((await host.PollAsync(Poll())).Fences);

        cluster.Time.WallError = TimeSpan.FromHours(-1);
        cluster.Time.JumpTo(cluster.Time.Now + TimeSpan.FromSeconds(3));

        Assert.Single((await host.PollAsync(Poll())).Fences);
    }
}
