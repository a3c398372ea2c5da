using InstanceTasks.Engine.Tests.Support;
using InstanceTasks.TestKit;

namespace InstanceTasks.Engine.Tests.Plans;

/// <summary>Runs alone: it changes the process's registry of plans.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NextRelease
{
    public const string Name = "next release";
}

/// <summary>An upgrade in the middle of a task: it finishes on the plan it started with, as the journal of the release before has it.</summary>
[Collection(NextRelease.Name)]
public sealed class PlanVersionTests
{
    /// <summary>The next release stops a machine otherwise: under other names, in another order, with a step more.</summary>
    private static readonly Plan StopV2 = new()
    {
        Kind = TaskKinds.Stop,
        Version = 2,
        TaskState = "powering-off",
        NovaAction = "stop",
        NeedsHost = true,
        Steps =
        [
            new() { Name = "cut-power", Do = Verb.PowerOff, Undo = Verb.Start },
            new() { Name = "settle-down", Do = Verb.Shutdown, NoUndoBecause = "it is off" },
            new() { Name = "look-again", Do = Verb.PowerOff, NoUndoBecause = "it is off", NeedsMachine = true },
        ],
    };

    [Fact]
    public async Task RunningTask_OfTheOldVersion_FinishesOnItAfterAnUpgrade()
    {
        using var upgraded = PlanRegistry.WithNextRelease(StopV2);
        var cluster = new Cluster();
        var task = Load(cluster);

        await cluster.LookAsync();
        await cluster.RunToRestAsync(recovery: true);

        var ended = cluster.Task(task);
        Assert.Equal(("succeeded", 1), (ended.State, ended.PlanVersion));
        Assert.Equal(["shut-down-guest", "power-off"], ended.Steps.Select(s => s.Name));
        Assert.Equal(["power-off"], cluster.World.Effects.Select(e => e.Key.Step));
        Assert.Equal(VmState.Stopped, cluster.Instance(ended.Instance).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task RunningTask_OfTheOldVersion_IsUndoneByIt()
    {
        using var upgraded = PlanRegistry.WithNextRelease(StopV2);
        var cluster = new Cluster();
        var task = Load(cluster);
        cluster.World.On("power-off", Act.FailFinal);

        await cluster.LookAsync();
        await cluster.RunToRestAsync(recovery: true);

        Assert.Equal("failed", cluster.Task(task).State);
        Assert.Equal([("shut-down-guest", Direction.Undo)], cluster.World.Effects.Select(e => (e.Key.Step, e.Key.Direction)));
        Assert.Equal(VmState.Active, cluster.Instance(cluster.Task(task).Instance).VmState);
    }

    [Fact]
    public async Task NewTask_AfterAnUpgrade_FollowsTheNewVersion()
    {
        using var upgraded = PlanRegistry.WithNextRelease(StopV2);
        var cluster = new Cluster();
        var instance = cluster.Add();

        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunToRestAsync();

        Assert.Equal(("succeeded", 2), (cluster.Task(task).State, cluster.Task(task).PlanVersion));
        Assert.Equal(["cut-power", "settle-down", "look-again"], cluster.Task(task).Steps.Select(s => s.Name));
    }

    [Fact]
    public async Task NewTask_OnAReleaseThatLacksItsVersion_IsPutAsideAndNotGuessedAt()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        TaskId task;
        using (PlanRegistry.WithNextRelease(StopV2))
        {
            cluster.World.On("cut-power", Act.Hang);
            task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
            await cluster.RunAsync();
            cluster.Home.LoseActivations();
        }

        cluster.Time.JumpTo(cluster.Time.Now.AddHours(1));
        await cluster.LookAsync();

        Assert.Contains("No plan 'stop' version 2", cluster.Journal.Tasks[task].Quarantine, StringComparison.Ordinal);
        Assert.Empty(cluster.World.Effects);
    }

    /// <summary>The journal of a stop that a process of the release before began: its guest is down, and the process is gone.</summary>
    private static TaskId Load(Cluster cluster)
    {
        var json = File.ReadAllText(Path.Combine(RepoRoot.Path, "tests/InstanceTasks.Engine.Tests/Fixtures/stop-plan-1.json"));
        var rows = EngineJson.Read<List<List<TaskEvent>>>(json);
        var task = TaskMachine.Fold(rows);
        cluster.Restore(task, rows);
        cluster.Over.Add(task.Generation);
        return task.Id;
    }
}
