using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

public sealed class DeadlineTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Deadline_WhileAStepRuns_StopsAtTheNextSafePointUndoesAndFails()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Stop, instance.Id);

        await cluster.RunForAsync(Minute + TimeSpan.FromSeconds(5));
        Assert.Equal("canceling", cluster.Task(task).State);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        var ended = cluster.Task(task);
        Assert.Equal(("failed", FailureKinds.Deadline), (ended.State, ended.Failure!.Kind));
        Assert.Equal("The task was not done within 60 seconds: what was done is undone.", ended.Failure.Message);
        Assert.Equal(VmState.Active, cluster.Instance(instance.Id).VmState);
        Assert.Empty(ended.Commands);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Deadline_WhileAStepThatCanBeAbortedRuns_AbortsIt()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        cluster.World.On("prepare-disk", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Create, id);

        await cluster.RunForAsync(Minute + TimeSpan.FromSeconds(10));
        await cluster.RunToRestAsync();

        Assert.Equal(("failed", FailureKinds.Deadline, VmState.Error), (cluster.Task(task).State, cluster.Task(task).Failure!.Kind, cluster.Instance(id).VmState));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Deadline_NotReached_ChangesNothing()
    {
        var cluster = new Cluster();
        var task = await SubmitAsync(cluster, TaskKinds.Stop, cluster.Add().Id);

        await cluster.RunToRestAsync();
        await cluster.RunForAsync(Minute * 2);

        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Deadline_PastThePointOfNoReturn_LetsTheTaskFinish()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("power-off", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Delete, instance.Id);

        await cluster.RunForAsync(Minute * 2);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Deadline_OfAQueuedTask_EndsItWhenRecoveryLooks()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        var queued = await SubmitAsync(cluster, TaskKinds.Start, instance.Id);
        Assert.Equal("queued", cluster.Task(queued).State);

        await cluster.RunForAsync(Minute);
        await cluster.LookAsync();

        var ended = cluster.Task(queued);
        Assert.Equal(("failed", FailureKinds.Deadline), (ended.State, ended.Failure!.Kind));
        Assert.Empty(cluster.Instance(instance.Id).Queue);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
    }

    [Fact]
    public async Task Deadline_OfAPausedTask_UndoesItWhenRecoveryLooks()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        await cluster.CommandAsync(task, TaskCommandKind.Pause);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunAsync();
        Assert.Equal("paused", cluster.Task(task).State);

        await cluster.RunForAsync(Minute);
        await cluster.LookAsync();
        await cluster.RunToRestAsync();

        Assert.Equal(("failed", FailureKinds.Deadline), (cluster.Task(task).State, cluster.Task(task).Failure!.Kind));
        Assert.Equal(VmState.Active, cluster.Instance(instance.Id).VmState);
    }

    [Fact]
    public async Task Deadline_SurvivesTheProcessThatAcceptedIt()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        var dead = cluster.Home;
        cluster.Home = cluster.AddNode();
        dead.Kill();
        cluster.World.On("shut-down-guest", Act.Hang);

        await cluster.RunForAsync(TimeSpan.FromSeconds(10));
        cluster.EndLease(dead);
        await cluster.LookAsync();
        await cluster.RunForAsync(Minute);
        cluster.Worker.FinishAll(Act.Succeed);
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal(("failed", FailureKinds.Deadline), (cluster.Task(task).State, cluster.Task(task).Failure!.Kind));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Deadline_TheWallClockJumps_IsNotFooled()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = await SubmitAsync(cluster, TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();

        cluster.Time.WallError = TimeSpan.FromHours(1);
        await cluster.RunForAsync(TimeSpan.FromSeconds(30));

        Assert.NotEqual("canceling", cluster.Task(task).State);
        cluster.Time.WallError = TimeSpan.Zero;
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Deadline_TheUndoNeedsAttention_StillEndsFailedWithIt()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal);
        var task = await SubmitAsync(cluster, TaskKinds.Stop, instance.Id);
        await cluster.RunForAsync(Minute + TimeSpan.FromSeconds(5));
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("needs_attention", cluster.Task(task).State);

        await cluster.CommandAsync(task, TaskCommandKind.Retry);
        await cluster.RunToRestAsync();

        Assert.Equal(("failed", FailureKinds.Deadline), (cluster.Task(task).State, cluster.Task(task).Failure!.Kind));
    }

    private static async Task<TaskId> SubmitAsync(Cluster cluster, TaskKind kind, InstanceId instance)
    {
        var answer = await cluster.SubmitAsync(Some.Request(kind, instance) with { DeadlineIn = Minute, QueueWhenBusy = true });
        Assert.True(answer.Verdict == AcceptVerdict.Accepted, answer.Refusal?.Message);
        return answer.Task;
    }
}
