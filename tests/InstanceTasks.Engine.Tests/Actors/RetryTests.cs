using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Repeats of ended tasks, and pauses at a queue that does not move.</summary>
public sealed class RetryTests
{
    [Fact]
    public async Task Retry_OfAFailedTask_IsANewTaskThatNamesItAndSaysWhoAskedAndWhy()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.FailFinal);
        var failed = (await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id)).Task;
        await cluster.RunToRestAsync();

        var answer = await cluster.SubmitAsync(Retries.Of(cluster.Task(failed), TaskId.New(), RequestId.New(), Some.Admin, "the guest was repaired"));
        await cluster.RunToRestAsync();

        var again = cluster.Task(answer.Task);
        Assert.Equal(("succeeded", failed, TaskKinds.Reboot), (again.State, again.RetryOf!.Value, again.Kind));
        var command = Assert.Single(again.Commands);
        Assert.Equal((TaskCommandKind.Retry, Some.Admin.User, "the guest was repaired"), (command.Kind, command.By, command.Reason));
        Assert.Equal("failed", cluster.Task(failed).State);
    }

    [Fact]
    public async Task Retry_OfACreateThatFoundNoHost_BuildsTheSameInstanceOnceThereIsRoom()
    {
        var cluster = new Cluster();
        foreach (var host in cluster.Journal.Hosts.Values.ToList())
        {
            cluster.Journal.Hosts[host.Host] = host with { Disabled = "full" };
        }

        var id = InstanceId.New();
        var failed = (await cluster.AcceptAsync(TaskKinds.Create, id)).Task;
        await cluster.RunToRestAsync();
        Assert.Equal(("failed", VmState.Error), (cluster.Task(failed).State, cluster.Instance(id).VmState));
        cluster.Journal.Hosts[Some.Host1] = cluster.Journal.Hosts[Some.Host1] with { Disabled = null };

        var answer = await cluster.SubmitAsync(Retries.Of(cluster.Task(failed), TaskId.New(), RequestId.New(), Some.Owner, null));
        Assert.Equal((AcceptVerdict.Accepted, VmState.Building), (answer.Verdict, cluster.Instance(id).VmState));
        await cluster.RunToRestAsync();

        Assert.Equal(("succeeded", VmState.Active), (cluster.Task(answer.Task).State, cluster.Instance(id).VmState));
        Assert.Equal(1, cluster.Journal.Quota[Some.Project].Instances);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Retry_OfACreate_ThatFailsAgain_CanBeRetriedAgainOrDeleted()
    {
        var cluster = new Cluster();
        cluster.World.On("prepare-disk", Act.FailFinal, Act.FailFinal);
        var id = InstanceId.New();
        var failed = (await cluster.AcceptAsync(TaskKinds.Create, id)).Task;
        await cluster.RunToRestAsync();

        var second = (await cluster.SubmitAsync(Retries.Of(cluster.Task(failed), TaskId.New(), RequestId.New(), Some.Owner, null))).Task;
        await cluster.RunToRestAsync();
        Assert.Equal(("failed", VmState.Error), (cluster.Task(second).State, cluster.Instance(id).VmState));

        await cluster.AcceptAsync(TaskKinds.Delete, id);
        await cluster.RunToRestAsync();
        Assert.Equal(0, cluster.Journal.Quota[Some.Project].Instances);
    }

    [Fact]
    public async Task Retry_OfACreate_WhileTheInstanceIsInUse_IsRefused()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        var canceled = Some.Task(TaskKinds.Create) with { Instance = instance.Id, Run = TaskRun.Ended, Outcome = TaskOutcome.Canceled };

        var answer = await cluster.SubmitAsync(Retries.Of(canceled, TaskId.New(), RequestId.New(), Some.Owner, null));

        Assert.Equal(RefusalKind.WrongState, answer.Refusal!.Kind);
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        Assert.Equal(RefusalKind.Busy, (await cluster.SubmitAsync(Retries.Of(canceled, TaskId.New(), RequestId.New(), Some.Owner, null))).Refusal!.Kind);
        Assert.Equal(RefusalKind.NotFound, (await cluster.SubmitAsync(Retries.Of(canceled, TaskId.New(), RequestId.New(), Some.Stranger, null))).Refusal!.Kind);
    }

    [Fact]
    public async Task Retry_WhileAnotherTaskHasTheMachine_GoesThroughTheConflictTable()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.FailFinal);
        var failed = (await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id)).Task;
        await cluster.RunToRestAsync();
        cluster.World.On("reset-machine", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.HardReboot, instance.Id);
        await cluster.RunAsync();
        var request = Retries.Of(cluster.Task(failed), TaskId.New(), RequestId.New(), Some.Owner, null);

        Assert.Equal(RefusalKind.Busy, (await cluster.SubmitAsync(request)).Refusal!.Kind);
        var queued = await cluster.SubmitAsync(request with { QueueWhenBusy = true });

        Assert.Equal(("queued", failed), (queued.Record!.State, queued.Record.RetryOf!.Value));
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(queued.Task).State);
    }

    [Fact]
    public async Task Pause_AndTheRunningStepFailsForGood_IsUndoneAllTheSame()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        cluster.World.On("define-machine", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Create, id)).Task;
        await cluster.RunAsync();

        await cluster.CommandAsync(task, TaskCommandKind.Pause);
        cluster.Worker.Finish(Act.FailFinal);
        await cluster.RunToRestAsync();

        Assert.Equal(("failed", VmState.Error), (cluster.Task(task).State, cluster.Instance(id).VmState));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Pause_WhileNoWorkerHasBegunTheAttempt_IsReachedAtOnce()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.Worker.Room = 0;
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, cluster.HostOf(Some.Host1).QueueLength);

        await cluster.CommandAsync(task, TaskCommandKind.Pause);
        await cluster.RunAsync();

        Assert.Equal(("paused", 0), (cluster.Task(task).State, cluster.HostOf(Some.Host1).QueueLength));
        cluster.Worker.Room = 10;
        await cluster.CommandAsync(task, TaskCommandKind.Resume);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }
}
