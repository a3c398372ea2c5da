using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Undo everywhere: a failed or canceled task leaves machine, disks, claims and quota as they were. From the tables, so that a new kind is in.</summary>
public sealed class UndoTests
{
    /// <summary>Every kind from every vm_state whose row leads back there, with every step that is undone when it fails.</summary>
    public static TheoryData<string, VmState, string> Undone()
    {
        var data = new TheoryData<string, VmState, string>();
        foreach (var plan in PlanRegistry.All.Where(p => !p.IsOneCommit))
        {
            foreach (var row in InstanceMachine.All.Where(r => r.Kind == plan.Kind && r is { Failure: null, Undone: null }))
            {
                foreach (var step in plan.Steps.Where(s => s.OnHost && s.OnExhausted == Exhausted.Undo && s.IsTakenFrom(row.From)))
                {
                    data.Add(plan.Kind.Name, row.From, step.Name);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Undone))]
    public async Task Kind_AStepFailsForGood_EverythingIsAsBefore(string kind, VmState from, string step)
    {
        var cluster = new Cluster();
        var instance = cluster.Add(from, new TaskKind(kind));
        var quota = cluster.Journal.Quota[instance.Project];
        cluster.World.On(step, Act.FailFinal);

        var answer = await cluster.AcceptAsync(new TaskKind(kind), instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal("failed", cluster.Task(answer.Task).State);
        AssertAsBefore(cluster, instance, quota);
    }

    [Theory]
    [MemberData(nameof(Undone))]
    public async Task Kind_CanceledInAStep_EverythingIsAsBefore(string kind, VmState from, string step)
    {
        if (PlanRegistry.Find(new TaskKind(kind))!.PointOfNoReturn == 0)
        {
            // Such a kind takes no cancel at all.
            return;
        }

        var cluster = new Cluster();
        var instance = cluster.Add(from, new TaskKind(kind));
        var quota = cluster.Journal.Quota[instance.Project];
        cluster.World.On(step, Act.Hang);
        var answer = await cluster.AcceptAsync(new TaskKind(kind), instance.Id);
        await cluster.RunAsync();

        Assert.True((await cluster.CommandAsync(answer.Task, TaskCommandKind.Cancel)).Accepted);
        await cluster.RunAsync();
        cluster.Worker.FinishAll(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal("canceled", cluster.Task(answer.Task).State);
        AssertAsBefore(cluster, instance, quota);
    }

    [Theory]
    [InlineData("stop", "shut-down-guest", "force-stop", VmState.Stopped)]
    [InlineData("reboot", "reboot-guest", "force-stop", VmState.Stopped)]
    [InlineData("stop", "shut-down-guest", "hard-reboot", VmState.Active)]
    [InlineData("suspend", "suspend-machine", "hard-reboot", VmState.Active)]
    public async Task Kind_HangsOnItsGuest_GivesWay(string kind, string step, string then, VmState state)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On(step, Act.Hang);
        var hung = await cluster.AcceptAsync(new TaskKind(kind), instance.Id);
        await cluster.RunAsync();

        var answer = await cluster.AcceptAsync(new TaskKind(then), instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal(("canceled", "succeeded"), (cluster.Task(hung.Task).State, cluster.Task(answer.Task).State));
        Assert.Equal(state, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    private static void AssertAsBefore(Cluster cluster, InstanceRecord before, QuotaUsage quota)
    {
        var after = cluster.Instance(before.Id);
        Assert.Equal((before.VmState, before.Host, before.AvailabilityZone, before.ImageId, (TaskRef?)null), (after.VmState, after.Host, after.AvailabilityZone, after.ImageId, after.Holder));
        Assert.Equal((before.Flavor.Id, before.Resize?.Other.Id, before.Resize?.Stage), (after.Flavor.Id, after.Resize?.Other.Id, after.Resize?.Stage));
        Assert.Equal(quota, cluster.Journal.Quota[before.Project]);
        Assert.Equal(before.Host is { } host ? [host] : [], cluster.Journal.Claims.Keys.Select(c => c.Host));
        Invariants.CheckWorld(cluster);
    }
}
