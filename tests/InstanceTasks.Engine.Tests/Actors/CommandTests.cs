using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Cancel, pause, resume and the queue.</summary>
public sealed class CommandTests
{
    public static TheoryData<string, string> EveryCancellableHostStep()
    {
        var data = new TheoryData<string, string>();
        foreach (var plan in PlanRegistry.All)
        {
            foreach (var step in plan.Steps.Take(plan.PointOfNoReturn).Where(s => s.OnHost && s.IsTakenFrom(Some.StateFor(plan.Kind.Name))))
            {
                data.Add(plan.Kind.Name, step.Name);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryCancellableHostStep))]
    public async Task Cancel_WhileAStepRuns_TakesEffectAsThePlanSaysAndUndoes(string kindName, string stepName)
    {
        var cluster = new Cluster();
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);
        var before = cluster.Journal.Instances.GetValueOrDefault(target)?.VmState ?? VmState.Error;
        cluster.World.On(stepName, Act.Hang);
        var task = (await cluster.AcceptAsync(kind, target)).Task;
        await cluster.RunAsync();

        var answer = await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        await cluster.RunForAsync(TimeSpan.FromSeconds(5));

        Assert.True(answer.Accepted, answer.Refusal?.Message);
        var now = PlanRegistry.Find(kind)!.Steps.Single(s => s.Name == stepName).Cancel == Cancellability.Now;
        Assert.Equal(now ? "takes effect now; what was done is undone" : $"takes effect after step '{stepName}'; what was done is undone", answer.Effect);
        Assert.Equal(now ? "canceled" : "canceling", cluster.Task(task).State);
        if (!now)
        {
            cluster.Worker.Finish(Act.Succeed);
        }

        await cluster.RunToRestAsync();
        Assert.Equal("canceled", cluster.Task(task).State);
        Assert.Null(cluster.Task(task).Failure);
        Assert.Equal(before, cluster.Instance(target).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [MemberData(nameof(EveryCancellableHostStep))]
    public async Task Cancel_AndTheStepFailsByItself_IsCanceledAndUndone(string kindName, string stepName)
    {
        var cluster = new Cluster();
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);
        cluster.World.On(stepName, Act.Hang);
        var task = (await cluster.AcceptAsync(kind, target)).Task;
        await cluster.RunAsync();
        cluster.Worker.Polls = false;

        await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        cluster.Worker.Finish(Act.FailFinal);
        cluster.Worker.Polls = true;
        await cluster.RunToRestAsync();

        Assert.Equal("canceled", cluster.Task(task).State);
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [MemberData(nameof(EveryCancellableHostStep))]
    public async Task Cancel_WhileTheAttemptIsQueuedAtTheHost_NeverBeginsIt(string kindName, string stepName)
    {
        var cluster = new Cluster();
        var kind = new TaskKind(kindName);
        var target = cluster.Target(kind);
        cluster.World.On(stepName, Act.NotBegun);
        var task = (await cluster.AcceptAsync(kind, target)).Task;
        await cluster.RunAsync();
        cluster.Worker.Room = 0;
        await cluster.RunForAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(1, cluster.HostOf(Some.Host1).QueueLength);

        await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        cluster.Worker.Room = 10;
        await cluster.RunToRestAsync();

        // What no runner has begun is a safe point, whatever the step says.
        Assert.Equal("canceled", cluster.Task(task).State);
        Assert.True(cluster.World.Effects.TrueForAll(e => e.Key.Step != stepName || e.Key.Direction == Direction.Undo));
        Invariants.CheckWorld(cluster);
    }

    [Theory]
    [InlineData("delete", "power-off", "power-off")]
    [InlineData("delete", "undefine-machine", "power-off")]
    [InlineData("delete", "delete-disk", "power-off")]
    [InlineData("hard-reboot", "reset-machine", "reset-machine")]
    public async Task Cancel_PastThePointOfNoReturn_IsRefused(string kind, string step, string point)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On(step, Act.Hang);
        var task = (await cluster.AcceptAsync(new TaskKind(kind), instance.Id)).Task;
        await cluster.RunAsync();

        var answer = await cluster.CommandAsync(task, TaskCommandKind.Cancel);

        Assert.Equal((false, RefusalKind.NotNow), (answer.Accepted, answer.Refusal!.Kind));
        Assert.Contains($"past its point of no return (step '{point}')", answer.Refusal.Message, StringComparison.Ordinal);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Cancel_WhileUndoing_ChangesNothingAndSaysSo()
    {
        var cluster = new Cluster();
        cluster.World.On("define-machine", Act.FailFinal);
        cluster.World.On("prepare-disk", Direction.Undo, Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Create, InstanceId.New())).Task;
        await cluster.RunAsync();
        var seq = cluster.Task(task).Seq;

        var answer = await cluster.CommandAsync(task, TaskCommandKind.Cancel);

        Assert.Equal((true, "it is being undone already", seq), (answer.Accepted, answer.Effect, cluster.Task(task).Seq));
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("failed", cluster.Task(task).State);
    }

    [Fact]
    public async Task Cancel_Twice_ChangesNothingTheSecondTime()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();

        await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        var answer = await cluster.CommandAsync(task, TaskCommandKind.Cancel);

        Assert.Equal((true, "it is being stopped already"), (answer.Accepted, answer.Effect));
        Assert.Single(cluster.Task(task).Commands);
    }

    [Fact]
    public async Task Command_SentTwiceWithItsId_IsRecordedOnce()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();
        var pause = Some.Command(TaskCommandKind.Pause);

        var first = await cluster.CellOf(task).Actor.CommandAsync(pause);
        var second = await cluster.CellOf(task).Actor.CommandAsync(pause);

        Assert.Equal((true, "takes effect after step 'shut-down-guest'"), (first.Accepted, first.Effect));
        Assert.Equal((true, "recorded before"), (second.Accepted, second.Effect));
        Assert.Single(cluster.Task(task).Commands);
    }

    [Fact]
    public async Task Cancel_OfAQueuedTask_EndsItAtOnce()
    {
        var (cluster, instance, running) = await StoppingAsync();
        var queued = await cluster.AcceptAsync(TaskKinds.Start, instance, queue: true);

        var answer = await cluster.CommandAsync(queued.Task, TaskCommandKind.Cancel);

        Assert.Equal((true, "it had not begun and is canceled"), (answer.Accepted, answer.Effect));
        Assert.Equal("canceled", cluster.Task(queued.Task).State);
        Assert.Empty(cluster.Instance(instance).Queue);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(running).State);
    }

    [Theory]
    [InlineData(TaskCommandKind.Cancel)]
    [InlineData(TaskCommandKind.Pause)]
    [InlineData(TaskCommandKind.Resume)]
    [InlineData(TaskCommandKind.Retry)]
    public async Task Command_OnAnEndedTask_IsRefused(TaskCommandKind command)
    {
        var cluster = new Cluster();
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        await cluster.RunToRestAsync();

        var answer = await cluster.CommandAsync(task, command);

        Assert.Equal($"Task {task} has ended: succeeded.", answer.Refusal!.Message);
    }

    [Fact]
    public async Task Command_OnAnUnknownTask_IsNotFound()
    {
        var cluster = new Cluster();

        Assert.Equal(RefusalKind.NotFound, (await cluster.CommandAsync(TaskId.New(), TaskCommandKind.Cancel)).Refusal!.Kind);
    }

    [Fact]
    public async Task Pause_Resume_GoesOnWhereItStopped()
    {
        var (cluster, instance, task) = await StoppingAsync();

        await cluster.CommandAsync(task, TaskCommandKind.Pause);
        Assert.Equal("pausing", cluster.Task(task).State);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunForAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(("paused", 1, task), (cluster.Task(task).State, cluster.Task(task).Step, cluster.Instance(instance).Holder!.Id));

        Assert.Equal("it is paused already", (await cluster.CommandAsync(task, TaskCommandKind.Pause)).Effect);
        Assert.True((await cluster.CommandAsync(task, TaskCommandKind.Resume)).Accepted);
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
        Assert.Equal(["shut-down-guest", "power-off"], cluster.World.Effects.Select(e => e.Key.Step));
    }

    [Fact]
    public async Task Pause_TakenBack_IsNotReached()
    {
        var (cluster, _, task) = await StoppingAsync();
        await cluster.CommandAsync(task, TaskCommandKind.Pause);

        var answer = await cluster.CommandAsync(task, TaskCommandKind.Resume);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal("the pause is taken back", answer.Effect);
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Cancel_OfAPausedTask_UndoesIt()
    {
        var (cluster, instance, task) = await StoppingAsync();
        await cluster.CommandAsync(task, TaskCommandKind.Pause);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunAsync();

        Assert.True((await cluster.CommandAsync(task, TaskCommandKind.Cancel)).Accepted);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", VmState.Active), (cluster.Task(task).State, cluster.Instance(instance).VmState));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Resume_OfATaskThatIsNotPaused_IsRefused()
    {
        var (cluster, _, task) = await StoppingAsync();

        Assert.Equal(RefusalKind.NotNow, (await cluster.CommandAsync(task, TaskCommandKind.Resume)).Refusal!.Kind);
    }

    [Fact]
    public async Task Queue_WhenTheHolderEnds_TheNextGetsTheMachine()
    {
        var (cluster, instance, stop) = await StoppingAsync();
        var start = await cluster.AcceptAsync(TaskKinds.Start, instance, queue: true);
        var reboot = await cluster.AcceptAsync(TaskKinds.Reboot, instance, queue: true);
        Assert.Equal(("queued", "queued"), (start.Record!.State, reboot.Record!.State));

        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.All([stop, start.Task, reboot.Task], t => Assert.Equal("succeeded", cluster.Task(t).State));
        Assert.Equal([2L, 3L, 4L], cluster.World.Effects.Select(e => e.Stamp.Turn).Distinct());
        Assert.Equal(VmState.Active, cluster.Instance(instance).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Queue_TheStateDisallowsItAtItsTurn_Fails()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        var start = await cluster.AcceptAsync(TaskKinds.Start, instance.Id, queue: true);
        var reboot = await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id, queue: true);

        // Canceled, the server stays active: a start makes no sense, what comes after it does.
        await cluster.CommandAsync(cluster.Instance(instance.Id).Holder!.Id, TaskCommandKind.Cancel);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        var failed = cluster.Task(start.Task);
        Assert.Equal(("failed", FailureKinds.WrongState, 409), (failed.State, failed.Failure!.Kind, failed.Failure.Code));
        Assert.Equal($"Cannot 'start' instance {instance.Id} while it is in vm_state active", failed.Failure.Message);
        Assert.Equal("succeeded", cluster.Task(reboot.Task).State);
    }

    private static async Task<(Cluster Cluster, InstanceId Instance, TaskId Task)> StoppingAsync()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var answer = await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();
        return (cluster, instance.Id, answer.Task);
    }
}
