using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Orleans.Polyfill.Tests;

/// <summary>Several silos, and the faults that tests can ask for (orleans-api.md 2.10, 3.2, 3.5).</summary>
public sealed class ClusterTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(0.3);

    [Fact]
    public async Task Grains_SpreadOverSilos_AndAreCalledAcross()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2);
        for (var n = 0; n < 20; n++)
        {
            await silo.Grains.GetGrain<ITurnGrain>($"cl-{n}").Note("x");
        }

        Assert.All(silo.Cluster.Silos, s => Assert.NotEqual(0, Runtime(s).Catalog.Count));
        await On(silo, 0).GetGrain<ITurnGrain>("cl-a").CallOther("cl-b", allow: true);
        Assert.Equal(2, (await silo.Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count);
    }

    [Fact]
    public async Task KillSilo_ItsGrainsAreActivatedElsewhere()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2);
        var (key, victim) = await HostOfAsync(silo, "cl-kill");
        var before = await silo.Grains.GetGrain<ITurnGrain>(key).Instance();
        await silo.Cluster.KillSiloAsync(victim);
        Assert.NotEqual(before, await silo.Grains.GetGrain<ITurnGrain>(key).Instance());
        Assert.DoesNotContain(Probe.Of(key).Log, l => l.StartsWith("deactivated", StringComparison.Ordinal));
    }

    [Fact]
    public async Task KillSilo_WaitingSiloGetsSiloUnavailable_ClientTimesOut()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2, responseTimeout: TimeSpan.FromSeconds(1));
        var (key, victim) = await HostOfAsync(silo, "cl-wait");
        var other = silo.Cluster.Silos.Single(s => s != victim);
        var fromSilo = other.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>(key).Hold("a");
        await Wait.Until(() => Probe.Of(key).Log.Contains("begin a"), "the call runs");
        var fromClient = silo.Grains.GetGrain<ITurnGrain>(key).Interleaved("b");
        await fromClient;
        var clientHold = silo.Grains.GetGrain<ITurnGrain>(key).Hold("c");
        await silo.Cluster.KillSiloAsync(victim);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => fromSilo);
        await Assert.ThrowsAsync<TimeoutException>(() => clientHold);
    }

    [Fact]
    public async Task Reference_MadeInASiloThatDied_GoesOnWhereItWasSent()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2);
        var (key, host) = await HostOfAsync(silo, "cl-reference");
        var holder = Enumerable.Range(0, 100).Select(n => On(silo, 0).GetGrain<IHolderGrain>($"cl-holder-{n}"))
            .First(h => Placer.Rendezvous(Runtime(host).Hub.Active, h.GetGrainId().GetUniformHashCode()).Equals(host.SiloAddress));
        await holder.Keep(On(silo, 0).GetGrain<ITurnGrain>(key));
        await silo.Cluster.KillSiloAsync(silo.Cluster.Silos[0]);
        await silo.Grains.GetGrain<IHolderGrain>(holder.GetPrimaryKeyString()).CallKept("still there");
        Assert.Equal(["still there"], Probe.Of(key).Log);
    }

    [Fact]
    public async Task StopSilo_Graceful_GrainsMoveAndListenersAreTold()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2);
        var (key, victim) = await HostOfAsync(silo, "cl-stop");
        var other = silo.Cluster.Silos.Single(s => s != victim);
        var listener = new Listener();
        other.ServiceProvider.GetRequiredService<ISiloStatusOracle>().SubscribeToSiloStatusEvents(listener);
        await silo.Grains.GetGrain<ITurnGrain>(key).Note("x");
        await silo.Cluster.StopSiloAsync(victim);
        Assert.Contains("deactivated ShuttingDown", Probe.Of(key).Log);
        Assert.Equal([SiloStatus.ShuttingDown, SiloStatus.Dead], listener.Seen);
        await silo.Grains.GetGrain<ITurnGrain>(key).Note("y");
    }

    [Fact]
    public async Task Fault_SecondActivation_TwoInstancesLiveAtOnce()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2);
        var (key, host) = await HostOfAsync(silo, "cl-second");
        var other = silo.Cluster.Silos.Single(s => s != host);
        var grain = silo.Grains.GetGrain<ITurnGrain>(key);
        var first = await grain.Instance();
        Guid second;
        using (var fault = silo.Faults.SecondActivation((id, _) => id == grain.GetGrainId(), other.SiloAddress))
        {
            second = await grain.Instance();
            Assert.Equal(1, fault.Fired);
        }

        Assert.NotEqual(first, second);
        Assert.Equal(first, await grain.Instance());
        Assert.NotNull(Runtime(other).Catalog.Find(grain.GetGrainId()));
    }

    [Fact]
    public async Task Fault_StaleSecondActivation_ItsWriteIsRefused()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StateTests.StartSqlAsync(database, silos: 2);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("cl-stale");
        await grain.Add(1);
        var other = silo.Cluster.Silos.Single(s => Runtime(s).Catalog.Find(grain.GetGrainId()) is null);
        using (var fault = silo.Faults.SecondActivation((id, _) => id == grain.GetGrainId(), other.SiloAddress))
        {
            Assert.Equal(2, await grain.Add(1));
            Assert.Equal(1, fault.Fired);
        }

        await Assert.ThrowsAsync<Orleans.Storage.InconsistentStateException>(() => grain.Add(1));
    }

    [Fact]
    public async Task Fault_LoseReply_CallerTimesOutButTheGrainDidIt()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: Short);
        using var fault = silo.Faults.LoseReply((_, method) => method == nameof(ITurnGrain.Note), times: 1);
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("cl-lose").Note("done"));
        Assert.Equal((1, "done"), (fault.Fired, Probe.Of("cl-lose").Log.Single()));
        await silo.Grains.GetGrain<ITurnGrain>("cl-lose").Note("again");
    }

    [Fact]
    public async Task Fault_LoseRequest_CallerTimesOutAndTheGrainDidNothing()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: Short);
        using var fault = silo.Faults.LoseRequest((_, method) => method == nameof(ITurnGrain.Note));
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("cl-lost").Note("done"));
        Assert.Equal(1, fault.Fired);
        Assert.Empty(Probe.Of("cl-lost").Log);
    }

    [Fact]
    public async Task Fault_DeliverTwice_TheGrainDoesItTwice()
    {
        await using var silo = await TestSilo.StartAsync();
        using var fault = silo.Faults.DeliverTwice((_, method) => method == nameof(ITurnGrain.Note), times: 1);
        await silo.Grains.GetGrain<ITurnGrain>("cl-twice").Note("x");
        await Wait.Until(() => Probe.Of("cl-twice").Log.Count == 2, "the second delivery");
        Assert.Equal(1, fault.Fired);
    }

    [Fact]
    public async Task Fault_DeliverLate_TheGrainDoesItAfterItsCallerGaveUp()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: Short);
        var release = new TaskCompletionSource();
        using var fault = silo.Faults.DeliverLate((_, method) => method == nameof(ITurnGrain.Note), release.Task, times: 1);
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("cl-late").Note("x"));
        Assert.Empty(Probe.Of("cl-late").Log);
        release.SetResult();
        await Wait.Until(() => Probe.Of("cl-late").Log.Count == 1, "the late delivery");
        Assert.Equal(1, fault.Fired);
    }

    [Fact]
    public async Task Fault_CutOffAndDeclaredDead_TheZombieLivesOnBesideItsSuccessor()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2, responseTimeout: TimeSpan.FromSeconds(1));
        var (key, zombie) = await HostOfAsync(silo, "cl-cut");
        var first = await silo.Grains.GetGrain<ITurnGrain>(key).Instance();
        var inside = zombie.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>(key);
        using var cut = silo.Faults.DeclareDead(zombie.SiloAddress);
        var second = await silo.Grains.GetGrain<ITurnGrain>(key).Instance();
        Assert.NotEqual(first, second);
        Assert.Equal(first, await inside.Instance());
        await Assert.ThrowsAsync<TimeoutException>(() => zombie.ServiceProvider.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>(KeyOn(silo, zombie)).Note("lost"));
        Assert.NotEqual(0, cut.Fired);
    }

    [Fact]
    public async Task Fault_CutOff_CallsAreLostUntilItHeals()
    {
        await using var silo = await TestSilo.StartAsync(silos: 2, responseTimeout: Short);
        var (key, host) = await HostOfAsync(silo, "cl-heal");
        using (var cut = silo.Faults.CutOff(host.SiloAddress))
        {
            await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>(key).Note("lost"));
            Assert.NotEqual(0, cut.Fired);
        }

        await silo.Grains.GetGrain<ITurnGrain>(key).Note("healed");
        Assert.Equal(["healed"], Probe.Of(key).Log);
    }

    /// <summary>A key of a grain that lives in the second silo.</summary>
    internal static async Task<(string Key, InProcessSiloHandle Host)> HostOfAsync(TestSilo silo, string prefix)
    {
        for (var n = 0; ; n++)
        {
            var grain = silo.Grains.GetGrain<ITurnGrain>($"{prefix}-{n}");
            await grain.Instance();
            if (Runtime(silo.Cluster.Silos[1]).Catalog.Find(grain.GetGrainId()) is not null)
            {
                return ($"{prefix}-{n}", silo.Cluster.Silos[1]);
            }
        }
    }

    private static string KeyOn(TestSilo silo, InProcessSiloHandle zombie) => $"unknown-to-{zombie.Name}-{silo.Cluster.Silos.Count}";

    private static IGrainFactory On(TestSilo silo, int index) => silo.Cluster.Silos[index].ServiceProvider.GetRequiredService<IGrainFactory>();

    private static SiloRuntime Runtime(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<SiloRuntime>();

    private sealed class Listener : ISiloStatusListener
    {
        public List<SiloStatus> Seen { get; } = [];

        public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status) => Seen.Add(status);
    }
}
