using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>What is left after a failure: nothing, or a task that needs attention.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData("prepare-disk")]
    [InlineData("define-machine")]
    [InlineData("start-machine")]
    public async Task Create_AStepFails_UndoesEverything(string step)
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        cluster.World.On(step, Act.FailFinal);

        var answer = await cluster.AcceptAsync(TaskKinds.Create, id);
        await cluster.RunToRestAsync();

        var task = cluster.Task(answer.Task);
        Assert.Equal(("failed", Some.GuestFailure), (task.State, task.Failure));
        Assert.Equal((VmState.Error, (HostName?)null, ""), (cluster.Instance(id).VmState, cluster.Instance(id).Host, cluster.Instance(id).AvailabilityZone));
        Assert.Equal("failed", task.Steps.Single(s => s.Name == step && s.Direction == Direction.Do).Result);
        Assert.Empty(cluster.Journal.Claims);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [InlineData("start", "start-machine", VmState.Stopped)]
    [InlineData("reboot", "reboot-guest", VmState.Active)]
    [InlineData("hard-reboot", "reset-machine", VmState.Error)]
    [InlineData("stop", "power-off", VmState.Active)]
    public async Task Kind_AStepFails_LeavesThisState(string kind, string step, VmState state)
    {
        var cluster = new Cluster();
        var target = cluster.Target(new TaskKind(kind));
        cluster.World.On(step, Act.FailFinal);

        var answer = await cluster.AcceptAsync(new TaskKind(kind), target);
        await cluster.RunToRestAsync();

        Assert.Equal("failed", cluster.Task(answer.Task).State);
        Assert.Equal(state, cluster.Instance(target).VmState);
        Assert.Null(cluster.Instance(target).Holder);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Step_RetriesUsedUp_Fails()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", [.. Enumerable.Repeat(Act.FailRetryable, 10)]);

        var answer = await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        await cluster.RunToRestAsync();

        var task = cluster.Task(answer.Task);
        Assert.Equal(("failed", RetryPolicy.Default.MaxAttempts), (task.State, task.Steps[0].Attempts));
        Assert.Equal(5, cluster.World.Acts[("start-machine", Direction.Do)].Count);
    }

    [Theory]
    [InlineData("power-off")]
    [InlineData("undefine-machine")]
    [InlineData("delete-disk")]
    public async Task Delete_AStepFails_NeedsAttentionAndKeepsItsClaim(string step)
    {
        var (cluster, instance, task) = await FailedDeleteAsync(step);

        Assert.Equal("needs_attention", cluster.Task(task).State);
        Assert.Equal((VmState.Error, (TaskRef?)null, true), (cluster.Instance(instance).VmState, cluster.Instance(instance).Holder, cluster.Instance(instance).FenceNext));
        Assert.Equal([task], cluster.Instance(instance).Attention.Select(a => a.Id));
        Assert.Null(cluster.Task(task).TaskState);
        Assert.NotEmpty(cluster.Journal.Claims);
    }

    [Theory]
    [InlineData("power-off", TaskCommandKind.Retry, "succeeded")]
    [InlineData("undefine-machine", TaskCommandKind.Retry, "succeeded")]
    [InlineData("delete-disk", TaskCommandKind.Retry, "succeeded")]
    [InlineData("delete-disk", TaskCommandKind.Skip, "succeeded")]
    [InlineData("delete-disk", TaskCommandKind.Done, "succeeded")]
    [InlineData("power-off", TaskCommandKind.Abandon, "failed")]
    public async Task DeleteThatNeedsAttention_IsDecided_Ends(string step, TaskCommandKind command, string state)
    {
        var (cluster, instance, task) = await FailedDeleteAsync(step);

        var answer = await cluster.CommandAsync(task, command, "seen to it");
        await cluster.RunToRestAsync();

        Assert.True(answer.Accepted, answer.Refusal?.Message);
        Assert.Equal(state, cluster.Task(task).State);
        Assert.Equal(state == "succeeded" ? VmState.Deleted : VmState.Error, cluster.Instance(instance).VmState);
        Assert.Empty(cluster.Instance(instance).Attention);
        Assert.Equal(command, cluster.Task(task).Commands.Single().Kind);
        if (command is TaskCommandKind.Skip or TaskCommandKind.Done)
        {
            Assert.Contains(cluster.Task(task).Steps, s => s.Note?.EndsWith("by u1: seen to it", StringComparison.Ordinal) == true);
        }
    }

    /// <summary>An undo that fails: attention, then each decision. The task fails as it would have without the trouble, and the state goes back.</summary>
    [Theory]
    [InlineData("create", "define-machine", "prepare-disk", TaskCommandKind.Retry, VmState.Error)]
    [InlineData("create", "define-machine", "prepare-disk", TaskCommandKind.Skip, VmState.Error)]
    [InlineData("create", "define-machine", "prepare-disk", TaskCommandKind.Done, VmState.Error)]
    [InlineData("create", "define-machine", "prepare-disk", TaskCommandKind.Abandon, VmState.Error)]
    [InlineData("start", "start-machine", "start-machine", TaskCommandKind.Retry, VmState.Stopped)]
    [InlineData("start", "start-machine", "start-machine", TaskCommandKind.Skip, VmState.Stopped)]
    [InlineData("start", "start-machine", "start-machine", TaskCommandKind.Done, VmState.Stopped)]
    [InlineData("start", "start-machine", "start-machine", TaskCommandKind.Abandon, VmState.Error)]
    [InlineData("stop", "power-off", "shut-down-guest", TaskCommandKind.Retry, VmState.Active)]
    public async Task UndoThatFails_IsDecided_EndsFailed(string kind, string step, string undo, TaskCommandKind command, VmState state)
    {
        var cluster = new Cluster();
        var target = cluster.Target(new TaskKind(kind));
        cluster.World.On(step, Act.FailFinal);
        cluster.World.On(undo, Direction.Undo, Act.FailFinal);
        var task = (await cluster.AcceptAsync(new TaskKind(kind), target)).Task;
        await cluster.RunToRestAsync();
        Assert.Equal(("needs_attention", VmState.Error), (cluster.Task(task).State, cluster.Instance(target).VmState));
        Assert.StartsWith($"Could not undo step '{undo}'", cluster.Task(task).Failure!.Message, StringComparison.Ordinal);

        var answer = await cluster.CommandAsync(task, command, "looked");
        await cluster.RunToRestAsync();

        Assert.True(answer.Accepted, answer.Refusal?.Message);
        Assert.Equal("failed", cluster.Task(task).State);
        Assert.NotNull(cluster.Task(task).Failure);
        Assert.Equal(state, cluster.Instance(target).VmState);
        if (command == TaskCommandKind.Retry)
        {
            Assert.Equal(Some.GuestFailure, cluster.Task(task).Failure);
            Invariants.CheckWorld(cluster);
        }
    }

    [Fact]
    public async Task UndoOfACancelThatFails_IsRetried_EndsCanceled()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();
        cluster.World.On("define-machine", Act.Hang);
        cluster.World.On("prepare-disk", Direction.Undo, Act.FailFinal);
        var task = (await cluster.AcceptAsync(TaskKinds.Create, id)).Task;
        await cluster.RunAsync();
        await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("needs_attention", cluster.Task(task).State);

        await cluster.CommandAsync(task, TaskCommandKind.Retry);
        await cluster.RunToRestAsync();

        Assert.Equal("canceled", cluster.Task(task).State);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [InlineData(TaskCommandKind.Skip)]
    [InlineData(TaskCommandKind.Done)]
    public async Task Decision_WithoutAReason_IsInvalid(TaskCommandKind command)
    {
        var (cluster, _, task) = await FailedDeleteAsync("power-off");

        var answer = await cluster.CommandAsync(task, command);

        Assert.Equal(RefusalKind.Invalid, answer.Refusal!.Kind);
        Assert.Equal("needs_attention", cluster.Task(task).State);
    }

    [Fact]
    public async Task Decision_WhileAnotherTaskHasTheMachine_IsRefused()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("power-off", Act.FailFinal);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal);
        var first = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();
        Assert.Equal("needs_attention", cluster.Task(first).State);
        cluster.World.On("shut-down-guest", Act.Hang);
        var second = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(1));

        var answer = await cluster.CommandAsync(first, TaskCommandKind.Retry);

        Assert.Equal((RefusalKind.Busy, second), (answer.Refusal!.Kind, answer.Refusal.RunningTask));
        Assert.Equal("needs_attention", cluster.Task(first).State);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("hard-reboot")]
    public async Task TaskThatNeedsAttention_DeleteOrHardReboot_TakesOverBehindAFence(string kind)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("power-off", Act.FailFinal);
        cluster.World.On("shut-down-guest", Direction.Undo, Act.FailFinal);
        var first = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();

        var second = await cluster.AcceptAsync(new TaskKind(kind), instance.Id);
        Assert.True(second.Record!.MustFence);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", second.Task), (cluster.Task(first).State, cluster.Task(first).SupersededBy));
        Assert.Equal("succeeded", cluster.Task(second.Task).State);
        Assert.Empty(cluster.Instance(instance.Id).Attention);
        Invariants.CheckWorld(cluster);
    }

    private static async Task<(Cluster Cluster, InstanceId Instance, TaskId Task)> FailedDeleteAsync(string step)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On(step, Act.FailFinal);
        var answer = await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunToRestAsync();
        return (cluster, instance.Id, answer.Task);
    }
}
