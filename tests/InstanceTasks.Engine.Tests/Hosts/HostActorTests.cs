using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Hosts;

public sealed class HostActorTests
{
    private readonly ManualTime _time = new();
    private readonly Ownership _ownership = new();

    [Fact]
    public async Task Offer_Twice_IsQueuedOnce()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();

        host.Offer(attempt);
        var again = host.Offer(attempt);

        Assert.Equal(1, host.QueueLength);
        Assert.Equal((AttemptPlace.Queued, 0), (again.Place, again.Position));
    }

    [Fact]
    public async Task Offer_AfterItWasHandedOut_IsNotQueuedAgain()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        Assert.Single((await host.PollAsync(Poll(1))).Attempts);

        Assert.Equal(AttemptPlace.Held, host.Offer(attempt).Place);
        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);
    }

    [Fact]
    public async Task Poll_ALiveGenerationHasNotPolledYet_HandsOutNothing()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        host.Offer(Some.Attempt());
        Assert.Equal(AttemptPlace.Settling, host.Where(new VerbKey(TaskId.New(), "x", Direction.Do), default).Place);

        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);
        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);
        await host.PollAsync(Poll(2, room: 0));

        Assert.Single((await host.PollAsync(Poll(1))).Attempts);
        Assert.Equal(AttemptPlace.Unknown, host.Where(new VerbKey(TaskId.New(), "x", Direction.Do), default).Place);
    }

    /// <summary>Found in review: with one silo that has no workers, a new host object handed out nothing and no fence ever ended.</summary>
    [Fact]
    public async Task Poll_AGenerationThatWorksForOtherHosts_IsNotWaitedForAndNeedsNoFence()
    {
        _ownership.Live = [1, 2, 3];
        _ownership.Announced[1] = [Some.Host1];
        _ownership.Announced[2] = [];
        _ownership.Announced[3] = [new HostName("elsewhere")];
        var host = new HostActor(Some.Host1, _ownership, _time);
        host.Offer(Some.Attempt());

        Assert.Single((await host.PollAsync(Poll(1))).Attempts);
        var (machine, below) = (InstanceId.New(), new Stamp(0, 5, 1, 1));
        Assert.False(host.Fence(machine, below).Done);
        await host.PollAsync(Poll(1) with { Fenced = [new FenceOrder(machine, below)] });
        Assert.True(host.Fence(machine, below).Done);
    }

    /// <summary>It has polled a moment ago, and says then that it works for nobody any more: its grains may take long to end, and with them its lease.</summary>
    [Fact]
    public async Task Fence_AGenerationThatIsStopping_IsNotWaitedForOnceItHoldsNoWork()
    {
        var host = await SettledAsync();
        await host.PollAsync(Poll(1));
        var (machine, below) = (InstanceId.New(), new Stamp(0, 5, 1, 1));
        Assert.False(host.Fence(machine, below).Done);

        _ownership.Announced[1] = [];

        Assert.True(host.Fence(machine, below).Done);
    }

    /// <summary>One that has only just joined has not said yet, so it may: until it says that it does not.</summary>
    [Fact]
    public async Task Poll_TheUnheardGenerationSaysThatItWorksForNobody_HandsOut()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        host.Offer(Some.Attempt());
        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);

        _ownership.Announced[2] = [];

        Assert.Single((await host.PollAsync(Poll(1))).Attempts);
    }

    /// <summary>The poll of a silo that was killed is held until its time is over: what it was given would have been lost for seconds.</summary>
    [Fact]
    public async Task Offer_OnlyADeadGenerationsPollIsHeld_WaitsForALivingOne()
    {
        var host = await SettledAsync();
        var dead = host.PollAsync(Poll(2, wait: 2));
        _ownership.Over.Add(2);

        host.Offer(Some.Attempt());

        Assert.False(dead.IsCompleted);
        Assert.Single((await host.PollAsync(Poll(1))).Attempts);
    }

    /// <summary>Found in review: every generation that had ever polled was kept, and each fence was ordered from all of them.</summary>
    [Fact]
    public async Task Poll_GenerationsComeAndGo_OnlyThoseThatLiveAreKept_AndTheirPollsAreAnswered()
    {
        var host = await SettledAsync();
        await host.PollAsync(Poll(1));
        var held = new List<Task<PollAnswer>>();
        for (var generation = 2; generation <= 100; generation++)
        {
            held.Add(host.PollAsync(Poll(generation, wait: 10)));
            _ownership.Over.Add(generation);
        }

        await host.PollAsync(Poll(101));
        Assert.Equal(101, host.PollersKept);
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(16));
        await host.PollAsync(Poll(102));

        Assert.Equal(3, host.PollersKept);
        Assert.All(held, h => Assert.True(h.IsCompleted));
    }

    [Fact]
    public async Task Poll_TheUnheardGenerationsLeaseIsOver_HandsOut()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        host.Offer(Some.Attempt());
        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);

        _ownership.Over.Add(2);

        Assert.Single((await host.PollAsync(Poll(1))).Attempts);
    }

    [Fact]
    public async Task Poll_SettlesTheHost_WaitingPollersGetWork()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        host.Offer(Some.Attempt());
        var waiting = host.PollAsync(Poll(1, wait: 10));
        Assert.False(waiting.IsCompleted);

        await host.PollAsync(Poll(2, room: 0));

        Assert.Single((await waiting).Attempts);
    }

    [Fact]
    public async Task Poll_ANewHostHearsWhatIsHeld_DoesNotHandItOutAgain()
    {
        var attempt = Some.Attempt();
        _ownership.Live = [1];
        var host = new HostActor(Some.Host1, _ownership, _time);
        await host.PollAsync(Poll(1) with { Held = [Held(attempt)] });

        Assert.Equal(AttemptPlace.Held, host.Offer(attempt).Place);
        Assert.Equal(0, host.QueueLength);
    }

    [Fact]
    public async Task Poll_RoomForTwo_GetsTwoInOrder()
    {
        var host = await SettledAsync();
        var attempts = Enumerable.Range(1, 3).Select(i => Some.Attempt(new Stamp(0, i, 1, 1))).ToList();
        attempts.ForEach(a => host.Offer(a));

        var answer = await host.PollAsync(Poll(1, room: 2));

        Assert.Equal(attempts.Take(2).Select(a => a.Stamp), answer.Attempts.Select(a => a.Stamp));
        Assert.Equal(1, host.QueueLength);
    }

    [Fact]
    public async Task Poll_NoRoom_GetsFencesAllTheSame()
    {
        var host = await SettledAsync();
        host.Offer(Some.Attempt());
        var machine = InstanceId.New();
        host.Fence(machine, new Stamp(0, 5, 1, 1));

        var answer = await host.PollAsync(Poll(1, room: 0));

        Assert.Empty(answer.Attempts);
        Assert.Equal([new FenceOrder(machine, new Stamp(0, 5, 1, 1))], answer.Fences);
    }

    [Fact]
    public async Task Poll_LostOnTheWay_IsTakenBackAfterFiveSecondsWithTheSameStamp()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        Assert.Single((await host.PollAsync(Poll(1))).Attempts);

        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(5));
        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);
        _time.JumpTo(_time.Now + TimeSpan.FromMilliseconds(1));

        Assert.Equal(attempt.Stamp, Assert.Single((await host.PollAsync(Poll(1))).Attempts).Stamp);
    }

    [Fact]
    public async Task Poll_OnceListed_IsNeverTakenBack()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        await host.PollAsync(Poll(1));
        await host.PollAsync(Poll(1) with { Held = [Held(attempt)] });

        _time.JumpTo(_time.Now + TimeSpan.FromMinutes(5));

        Assert.Empty((await host.PollAsync(Poll(1))).Attempts);
        Assert.Equal(AttemptPlace.Held, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Poll_Over_ForgetsTheAttempt()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        await host.PollAsync(Poll(1));

        await host.PollAsync(Poll(1) with { Over = [Held(attempt)] });

        Assert.Equal(AttemptPlace.Unknown, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Where_ListedWithAnOutcome_HasEnded()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        await host.PollAsync(Poll(1));
        var outcome = World.Outcome(attempt, AttemptResult.Succeeded);

        await host.PollAsync(Poll(1) with { Held = [Held(attempt) with { Outcome = outcome }] });

        var where = host.Where(attempt.Key, attempt.Stamp);
        Assert.Equal((AttemptPlace.Ended, outcome), (where.Place, where.Outcome));
    }

    [Fact]
    public async Task Where_TheHoldersLeaseIsOver_IsLost()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        await host.PollAsync(Poll(1));

        _ownership.Over.Add(1);

        Assert.Equal(AttemptPlace.Lost, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Withdraw_Queued_IsGone()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);

        host.Withdraw(attempt.Key, attempt.Stamp);

        Assert.Equal(0, host.QueueLength);
        Assert.Equal(AttemptPlace.Unknown, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Withdraw_Held_StaysWithItsRunner()
    {
        var host = await SettledAsync();
        var attempt = Some.Attempt();
        host.Offer(attempt);
        await host.PollAsync(Poll(1));

        host.Withdraw(attempt.Key, attempt.Stamp);

        Assert.Equal(AttemptPlace.Held, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Poll_Waiting_GetsAnOfferAtOnce()
    {
        var host = await SettledAsync();
        var waiting = host.PollAsync(Poll(1, wait: 10));
        Assert.False(waiting.IsCompleted);

        host.Offer(Some.Attempt());

        Assert.Single((await waiting).Attempts);
    }

    [Fact]
    public async Task Poll_Waiting_IsAnsweredWithNothingWhenTheTimeIsOver()
    {
        var host = await SettledAsync();
        var waiting = host.PollAsync(Poll(1, wait: 10));

        Assert.True(_time.AdvanceToNext(_time.Now + TimeSpan.FromSeconds(10)));

        Assert.Empty((await waiting).Attempts);
        Assert.Equal(AttemptPlace.Queued, host.Offer(Some.Attempt()).Place);
    }

    [Fact]
    public async Task Poll_ANewerOneOfTheSameProcess_EndsTheOlder()
    {
        var host = await SettledAsync();
        var older = host.PollAsync(Poll(1, wait: 10));
        var newer = host.PollAsync(Poll(1, wait: 10));

        host.Offer(Some.Attempt());

        Assert.Empty((await older).Attempts);
        Assert.Single((await newer).Attempts);
    }

    [Fact]
    public async Task Poll_ANewerOneIsAnsweredAtOnce_TheOlderGetsNothingMore()
    {
        var host = await SettledAsync();
        var older = host.PollAsync(Poll(1, wait: 10));

        await host.PollAsync(Poll(1, room: 0));
        host.Offer(Some.Attempt());

        Assert.True(older.IsCompleted);
        Assert.Empty((await older).Attempts);
        Assert.Equal(1, host.QueueLength);
    }

    [Fact]
    public async Task Fence_IsDoneOnceEveryLiveGenerationHasConfirmed()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        var machine = InstanceId.New();
        var below = new Stamp(0, 5, 1, 1);

        var asked = host.Fence(machine, below);
        Assert.Equal((false, "waits until 2 worker(s) of host h1 have stopped older work on the machine"), (asked.Done, asked.Reason));
        Assert.Single((await host.PollAsync(Poll(1))).Fences);
        await host.PollAsync(Poll(1) with { Fenced = [new FenceOrder(machine, below)] });
        Assert.False(host.Fence(machine, below).Done);
        await host.PollAsync(Poll(2) with { Fenced = [new FenceOrder(machine, below)] });

        Assert.True(host.Fence(machine, below).Done);
        Assert.False(host.Fence(machine, below with { Attempt = 2 }).Done);
    }

    [Fact]
    public async Task FenceAsync_NotYetConfirmed_IsAnsweredWhenTheLastHasConfirmed()
    {
        _ownership.Live = [1, 2];
        var host = new HostActor(Some.Host1, _ownership, _time);
        var (machine, below) = (InstanceId.New(), new Stamp(0, 5, 1, 1));
        var fence = host.FenceAsync(machine, below, TimeSpan.FromSeconds(1));
        var other = host.FenceAsync(machine, below, TimeSpan.FromSeconds(1));

        await host.PollAsync(Poll(1) with { Fenced = [new FenceOrder(machine, below)] });
        Assert.False(fence.IsCompleted);
        await host.PollAsync(Poll(2) with { Fenced = [new FenceOrder(machine, below)] });

        Assert.True((await fence).Done);
        Assert.True((await other).Done);
    }

    [Fact]
    public async Task FenceAsync_NeverConfirmed_SaysSoWhenItsTimeIsUp()
    {
        var host = await SettledAsync();
        var fence = host.FenceAsync(InstanceId.New(), new Stamp(0, 5, 1, 1), TimeSpan.FromSeconds(1));
        _time.JumpTo(_time.Now.AddMilliseconds(999));
        Assert.False(fence.IsCompleted);

        Assert.True(_time.AdvanceToNext(_time.Now.AddSeconds(1)));

        Assert.Equal((false, "waits until 1 worker(s) of host h1 have stopped older work on the machine"), ((await fence).Done, (await fence).Reason));
    }

    [Fact]
    public void Fence_ASilentLiveGeneration_IsWaitedForUntilItsLeaseIsOver()
    {
        _ownership.Live = [7];
        var host = new HostActor(Some.Host1, _ownership, _time);
        var machine = InstanceId.New();
        Assert.False(host.Fence(machine, new Stamp(0, 5, 1, 1)).Done);

        _time.JumpTo(_time.Now + TimeSpan.FromHours(1));
        Assert.False(host.Fence(machine, new Stamp(0, 5, 1, 1)).Done);
        _ownership.Live = [];
        _ownership.Over.Add(7);

        Assert.True(host.Fence(machine, new Stamp(0, 5, 1, 1)).Done);
    }

    [Fact]
    public async Task Fence_AWaitingPoller_GetsTheOrderAtOnceAndNotInCircles()
    {
        var host = await SettledAsync();
        var waiting = host.PollAsync(Poll(1, wait: 10));
        var machine = InstanceId.New();

        host.Fence(machine, new Stamp(0, 5, 1, 1));

        Assert.Single((await waiting).Fences);
        host.Fence(machine, new Stamp(0, 5, 1, 1));
        Assert.Empty((await host.PollAsync(Poll(1))).Fences);
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(2));
        Assert.Single((await host.PollAsync(Poll(1))).Fences);
    }

    [Fact]
    public async Task Fence_OrdersThatGotLost_AreRepeatedEachAfterItsOwnTwoSeconds()
    {
        var host = await SettledAsync();
        var (first, second, below) = (InstanceId.New(), InstanceId.New(), new Stamp(0, 5, 1, 1));
        host.Fence(first, below);
        Assert.Equal([first], (await host.PollAsync(Poll(1))).Fences.Select(f => f.Machine));
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(1));
        host.Fence(second, below);
        Assert.Equal([second], (await host.PollAsync(Poll(1))).Fences.Select(f => f.Machine));

        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(1));
        Assert.Equal([first], (await host.PollAsync(Poll(1))).Fences.Select(f => f.Machine));
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(1));
        Assert.Equal([second], (await host.PollAsync(Poll(1))).Fences.Select(f => f.Machine));
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(1));
        await host.PollAsync(Poll(1) with { Fenced = [new(first, below), new(second, below)] });
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(5));
        Assert.Empty((await host.PollAsync(Poll(1))).Fences);
    }

    [Fact]
    public async Task Fence_AWorkerThatJoinsLater_IsToldWhatStands()
    {
        var host = await SettledAsync();
        var (machine, below) = (InstanceId.New(), new Stamp(0, 5, 1, 1));
        host.Fence(machine, below);
        await host.PollAsync(Poll(1) with { Fenced = [new(machine, below)] });
        await host.PollAsync(Poll(2) with { Fenced = [new(machine, below)] });
        Assert.True(host.Fence(machine, below).Done);

        _ownership.Live = [.. _ownership.Live, 3];
        Assert.False(host.Fence(machine, below).Done);
        Assert.Equal([new(machine, below)], (await host.PollAsync(Poll(3))).Fences);
    }

    [Fact]
    public async Task Fence_RaisedBeforeTheLowerIsConfirmed_TheLowerConfirmationIsNotEnough()
    {
        var host = await SettledAsync();
        var (machine, lower, higher) = (InstanceId.New(), new Stamp(0, 5, 1, 1), new Stamp(0, 5, 2, 1));
        host.Fence(machine, lower);
        await host.PollAsync(Poll(1));
        host.Fence(machine, higher);

        var answer = await host.PollAsync(Poll(1) with { Fenced = [new(machine, lower)] });

        Assert.Equal([new(machine, higher)], answer.Fences);
        Assert.False(host.Fence(machine, higher).Done);
    }

    [Fact]
    public async Task Fence_QueuedOlderAttempts_AreForgottenAndNotTakenAgain()
    {
        var host = await SettledAsync();
        var machine = InstanceId.New();
        var (older, newer) = (Some.Attempt(new Stamp(0, 1, 1, 1), machine), Some.Attempt(new Stamp(0, 2, 1, 1), machine));
        host.Offer(older);
        host.Offer(newer);

        host.Fence(machine, newer.Stamp);
        host.Offer(older);

        var answer = await host.PollAsync(Poll(1));
        Assert.Equal(newer.Stamp, Assert.Single(answer.Attempts).Stamp);
    }

    /// <summary>
    /// A silo was killed with 800 tasks on one host: the survivor confirmed their fences together, the first task that asked had all of them forgotten, and the others had to be ordered again,
    /// one every 200 ms. The last of them stood for two minutes.
    /// </summary>
    [Fact]
    public async Task Fence_ManyMachinesConfirmedTogether_EveryoneIsToldBeforeItIsForgotten()
    {
        var host = await SettledAsync();
        var (machines, below) = (Enumerable.Range(0, 1000).Select(_ => InstanceId.New()).ToList(), new Stamp(0, 5, 1, 1));
        machines.ForEach(m => host.Fence(m, below));
        var orders = (await host.PollAsync(Poll(1))).Fences;
        Assert.Equal(1000, orders.Count);

        await host.PollAsync(Poll(1) with { Fenced = orders });

        Assert.All(machines, m => Assert.True(host.Fence(m, below).Done));
    }

    [Fact]
    public async Task Fence_ManyMachines_ConfirmedOnesAreForgotten()
    {
        var host = await SettledAsync();
        for (var i = 0; i < 600; i++)
        {
            var machine = InstanceId.New();
            host.Fence(machine, new Stamp(0, 5, 1, 1));
            var orders = (await host.PollAsync(Poll(1))).Fences;
            await host.PollAsync(Poll(1) with { Fenced = orders });
            Assert.True(host.Fence(machine, new Stamp(0, 5, 1, 1)).Done);
        }
    }

    [Fact]
    public void WhyQueued_NobodyPolls_SaysThatNoWorkerReachesTheHost()
    {
        var host = new HostActor(Some.Host1, _ownership, _time);

        Assert.Equal("no worker reaches host h1", host.Offer(Some.Attempt()).Reason);
    }

    [Fact]
    public async Task WhyQueued_BehindOthers_SaysHowMany()
    {
        var host = await SettledAsync();
        var attempts = Enumerable.Range(1, 3).Select(i => Some.Attempt(new Stamp(0, i, 1, 1))).ToList();

        var answers = attempts.Select(host.Offer).ToList();

        Assert.Equal(["waits for a worker of host h1", "1 ahead in the queue of host h1", "2 ahead in the queue of host h1"], answers.Select(a => a.Reason));
        Assert.Equal([0, 1, 2], answers.Select(a => a.Position));
    }

    private async Task<HostActor> SettledAsync()
    {
        _ownership.Live = [1];
        var host = new HostActor(Some.Host1, _ownership, _time);
        await host.PollAsync(Poll(1, room: 0));
        return host;
    }

    private static PollRequest Poll(long generation, int room = 5, int wait = 0) =>
        new() { Generation = generation, Silo = $"s{generation}", Room = room, Wait = TimeSpan.FromSeconds(wait) };

    private static HeldAttempt Held(Attempt attempt) => new() { Key = attempt.Key, Stamp = attempt.Stamp, Machine = attempt.Machine.Instance };

    internal sealed class Ownership : IOwnership
    {
        public long[] Live { get; set; } = [];

        public HashSet<long> Over { get; } = [];

        public long Generation => 1;

        public bool LeaseIsSafe => true;

        public IReadOnlyCollection<long> LiveGenerations => Live;

        public bool TrySpend(Guid token) => throw new NotSupportedException();

        public bool IsOver(long generation) => Over.Contains(generation);

        /// <summary>Those that said which hosts they work for.</summary>
        public Dictionary<long, HostName[]> Announced { get; } = [];

        public bool MayWorkFor(long generation, HostName host) => !Announced.TryGetValue(generation, out var hosts) || hosts.Contains(host);
    }
}
