using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Hosts;

/// <summary>Priorities and limits of a host's queue.</summary>
public sealed class HostQueueTests
{
    private readonly ManualTime _time = new();
    private readonly HostActorTests.Ownership _ownership = new() { Live = [1, 2] };

    [Fact]
    public async Task Offer_Priorities_HigherFirstThenByArrival()
    {
        var host = await SettledAsync();
        int[] priorities = [5, 2, 9, 5, 9];
        var attempts = priorities.Select((p, i) => Attempt(i + 1, priority: p)).ToList();

        attempts.ForEach(a => host.Offer(a));

        Assert.Equal([3, 5, 1, 4, 2], (await host.PollAsync(Poll(1))).Attempts.Select(a => (int)a.Stamp.Turn));
    }

    [Fact]
    public async Task Offer_AgainWithAnotherPriority_MovesInTheQueue()
    {
        var host = await SettledAsync();
        var attempts = Enumerable.Range(1, 3).Select(i => Attempt(i)).ToList();
        attempts.ForEach(a => host.Offer(a));

        var moved = host.Offer(attempts[2] with { Priority = 8 });

        Assert.Equal((3, 0), (host.QueueLength, moved.Position));
        Assert.Equal([3, 1, 2], (await host.PollAsync(Poll(1))).Attempts.Select(a => (int)a.Stamp.Turn));
    }

    [Fact]
    public async Task Limit_OfAKind_HoldsThatKindUpAndLetsOthersPass()
    {
        var host = await SettledAsync(new() { RunningPerKind = { ["create"] = 1 } });
        var (first, second, other) = (Attempt(1, "create"), Attempt(2, "create"), Attempt(3, "stop"));
        foreach (var attempt in new[] { first, second, other })
        {
            host.Offer(attempt);
        }

        Assert.Equal([1, 3], (await host.PollAsync(Poll(1))).Attempts.Select(a => (int)a.Stamp.Turn));
        var where = host.Where(second.Key, second.Stamp);
        Assert.Equal("at most 1 steps of kind 'create' run on host h1 at a time", where.Reason);
        Assert.Equal((WaitLimits.Kind, 0, first.Key.Task), (where.Wait!.Limit, where.Wait.Ahead, where.Wait.HeldBy.Single()));
    }

    [Fact]
    public async Task Limit_OfTheHost_CountsAllWorkersAndHandsOutWhenOneEnds()
    {
        var host = await SettledAsync(new() { RunningPerHost = 2 });
        var attempts = Enumerable.Range(1, 3).Select(i => Attempt(i)).ToList();
        attempts.ForEach(a => host.Offer(a));
        var mine = (await host.PollAsync(Poll(1, room: 1))).Attempts;
        var others = (await host.PollAsync(Poll(2, room: 5))).Attempts;
        Assert.Equal((1, 1), (mine.Count, others.Count));
        var waiting = host.PollAsync(Poll(2, wait: 10) with { Held = [Held(others[0])] });
        Assert.False(waiting.IsCompleted);

        await host.PollAsync(Poll(1, room: 0) with { Over = [Held(mine[0])] });

        Assert.Equal(3, (int)Assert.Single((await waiting).Attempts).Stamp.Turn);
    }

    [Fact]
    public async Task Limit_OfAProject_LeavesRoomForOthers()
    {
        var host = await SettledAsync(new() { RunningPerProject = 1 });
        host.Offer(Attempt(1, project: "a"));
        host.Offer(Attempt(2, project: "a"));
        host.Offer(Attempt(3, project: "b"));

        Assert.Equal([1, 3], (await host.PollAsync(Poll(1))).Attempts.Select(a => (int)a.Stamp.Turn));
    }

    [Fact]
    public async Task Limit_ANewHostHearsWhatRuns_CountsIt()
    {
        var running = Attempt(1, "create");
        var host = new HostActor(Some.Host1, _ownership, _time, new() { RunningPerKind = { ["create"] = 1 } });
        await host.PollAsync(Poll(2, room: 0));
        await host.PollAsync(Poll(1, room: 0) with { Held = [Held(running)] });
        host.Offer(Attempt(2, "create"));

        Assert.Empty((await host.PollAsync(Poll(2))).Attempts);
    }

    [Fact]
    public async Task Where_WithoutLimits_NamesTheTasksThatRunThere()
    {
        var host = await SettledAsync();
        var (running, waiting) = (Attempt(1), Attempt(2));
        host.Offer(running);
        await host.PollAsync(Poll(1, room: 1));
        host.Offer(waiting);

        var where = host.Where(waiting.Key, waiting.Stamp);

        Assert.Equal((WaitLimits.Workers, 0, running.Key.Task), (where.Wait!.Limit, where.Wait.Ahead, where.Wait.HeldBy.Single()));
    }

    [Theory]
    [InlineData(-1, 0, 1, false)]
    [InlineData(0, -1, 1, false)]
    [InlineData(0, 0, 0, false)]
    [InlineData(3, 2, 1, true)]
    public void Options_Nonsense_IsRefused(int host, int project, int kind, bool valid) =>
        Assert.Equal(valid, new LimitOptionsValidator().Validate(null, new() { RunningPerHost = host, RunningPerProject = project, RunningPerKind = { ["create"] = kind } }).Succeeded);

    private async Task<HostActor> SettledAsync(LimitOptions? limits = null)
    {
        var host = new HostActor(Some.Host1, _ownership, _time, limits);
        await host.PollAsync(Poll(1, room: 0));
        await host.PollAsync(Poll(2, room: 0));
        return host;
    }

    private static Attempt Attempt(int turn, string kind = "start", string project = "p1", int priority = TaskPriorities.Normal) =>
        Some.Attempt(new Stamp(0, turn, 1, 1)) with { Kind = new(kind), Project = new(project), Priority = priority };

    private static PollRequest Poll(long generation, int room = 5, int wait = 0) =>
        new() { Generation = generation, Silo = $"s{generation}", Room = room, Wait = TimeSpan.FromSeconds(wait) };

    private static HeldAttempt Held(Attempt attempt) =>
        new() { Key = attempt.Key, Stamp = attempt.Stamp, Machine = attempt.Machine.Instance, Kind = attempt.Kind, Project = attempt.Project };
}
