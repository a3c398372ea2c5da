using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace Orleans.Polyfill.Tests.Cluster;

/// <summary>Silos that are joined by sockets: calls across, and what happens when one goes.</summary>
public sealed class SocketClusterTests
{
    public SocketClusterTests() => TestSilo.Topology.Value = new(3);

    [Fact]
    public async Task Grains_SpreadOverSilos_AndAreCalledFromEverySiloAndFromAClient()
    {
        await using var silo = await TestSilo.StartAsync();
        for (var n = 0; n < 30; n++)
        {
            Assert.Equal(n + 1, await silo.Grains.GetGrain<ITurnGrain>($"so-{n}").Add(n, 1));
            await On(silo, n % 3).GetGrain<ITurnGrain>($"so-{n}").Note($"from {n % 3}");
            Assert.Equal([$"from {n % 3}"], Probe.Of($"so-{n}").Log);
        }

        Assert.All(silo.Cluster.Silos, s => Assert.NotEqual(0, Runtime(s).Catalog.Count));
        await On(silo, 0).GetGrain<ITurnGrain>("so-a").CallOther("so-b", allow: true);
        Assert.Equal(3, (await silo.Grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Count);
        Assert.Equal(silo.Cluster.Silos.Sum(s => Runtime(s).Catalog.Count), await silo.Grains.GetGrain<IManagementGrain>(0).GetTotalActivationCount());
        var statistics = await silo.Grains.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics();
        Assert.Equal(silo.Cluster.Silos.Sum(s => Runtime(s).Catalog.Count), statistics.Sum(s => s.ActivationCount));
        Assert.All(silo.Cluster.Silos, s => Assert.Equal(Runtime(s).Catalog.Count, statistics.Where(x => x.SiloAddress.Equals(Runtime(s).SiloAddress)).Sum(x => x.ActivationCount)));
    }

    [Fact]
    public async Task OneGrain_CalledFromEverywhereAtOnce_HasOneActivation()
    {
        await using var silo = await TestSilo.StartAsync();
        for (var n = 0; n < 20; n++)
        {
            var instances = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => (i % 4 == 3 ? silo.Grains : On(silo, i % 4)).GetGrain<ITurnGrain>($"so-one-{n}").Instance()));
            Assert.Single(instances.Distinct());
        }
    }

    [Fact]
    public async Task LocalGrain_CalledFromEverywhereAtOnce_HasOneActivation_WhereItsFirstCallerIs()
    {
        await using var silo = await TestSilo.StartAsync();
        for (var n = 0; n < 20; n++)
        {
            var first = await On(silo, n % 3).GetGrain<ILocalGrain>($"so-local-{n}").Silo();
            Assert.Contains(silo.Cluster.Silos[n % 3].SiloAddress.Endpoint.Port.ToString(), first, StringComparison.Ordinal);
            var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 4 == 3 ? silo.Grains : On(silo, i % 4)).GetGrain<ILocalGrain>($"so-local-{n}").Silo()));
            Assert.Equal([first], all.Distinct());
        }
    }

    [Fact]
    public async Task LocalGrain_DeactivatedAndCalledAgain_IsFoundAnew()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = On(silo, 1).GetGrain<ILocalGrain>("so-again");
        await grain.Silo();
        await Runtime(silo.Cluster.Silos[1]).Catalog.Find(grain.GetGrainId())!.DeactivateNow();
        var second = await On(silo, 2).GetGrain<ILocalGrain>("so-again").Silo();
        Assert.Equal(second, await On(silo, 0).GetGrain<ILocalGrain>("so-again").Silo());
        Assert.Equal(second, await grain.Silo());
    }

    [Fact]
    public async Task Kill_ItsGrainsLiveOnElsewhere_AndWaitingCallersAreTold()
    {
        await using var silo = await TestSilo.StartAsync();
        var (key, victim) = await ClusterTests.HostOfAsync(silo, "so-kill");
        var before = await silo.Grains.GetGrain<ITurnGrain>(key).Instance();
        var fromSilo = On(silo, 0).GetGrain<ITurnGrain>(key).Hold("a");
        await Wait.Until(() => Probe.Of(key).Log.Contains("begin a"), "the call runs");
        var fromClient = silo.Grains.GetGrain<ITurnGrain>(key).Hold("b");
        await silo.Cluster.KillSiloAsync(victim);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => fromSilo);
        await Assert.ThrowsAsync<SiloUnavailableException>(() => fromClient);
        await silo.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        Assert.NotEqual(before, await silo.Grains.GetGrain<ITurnGrain>(key).Instance());
        Assert.Empty(silo.Sockets.Fatal);
    }

    [Fact]
    public async Task Stop_Graceful_NoCallFails_AndNothingRunsTwice()
    {
        await using var silo = await TestSilo.StartAsync();
        using var stop = new CancellationTokenSource();
        var calls = Task.WhenAll(Enumerable.Range(0, 6).Select(async w =>
        {
            var n = 0;
            while (!stop.IsCancellationRequested)
            {
                var key = $"so-stop-{w}-{n++}";
                await (w % 2 == 0 ? silo.Grains : On(silo, 0)).GetGrain<ITurnGrain>(key).Note("x");
                Assert.Single(Probe.Of(key).Log, l => l == "x");
            }

            return n;
        }));
        await silo.Cluster.StopSiloAsync(silo.Cluster.Silos[2]);
        await silo.Cluster.StartAdditionalSiloAsync();
        await silo.Cluster.StopSiloAsync(silo.Cluster.Silos[1]);
        await stop.CancelAsync();
        Assert.All(await calls, n => Assert.NotEqual(0, n));
    }

    [Fact]
    public async Task CutOff_TheOthersDeclareItDead_AndItEndsWhenItFindsOut()
    {
        await using var silo = await TestSilo.StartAsync();
        var (key, zombie) = await ClusterTests.HostOfAsync(silo, "so-zombie");
        var first = await silo.Grains.GetGrain<ITurnGrain>(key).Instance();
        using var cut = silo.Faults.CutOff(zombie.SiloAddress);
        await Wait.Until(() => Runtime(silo.Cluster.Silos[0]).Hub.Active.Count == 2, "it is declared dead");
        Assert.NotEqual(first, await On(silo, 0).GetGrain<ITurnGrain>(key).Instance());
        await Wait.Until(() => silo.Sockets.Fatal.Count == 1, "it has found out");
        Assert.True(Runtime(zombie).IsKilled);
        Assert.NotEqual(0, cut.Fired);
    }

    [Fact]
    public async Task Join_ActivationsStayWhereTheyWork_AndIdleOnesMove()
    {
        await using var silo = await TestSilo.StartAsync();
        var keys = Enumerable.Range(0, 40).Select(n => $"so-join-{n}").ToList();
        var before = await Task.WhenAll(keys.Select(k => silo.Grains.GetGrain<ITurnGrain>(k).Instance()));
        await silo.Cluster.StartAdditionalSiloAsync();
        await silo.Cluster.WaitForLivenessToStabilizeAsync();
        await Wait.Until(() => silo.Cluster.Silos.Take(3).All(s => Runtime(s).Hub is SiloHub { IsHandedOver: true }), "all is handed over");
        Assert.Equal(before, await Task.WhenAll(keys.Select(k => silo.Grains.GetGrain<ITurnGrain>(k).Instance())));
        var joined = silo.Cluster.Silos[3];
        await Wait.Until(() => silo.Cluster.Silos.Take(3).Sum(s => Runtime(s).Catalog.Count) < keys.Count, "idle grains leave");
        await Task.WhenAll(keys.Select(k => silo.Grains.GetGrain<ITurnGrain>(k).Instance()));
        Assert.NotEqual(0, Runtime(joined).Catalog.Count);
    }

    [Fact]
    public async Task Token_OfACallerElsewhere_FiresInTheGrain()
    {
        await using var silo = await TestSilo.StartAsync();
        foreach (var (from, name) in new[] { (silo.Grains, "client"), (On(silo, 0), "0"), (On(silo, 1), "1"), (On(silo, 2), "2") })
        {
            var key = $"so-token-{name}";
            using var cancel = new CancellationTokenSource();
            var call = from.GetGrain<ITurnGrain>(key).HoldWithToken(cancel.Token);
            await Wait.Until(() => Probe.Of(key).Log.Contains("begin"), "it runs");
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            await Wait.Until(() => Probe.Of(key).Log.Contains("token fired"), "the token fires");
        }
    }

    [Fact]
    public async Task Reminder_RegisteredThroughAnySilo_Ticks_AndGoesOnWhenASiloDies()
    {
        await using var silo = await TestSilo.StartAsync(b =>
        {
            b.UseInMemoryReminderService();
            b.Configure<Orleans.Hosting.ReminderOptions>(o => o.MinimumReminderPeriod = TimeSpan.FromMilliseconds(1));
        });
        foreach (var n in Enumerable.Range(0, 6))
        {
            var grain = On(silo, n % 3).GetGrain<IReminderGrain>($"so-reminder-{n}");
            await grain.Register("r", TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(50));
            await Wait.Until(() => Ticks(n) > 1, "it ticks");
        }

        await silo.Cluster.KillSiloAsync(silo.Cluster.Silos[1]);
        await silo.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
        foreach (var n in Enumerable.Range(0, 6))
        {
            var before = Ticks(n);
            await Wait.Until(() => Ticks(n) > before + 1, "it ticks on");
        }

        static int Ticks(int n) => Probe.Of($"so-reminder-{n}").Log.Count(l => l.StartsWith("r ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Clients_WhenTheirGatewayGoes_UseAnother()
    {
        await using var silo = await TestSilo.StartAsync();
        for (var n = 0; n < 2; n++)
        {
            await silo.Cluster.KillSiloAsync(silo.Cluster.Silos[0]);
            await silo.Cluster.WaitForLivenessToStabilizeAsync(didKill: true);
            for (var i = 0; i < 20; i++)
            {
                await silo.Grains.GetGrain<ITurnGrain>($"so-gate-{n}-{i}").Note("x");
            }
        }
    }

    [Fact]
    public async Task Nothing_IsKeptOfCallsThatHaveEnded()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: TimeSpan.FromSeconds(5));
        await Task.WhenAll(Enumerable.Range(0, 200).Select(n => silo.Grains.GetGrain<ITurnGrain>($"so-kept-{n}").Note("x")));
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("so-kept-hold").Hold("x"));
        Probe.Of("so-kept-hold").Gate.SetResult();
        await Wait.Until(() => silo.Cluster.Silos.All(s => Runtime(s).Hub is SiloHub { IsIdle: true }), "nothing waits any more");
    }

    private static IGrainFactory On(TestSilo silo, int index) => silo.Cluster.Silos[index].ServiceProvider.GetRequiredService<IGrainFactory>();

    private static SiloRuntime Runtime(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<SiloRuntime>();
}

internal static class ActivationExtensions
{
    public static Task DeactivateNow(this ActivationData activation)
    {
        activation.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "a test wants it"));
        return activation.Deactivated;
    }
}
