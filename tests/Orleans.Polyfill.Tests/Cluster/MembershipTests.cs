using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;

namespace Orleans.Polyfill.Tests.Cluster;

/// <summary>How silos join, watch each other, and are declared dead (orleans-api.md 3.6), on a fake clock.</summary>
public sealed class MembershipTests : IAsyncDisposable
{
    private readonly FakeTime time = new();
    private readonly MemoryClusterTable table = new();
    private readonly Network network = new();
    private readonly List<Node> nodes = [];
    private readonly ClusterMembershipOptions options = new();

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.Agent.DisposeAsync();
        }
    }

    [Fact]
    public async Task Join_FirstSilo_IsJoiningThenActive()
    {
        var one = Make(1);
        await one.Agent.JoinAsync(default);
        Assert.Equal(SiloStatus.Joining, table.StatusOf(one.Address));
        await one.Agent.SetStatusAsync(SiloStatus.Active, default);
        Assert.Equal(SiloStatus.Active, one.Agent.Current.Find(one.Address)!.Status);
    }

    [Fact]
    public async Task Join_OfALaterLifeOnTheSameEndpoint_EndsTheEarlier()
    {
        var earlier = await StartAsync(1, generation: 1);
        network.Cut(earlier.Address);
        var later = await StartAsync(1, generation: 2);
        Assert.Equal(SiloStatus.Dead, table.StatusOf(earlier.Address));
        Assert.Equal(SiloStatus.Active, table.StatusOf(later.Address));
        await earlier.Agent.TryRefreshAsync();
        Assert.NotNull(earlier.Evicted);
    }

    [Fact]
    public async Task Join_WhileAnActiveSiloDoesNotAnswer_WaitsForIt()
    {
        var one = await StartAsync(1);
        network.Cut(one.Address);
        var two = Make(2);
        var joining = two.Agent.JoinAsync(default);
        await network.ProbedAsync(one.Address);
        Assert.False(joining.IsCompleted);
        network.Heal(one.Address);
        await AdvanceUntil(() => joining.IsCompleted);
        await joining;
    }

    [Fact]
    public async Task Join_NeverReachingAnActiveSilo_FailsAfterTheLimit()
    {
        var one = await StartAsync(1);
        network.Cut(one.Address);
        var joining = Make(2).Agent.JoinAsync(default);
        await AdvanceUntil(() => joining.IsCompleted, TimeSpan.FromSeconds(20));
        Assert.Contains("could not join", (await Assert.ThrowsAsync<OrleansException>(() => joining)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Join_ASiloLongSilent_IsNotWaitedFor()
    {
        var one = await StartAsync(1);
        network.Cut(one.Address);
        one.Agent.Stop();
        time.Advance(options.IAmAliveTablePublishTimeout * options.NumMissedTableIAmAliveLimit * 1.1);
        await StartAsync(2);
    }

    [Fact]
    public async Task Probes_MissedOnce_NothingHappens()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        network.Cut(two.Address);
        await one.Agent.ProbeAsync();
        network.Heal(two.Address);
        await one.Agent.ProbeAsync();
        network.Cut(two.Address);
        await one.Agent.ProbeAsync();
        await one.Agent.ProbeAsync();
        Assert.Empty(table.Rows.Find(two.Address)!.Suspicions);
    }

    [Fact]
    public async Task Probes_MissedThreeTimes_OfTwoSilos_OneVoteDeclaresDead()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        network.Cut(two.Address);
        await MissAsync(one, options.NumMissedProbesLimit);
        Assert.Equal(SiloStatus.Dead, table.StatusOf(two.Address));
        Assert.Equal(SiloStatus.Dead, one.Agent.Current.Find(two.Address)!.Status);
        Assert.NotNull((await EvictedAsync(two)).Evicted);
    }

    [Fact]
    public async Task Probes_MissedThreeTimes_OfThreeSilos_TwoVotesDeclareDead()
    {
        var (one, two, three) = (await StartAsync(1), await StartAsync(2), await StartAsync(3));
        network.Cut(three.Address);
        await MissAsync(one, options.NumMissedProbesLimit + 2);
        Assert.Equal([one.Address], table.Rows.Find(three.Address)!.Suspicions.Select(s => s.Voter));
        Assert.Equal(SiloStatus.Active, table.StatusOf(three.Address));
        await MissAsync(two, options.NumMissedProbesLimit);
        Assert.Equal(SiloStatus.Dead, table.StatusOf(three.Address));
        Assert.Equal(SiloStatus.Active, table.StatusOf(one.Address));
    }

    [Fact]
    public async Task Votes_ThatAreOld_DoNotCount()
    {
        var (one, two, three) = (await StartAsync(1), await StartAsync(2), await StartAsync(3));
        network.Cut(three.Address);
        await MissAsync(one, options.NumMissedProbesLimit);
        network.Heal(three.Address);
        time.Advance(options.DeathVoteExpirationTimeout + TimeSpan.FromSeconds(1));
        network.Cut(three.Address);
        await MissAsync(two, options.NumMissedProbesLimit);
        Assert.Equal(SiloStatus.Active, table.StatusOf(three.Address));
        Assert.Equal([two.Address], table.Rows.Find(three.Address)!.Suspicions.Select(s => s.Voter));
    }

    [Fact]
    public async Task Votes_OfTheDead_DoNotCount()
    {
        var (one, two, three) = (await StartAsync(1), await StartAsync(2), await StartAsync(3));
        network.Cut(one.Address);
        network.Cut(two.Address);
        await one.Agent.DeclareDeadAsync(three.Address, default);
        await MissAsync(three, options.NumMissedProbesLimit);
        Assert.Equal((SiloStatus.Active, SiloStatus.Active), (table.StatusOf(one.Address), table.StatusOf(two.Address)));
        Assert.NotNull(three.Evicted);
    }

    [Fact]
    public async Task Vote_WhenSomebodyElseWroteFirst_IsCastOnWhatIsThereNow()
    {
        var (one, two, three) = (await StartAsync(1), await StartAsync(2), await StartAsync(3));
        network.Cut(three.Address);
        table.Intruder = rows => rows.Find(three.Address)! with { Suspicions = [new(two.Address, time.GetUtcNow().UtcDateTime)] };
        await MissAsync(one, options.NumMissedProbesLimit);
        Assert.Null(table.Intruder);
        Assert.Equal(SiloStatus.Dead, table.StatusOf(three.Address));
    }

    [Fact]
    public async Task Liveness_SwitchedOff_NobodyIsSuspected()
    {
        options.LivenessEnabled = false;
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        network.Cut(two.Address);
        await MissAsync(one, 5);
        Assert.Equal(SiloStatus.Active, table.StatusOf(two.Address));
    }

    [Fact]
    public async Task Timers_ProbeRenewAndRefresh()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        var joined = table.Rows.Find(one.Address)!.Alive;
        time.Advance(options.IAmAliveTablePublishTimeout * 2.5);
        Assert.Equal(joined + (options.IAmAliveTablePublishTimeout * 2), table.Rows.Find(one.Address)!.Alive);
        network.Cut(two.Address);
        two.Agent.Stop();
        await AdvanceUntil(() => table.StatusOf(two.Address) == SiloStatus.Dead, options.ProbeTimeout);
    }

    [Fact]
    public async Task Changes_AreToldAtOnce()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        await two.Agent.SetStatusAsync(SiloStatus.ShuttingDown, default);
        await Wait.Until(() => one.Agent.Current.Find(two.Address)!.Status == SiloStatus.ShuttingDown, "the nudge");
        await two.Agent.SetStatusAsync(SiloStatus.Dead, default);
        await Wait.Until(() => one.Agent.Current.Find(two.Address)!.Status == SiloStatus.Dead, "the second nudge");
        Assert.Null(two.Evicted);
        Assert.Contains((SiloStatus.Active, SiloStatus.ShuttingDown), one.Seen.Select(c => (c.Before.Find(two.Address)?.Status ?? SiloStatus.None, c.Now.Find(two.Address)?.Status ?? SiloStatus.None)));
    }

    [Fact]
    public async Task Changes_WithoutGossip_AreSeenAtTheNextLook()
    {
        options.UseLivenessGossip = false;
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        await two.Agent.SetStatusAsync(SiloStatus.ShuttingDown, default);
        Assert.NotEqual(SiloStatus.ShuttingDown, one.Agent.Current.Find(two.Address)?.Status);
        time.Advance(options.TableRefreshTimeout);
        await Wait.Until(() => one.Agent.Current.Find(two.Address)?.Status == SiloStatus.ShuttingDown, "the look");
    }

    [Fact]
    public async Task Table_OutOfReach_TheLastPictureStays()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        await one.Agent.TryRefreshAsync();
        table.Failure = new IOException("no database");
        var reads = table.Reads;
        time.Advance(options.TableRefreshTimeout * 3);
        network.Cut(two.Address);
        await MissAsync(one, options.NumMissedProbesLimit);
        Assert.True(table.Reads > reads, "the table was asked");
        Assert.Equal((SiloStatus.Active, SiloStatus.Active), (one.Agent.Current.Find(one.Address)!.Status, one.Agent.Current.Find(two.Address)!.Status));
        table.Failure = null;
        await MissAsync(one, 1);
        Assert.Equal(SiloStatus.Dead, table.StatusOf(two.Address));
    }

    [Fact]
    public async Task DeadRows_OldEnough_AreRemoved()
    {
        var (one, two) = (await StartAsync(1), await StartAsync(2));
        await two.Agent.SetStatusAsync(SiloStatus.Dead, default);
        one.Agent.Stop();
        time.Advance(options.DefunctSiloExpiration);
        var three = await StartAsync(3);
        time.Advance(options.DefunctSiloCleanupPeriod!.Value);
        await Wait.Until(() => table.StatusOf(two.Address) == SiloStatus.None, "the row is removed");
        Assert.Equal(SiloStatus.Active, table.StatusOf(three.Address));
    }

    [Fact]
    public void Watched_NoMoreThanAsked_AndAllAreWatchedBySomebody()
    {
        var rows = new ClusterSnapshot(1, [.. Enumerable.Range(1, 9).Select(n => Row(n, 1) with { Status = SiloStatus.Active })]);
        var few = new ClusterMembershipOptions { NumProbedSilos = 2 };
        var watched = rows.Members.SelectMany(m => DeathVote.Watched(rows, m.Address, few)).ToList();
        Assert.Equal(18, watched.Count);
        Assert.All(rows.Members, m => Assert.Equal(2, watched.Count(w => w.Equals(m.Address))));
    }

    private Member Row(int number, int generation) => new(
        SiloAddress.New(IPAddress.Loopback, 5000 + number, generation), $"silo{number}", "host", SiloStatus.Created, 0, [], time.GetUtcNow().UtcDateTime, time.GetUtcNow().UtcDateTime);

    private Node Make(int number, int generation = 1)
    {
        var row = Row(number, generation);
        var node = new Node(new(row, table, network, options, time, new(NullLogger<SiloRuntime>.Instance)), row.Address);
        nodes.Add(node);
        network.Nodes[row.Address] = node;
        return node;
    }

    private async Task<Node> StartAsync(int number, int generation = 1)
    {
        var node = Make(number, generation);
        await node.Agent.JoinAsync(default);
        await node.Agent.SetStatusAsync(SiloStatus.Active, default);
        foreach (var other in nodes)
        {
            await other.Agent.TryRefreshAsync();
        }

        return node;
    }

    private static async Task MissAsync(Node node, int times)
    {
        for (var n = 0; n < times; n++)
        {
            await node.Agent.ProbeAsync();
        }
    }

    private static async Task<Node> EvictedAsync(Node node)
    {
        await node.Agent.TryRefreshAsync();
        return node;
    }

    private async Task AdvanceUntil(Func<bool> condition, TimeSpan? step = null) => await Wait.Until(() =>
    {
        time.Advance(step ?? TimeSpan.FromSeconds(1));
        return condition();
    }, "the clock was moved on and on");

    private sealed class Node
    {
        public Node(MembershipAgent agent, SiloAddress address)
        {
            Agent = agent;
            Address = address;
            agent.Changed += (now, before) => Seen.Add((now, before));
            agent.Evicted += reason => Evicted = reason;
        }

        public MembershipAgent Agent { get; }

        public SiloAddress Address { get; }

        public List<(ClusterSnapshot Now, ClusterSnapshot Before)> Seen { get; } = [];

        public string? Evicted { get; private set; }
    }

    /// <summary>Who is cut off answers no probe and hears no nudge.</summary>
    private sealed class Network : IMembershipPeers
    {
        private readonly HashSet<SiloAddress> cut = [];
        private readonly HashSet<SiloAddress> probed = [];

        public Dictionary<SiloAddress, Node> Nodes { get; } = [];

        public void Cut(SiloAddress silo)
        {
            lock (cut)
            {
                cut.Add(silo);
            }
        }

        public void Heal(SiloAddress silo)
        {
            lock (cut)
            {
                cut.Remove(silo);
            }
        }

        public Task ProbedAsync(SiloAddress silo) => Wait.Until(
            () =>
            {
                lock (cut)
                {
                    return probed.Contains(silo);
                }
            },
            "the silo is probed");

        public Task ProbeAsync(SiloAddress silo, CancellationToken token)
        {
            lock (cut)
            {
                probed.Add(silo);
                return cut.Contains(silo) ? Task.FromException(new SiloUnavailableException("cut off")) : Task.CompletedTask;
            }
        }

        public void Nudge(SiloAddress silo, int version)
        {
            lock (cut)
            {
                if (!cut.Contains(silo) && Nodes.TryGetValue(silo, out var node))
                {
                    _ = node.Agent.TryRefreshAsync();
                }
            }
        }
    }
}
