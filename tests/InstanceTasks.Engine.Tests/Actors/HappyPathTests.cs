using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Every kind from accept to end: exactly these commits, and the world as asked for.</summary>
public sealed class HappyPathTests
{
    [Theory]
    [InlineData("create", "accept step step step settle", VmState.Active)]
    [InlineData("delete", "accept step step settle", VmState.Deleted)]
    [InlineData("stop", "accept step settle", VmState.Stopped)]
    [InlineData("start", "accept settle", VmState.Active)]
    [InlineData("reboot", "accept settle", VmState.Active)]
    [InlineData("hard-reboot", "accept settle", VmState.Active)]
    [InlineData("force-stop", "accept settle", VmState.Stopped)]
    [InlineData("pause", "accept settle", VmState.Paused)]
    [InlineData("unpause", "accept settle", VmState.Active)]
    [InlineData("suspend", "accept settle", VmState.Suspended)]
    [InlineData("resume", "accept settle", VmState.Active)]
    [InlineData("rescue", "accept step settle", VmState.Rescued)]
    [InlineData("unrescue", "accept step settle", VmState.Active)]
    [InlineData("change-password", "accept settle", VmState.Active)]
    [InlineData("rebuild", "accept step step step step step settle", VmState.Active)]
    [InlineData("create-image", "accept settle", VmState.Active)]
    [InlineData("shelve", "accept step step settle", VmState.Shelved)]
    [InlineData("shelve-and-offload", "accept step step step step step step settle", VmState.ShelvedOffloaded)]
    [InlineData("shelve-offload", "accept step step step settle", VmState.ShelvedOffloaded)]
    [InlineData("unshelve", "accept step step step settle", VmState.Active)]
    [InlineData("resize", "accept step step step step step step settle", VmState.Resized)]
    [InlineData("confirm-resize", "accept settle", VmState.Active)]
    [InlineData("revert-resize", "accept step step settle", VmState.Active)]
    public async Task Task_NothingGoesWrong_TakesTheseCommits(string kindName, string commits, VmState state)
    {
        var kind = new TaskKind(kindName);
        var cluster = new Cluster();
        var target = cluster.Target(kind);

        var answer = await cluster.AcceptAsync(kind, target);
        await cluster.RunToRestAsync();

        var task = cluster.Task(answer.Task);
        Assert.Equal("succeeded", task.State);
        Assert.Equal(commits, cluster.CommitNames(answer.Task));
        Assert.Equal(state, cluster.Instance(target).VmState);
        Assert.Null(cluster.Instance(target).Holder);
        Assert.All(task.Steps, s => Assert.Equal(IsTaken(s) ? ("done", 1) : ("skipped", 0), (s.Result, s.Attempts)));
        Assert.Equal(PlanRegistry.Find(kind)!.Steps.Select(s => s.Name), task.Steps.Select(s => s.Name));
        Assert.Equal(PlanRegistry.Find(kind)!.Steps.Count(s => s.OnHost && s.IsTakenFrom(task.ReturnsTo ?? task.FromState)), cluster.World.Effects.Count);
        Assert.Equal(1, cluster.Home.TokensSpent);
        Assert.Equal(["ended"], cluster.Drops);
        Invariants.CheckWorld(cluster);

        bool IsTaken(StepRecord record) => PlanRegistry.Find(kind)!.Steps.Single(s => s.Name == record.Name).IsTakenFrom(task.ReturnsTo ?? task.FromState);
    }

    [Fact]
    public async Task Create_Succeeds_FillsTheInstanceFromItsSteps()
    {
        var cluster = new Cluster();
        var id = InstanceId.New();

        await cluster.AcceptAsync(TaskKinds.Create, id);
        Assert.Equal(VmState.Building, cluster.Instance(id).VmState);
        await cluster.RunToRestAsync();

        var instance = cluster.Instance(id);
        Assert.Equal((Some.Host1, "nova", PowerState.Running, cluster.Time.Now), (instance.Host, instance.AvailabilityZone, instance.Power, instance.LaunchedAt));
        Assert.Equal(1, cluster.Journal.Quota[Some.Project].Instances);
        Assert.Equal(Some.Flavor.ToResources(), cluster.Journal.Taken(Some.Host1));
    }

    [Fact]
    public async Task Delete_Succeeds_GivesEverythingBack()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();

        await cluster.AcceptAsync(TaskKinds.Delete, instance.Id);
        await cluster.RunToRestAsync();

        Assert.Empty(cluster.Journal.Claims);
        Assert.Equal(new QuotaUsage(0, 0, 0), cluster.Journal.Quota[Some.Project]);
        Assert.Equal(PowerState.NoState, cluster.Instance(instance.Id).Power);
        Assert.Equal(cluster.Time.Now, cluster.Instance(instance.Id).TerminatedAt);
    }

    [Theory]
    [InlineData("lock")]
    [InlineData("unlock")]
    [InlineData("update")]
    [InlineData("metadata")]
    public async Task OneCommitKind_Idle_IsOneCommitWithAnEndedTask(string kind)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();

        var answer = await cluster.AcceptAsync(new TaskKind(kind), instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal(kind, cluster.CommitNames(answer.Task));
        Assert.Equal("succeeded", cluster.Task(answer.Task).State);
        Assert.Equal(2, cluster.Instance(instance.Id).Version);
        Assert.Empty(cluster.World.Effects);
    }

    [Fact]
    public async Task OneCommitKind_WhileATaskRuns_IsAppliedAndSurvivesItsEnd()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunAsync();

        var update = Some.Request(TaskKinds.Update, instance.Id) with { Change = new InstanceChange { Name = "renamed" } };
        Assert.Equal(AcceptVerdict.Accepted, (await cluster.SubmitAsync(update)).Verdict);
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunToRestAsync();

        Assert.Equal(("renamed", VmState.Stopped), (cluster.Instance(instance.Id).Name, cluster.Instance(instance.Id).VmState));
    }

    [Fact]
    public async Task Stop_GuestDoesNotShutDown_CutsThePower()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.FailRetryable);

        var answer = await cluster.AcceptAsync(TaskKinds.Stop, instance.Id);
        await cluster.RunToRestAsync();

        var task = cluster.Task(answer.Task);
        Assert.Equal("succeeded", task.State);
        Assert.Equal(["skipped", "done"], task.Steps.Select(s => s.Result));
        Assert.Equal([1, 1], task.Steps.Select(s => s.Attempts));
        Assert.Equal(Some.Glitch, task.Steps[0].Failure);
        Assert.Null(task.Failure);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Create_FirstHostIsFullAtTheCommit_TakesTheNextAndSaysWhy()
    {
        var cluster = new Cluster();
        var other = cluster.Add();
        var id = InstanceId.New();
        var raced = false;
        cluster.Journal.Before = c =>
        {
            if (!raced && c.Claims.Any(x => x.Take))
            {
                raced = true;
                cluster.Journal.Claims[(other.Id, Some.Host1)] = (TaskId.New(), cluster.Journal.Hosts[Some.Host1].Capacity);
            }
        };

        var answer = await cluster.AcceptAsync(TaskKinds.Create, id);
        await cluster.RunToRestAsync();

        Assert.True(raced);
        Assert.Equal(Some.Host2, cluster.Instance(id).Host);
        Assert.Equal(["another task took the room first"], cluster.Task(answer.Task).RefusedHosts.Values);
    }

    [Fact]
    public async Task Create_NoHostHasRoom_FailsWithTheReasonOfEveryHost()
    {
        var cluster = new Cluster();
        foreach (var host in cluster.Journal.Hosts.Values.ToList())
        {
            cluster.Journal.Hosts[host.Host] = host with { Disabled = host.Host == Some.Host1 ? "burnt" : null, Capacity = new Resources(1, 100, 1) };
        }

        var id = InstanceId.New();
        var answer = await cluster.AcceptAsync(TaskKinds.Create, id);
        await cluster.RunToRestAsync();

        var task = cluster.Task(answer.Task);
        Assert.Equal(("failed", FailureKinds.NoValidHost), (task.State, task.Failure!.Kind));
        Assert.Equal(["disabled: burnt", "has 1 vCPUs, 100 MB and 1 GB free"], task.RefusedHosts.OrderBy(r => r.Key).Select(r => r.Value));
        Assert.DoesNotContain("h1", task.Failure.Message, StringComparison.Ordinal);
        Assert.Equal((VmState.Error, (HostName?)null), (cluster.Instance(id).VmState, cluster.Instance(id).Host));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Retry_AfterAGlitch_WaitsForTheBackOffAndObservesFirst()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);
        cluster.World.On("start-machine", Act.FailRetryable, Act.FailRetryable);
        var begun = cluster.Time.Now;

        var answer = await cluster.AcceptAsync(TaskKinds.Start, instance.Id);
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(answer.Task).State);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), cluster.Time.Now - begun);
        Assert.Equal(3, cluster.Task(answer.Task).Steps.Single().Attempts);
        Assert.Equal("accept step step step step settle", cluster.CommitNames(answer.Task));
        Assert.Equal([1, 2, 3], cluster.Worker.Begins.Select(b => b.Stamp.Attempt));
    }
}
