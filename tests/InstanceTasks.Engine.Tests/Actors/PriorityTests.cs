using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

public sealed class PriorityTests
{
    [Fact]
    public async Task SetPriority_WhileTheAttemptWaits_MovesItInTheHostsQueue()
    {
        var cluster = new Cluster();
        cluster.Worker.Room = 0;
        var first = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        var second = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("1 ahead in the queue of host h1", cluster.Task(second).WaitReason);
        Assert.Equal((WaitLimits.Workers, 1), (cluster.Task(second).Wait!.Limit, cluster.Task(second).Wait!.Ahead));

        CommandAnswer? answer = null;
        await cluster.TurnAsync(second, async a => answer = await a.CommandAsync(Some.Command(TaskCommandKind.SetPriority, "urgent", Some.Admin) with { Priority = 9 }));
        cluster.Worker.Room = 1;
        await cluster.RunToRestAsync();

        Assert.True(answer!.Accepted);
        var (a, b) = (cluster.Task(first), cluster.Task(second));
        Assert.Equal((9, "urgent", Some.Admin.User), (b.Priority, b.Commands[0].Reason, b.Commands[0].By));
        Assert.Equal([second, first], cluster.World.Effects.Where(e => e.Key.Step == "shut-down-guest").Select(e => e.Key.Task));
        Assert.Null(a.Wait);
        Assert.Null(b.Wait);
    }

    [Fact]
    public async Task Submit_WithAPriority_IsKeptAndUsed()
    {
        var cluster = new Cluster();
        cluster.Worker.Room = 0;
        var low = (await cluster.SubmitAsync(Some.Request(TaskKinds.Stop, cluster.Add().Id) with { Priority = 1 })).Task;
        var normal = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(1));
        cluster.Worker.Room = 1;
        await cluster.RunToRestAsync();

        Assert.Equal((1, null), (cluster.Task(low).Priority, cluster.Task(normal).Priority));
        Assert.Equal([normal, low], cluster.World.Effects.Where(e => e.Key.Step == "shut-down-guest").Select(e => e.Key.Task));
    }
}
