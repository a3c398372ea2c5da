using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Who takes a machine over, and when.</summary>
public sealed class SupersedeTests
{
    public static TheoryData<string, string> DeleteWhile()
    {
        var data = new TheoryData<string, string>();
        foreach (var kind in new[] { "create", "stop", "reboot", "start", "hard-reboot", "pause", "resume", "rescue", "unrescue", "resize", "revert-resize" })
        {
            foreach (var phase in new[] { "queued at the host", "running", "in back-off", "paused", "undoing" })
            {
                data.Add(kind, phase);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(DeleteWhile))]
    public async Task Delete_WhileAKindIsInAPhase_TakesTheMachineOver(string kind, string phase)
    {
        var cluster = new Cluster();
        var target = cluster.Target(new TaskKind(kind));
        var old = await BringIntoAsync(cluster, new TaskKind(kind), target, phase);
        var effects = cluster.World.Effects.Count;

        var delete = await cluster.AcceptAsync(TaskKinds.Delete, target);
        Assert.Equal("waiting", delete.Record!.State);
        Assert.Equal(("deleting", old), (cluster.Task(old).TaskState, delete.Record.Supersedes!.Value));
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", delete.Task), (cluster.Task(old).State, cluster.Task(old).SupersededBy));
        Assert.Equal("succeeded", cluster.Task(delete.Task).State);
        Assert.Equal(VmState.Deleted, cluster.Instance(target).VmState);
        Assert.DoesNotContain(cluster.World.Effects.Skip(effects), e => e.Key.Task == old);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Delete_WhileARunningAttemptIsSlowToStop_StartsNothingBefore()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var stop = await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        cluster.Worker.Polls = false;

        var delete = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunForAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(("canceling", "waiting"), (cluster.Task(stop.Task).State, cluster.Task(delete.Task).State));
        Assert.Empty(cluster.World.Effects);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();
        Assert.Equal(("canceled", "succeeded"), (cluster.Task(stop.Task).State, cluster.Task(delete.Task).State));
    }

    [Fact]
    public async Task Delete_Twice_JoinsTheFirst()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("power-off", Act.Hang);
        var first = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunAsync();

        var second = await cluster.SubmitAsync(Some.Request(TaskKinds.Delete, instance.Id));

        Assert.Equal((AcceptVerdict.Joined, first.Task), (second.Verdict, second.Task));
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Single(cluster.Journal.Tasks);
    }

    [Fact]
    public async Task Delete_WhileADeleteWaitsForTheHolder_JoinsTheWaitingOne()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        var first = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);

        var second = await cluster.SubmitAsync(Some.Request(TaskKinds.Delete, instance.Id));

        Assert.Equal((AcceptVerdict.Joined, first.Task), (second.Verdict, second.Task));
        await cluster.RunToRestAsync();
    }

    [Theory]
    [InlineData("reboot", "reboot-guest")]
    [InlineData("hard-reboot", "reset-machine")]
    public async Task HardReboot_WhileARebootRuns_TakesTheMachineOver(string running, string step)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On(step, Act.Hang);
        var old = await cluster.AcceptAsync(new TaskKind(running), instance.Id);
        await cluster.RunAsync();

        var hard = await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id);
        Assert.Equal("reboot_started_hard", cluster.Task(old.Task).TaskState);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", hard.Task), (cluster.Task(old.Task).State, cluster.Task(old.Task).SupersededBy));
        Assert.Equal(("succeeded", VmState.Active), (cluster.Task(hard.Task).State, cluster.Instance(instance.Id).VmState));
        Assert.True(cluster.Task(hard.Task).Steps.Count == 1);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Delete_WhileAHardRebootWaits_BypassesIt()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.Hang);
        var soft = await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id);
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var hard = await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id);
        await cluster.RunAsync();

        var delete = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        Assert.Equal(("canceled", delete.Task), (cluster.Task(hard.Task).State, cluster.Task(hard.Task).SupersededBy));
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", "succeeded"), (cluster.Task(soft.Task).State, cluster.Task(delete.Task).State));
        Assert.Equal(VmState.Deleted, cluster.Instance(instance.Id).VmState);
        Assert.DoesNotContain(cluster.World.Effects, e => e.Key.Task == hard.Task);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Delete_WhileTasksAreQueued_EndsThem()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        var start = await cluster.AcceptAsync(TaskKinds.Start, instance.Id, queue: true);
        await cluster.RunAsync();

        var delete = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", delete.Task), (cluster.Task(start.Task).State, cluster.Task(start.Task).SupersededBy));
        Assert.Equal("succeeded", cluster.Task(delete.Task).State);
    }

    [Fact]
    public async Task WaitingDelete_Canceled_TheSupersededCreateLeavesAnErrorAndNoBuild()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        cluster.World.On("prepare-disk", Act.Hang);
        var create = await cluster.AcceptAsync(TaskKinds.Create, id);
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var delete = await cluster.AcceptAsync(TaskKinds.Delete, id);
        await cluster.RunAsync();

        Assert.True((await cluster.CommandAsync(delete.Task, TaskCommandKind.Cancel)).Accepted);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", "canceled"), (cluster.Task(create.Task).State, cluster.Task(delete.Task).State));
        Assert.Equal(VmState.Error, cluster.Instance(id).VmState);
        var again = await cluster.AcceptAsync(TaskKinds.Delete, id);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(again.Task).State);
        Invariants.CheckWorld(cluster);
    }

    // Found by the product verifier: the activation knew, had not acted yet, and granted the attempt to a worker all the same.
    [Fact]
    public async Task Superseded_KnownButNotActedOnBecauseOfTheLease_GrantsNothing()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.Worker.Room = 0;
        var reboot = await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id);
        await cluster.RunAsync();

        cluster.Home.LeaseIsSafe = false;
        var hard = await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id);
        await cluster.RunAsync();
        cluster.Worker.Room = 10;
        await cluster.RunAsync();

        Assert.All(cluster.Worker.Begins, b => Assert.Equal(BeginAnswer.Refused, b.Answer));
        Assert.NotEmpty(cluster.Worker.Begins);
        cluster.Home.LeaseIsSafe = true;
        await cluster.RunToRestAsync();
        Assert.Equal(("canceled", "succeeded"), (cluster.Task(reboot.Task).State, cluster.Task(hard.Task).State));
        Assert.DoesNotContain(cluster.World.Effects, e => e.Key.Task == reboot.Task);
    }

    // Found by the product verifier: the server was shown as SHUTOFF while its machine ran.
    [Theory]
    [InlineData(Act.Succeed, VmState.Active)]
    [InlineData(Act.Abandon, VmState.Error)]
    public async Task WaitingDelete_Canceled_TheSupersededStartLeavesTheServerAsItStands(Act end, VmState left)
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", Act.HangAfterEffect);
        var start = await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var delete = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunAsync();

        Assert.True((await cluster.CommandAsync(delete.Task, TaskCommandKind.Cancel)).Accepted);
        cluster.Worker.Finish(end);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", "canceled"), (cluster.Task(start.Task).State, cluster.Task(delete.Task).State));
        Assert.Equal(left, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task WaitingDelete_CanceledBeforeTheSupersededStartHasBegun_LeavesTheServerAsItWas()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.Worker.Room = 0;
        await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        var delete = await cluster.SubmitAsync(Some.Request(TaskKinds.Delete, instance.Id));

        Assert.True((await cluster.CommandAsync(delete.Task, TaskCommandKind.Cancel)).Accepted);
        await cluster.RunToRestAsync();

        Assert.Equal(VmState.Stopped, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [InlineData(Act.FailFinal)]
    [InlineData(Act.Abandon)]
    [InlineData(Act.Succeed)]
    [InlineData(Act.Fenced)]
    public async Task UndoUnderWay_SupersededAndTheAttemptEndsByItself_StillEndsCanceled(Act end)
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", Act.FailFinal);
        cluster.World.On("start-machine", Direction.Undo, Act.Hang);
        var start = await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        await cluster.RunAsync();
        cluster.Worker.Polls = false;
        var delete = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunAsync();

        cluster.Worker.Finish(end);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", "succeeded"), (cluster.Task(start.Task).State, cluster.Task(delete.Task).State));
        Invariants.CheckWorld(cluster);
    }

    private static async Task<TaskId> BringIntoAsync(Cluster cluster, TaskKind kind, InstanceId target, string phase)
    {
        var step = PlanRegistry.Find(kind)!.Steps.Last(s => s.OnHost && s.IsTakenFrom(Some.StateFor(kind.Name)));
        switch (phase)
        {
            case "queued at the host":
                cluster.Worker.Room = 0;
                break;
            case "running":
                cluster.World.On(step.Name, Act.HangAfterEffect);
                break;
            case "in back-off":
                cluster.World.On(step.Name, Act.FailRetryable);
                break;
            case "paused":
                cluster.World.On(step.Name, Act.Hang);
                break;
            default:
                cluster.World.On(step.Name, Act.FailFinal);
                cluster.World.Acts[(step.Name, Direction.Undo)] = new([Act.Hang]);
                cluster.World.Acts[("shut-down-guest", Direction.Undo)] = new([Act.Hang]);
                break;
        }

        var task = (await cluster.AcceptAsync(kind, target)).Task;
        if (phase == "undoing" && step.Undo is null && kind != TaskKinds.Stop)
        {
            // Nothing to undo: it would end at once; superseded before anything has run instead.
            return task;
        }

        await cluster.RunAsync();
        if (phase == "paused")
        {
            await cluster.CommandAsync(task, TaskCommandKind.Pause);
            cluster.Worker.Finish(Act.FailRetryable);
            await cluster.RunAsync();
            Assert.Equal("paused", cluster.Task(task).State);
        }

        cluster.Worker.Room = phase == "queued at the host" ? 0 : 10;
        if (phase == "queued at the host")
        {
            Assert.NotEqual(0, cluster.HostOf(Some.Host1).QueueLength);
            cluster.Time.Once(TimeSpan.FromSeconds(1), () => cluster.Worker.Room = 10);
        }

        return task;
    }
}
