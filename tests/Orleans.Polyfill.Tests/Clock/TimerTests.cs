using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Polyfill;

namespace Orleans.Behaviour.Tests;

/// <summary>On a clock that stands still until it is told.</summary>
public partial class TimerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Timer_Period_CountsFromTheEndOfTheTick()
    {
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        await silo.Grains.GetGrain<ITimerGrain>("t-period").Start(Second, Second * 2, false, false);
        await TicksAsync(silo, "t-period", Second, 1);
        silo.Time.Advance(Second);
        Assert.Equal(1, Ticks("t-period"));
        await TicksAsync(silo, "t-period", Second, 2);
    }

    [Fact]
    public async Task Timer_InfinitePeriod_FiresOnce_AndCanBeChanged()
    {
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        var grain = silo.Grains.GetGrain<ITimerGrain>("t-once");
        await grain.Start(Second, Timeout.InfiniteTimeSpan, false, false);
        await TicksAsync(silo, "t-once", Second, 1);
        silo.Time.Advance(Second * 20);
        await grain.Instance();
        Assert.Equal(1, Ticks("t-once"));
        await grain.Change(Second, Second);
        await TicksAsync(silo, "t-once", Second, 2);
        await grain.Stop();
        silo.Time.Advance(Second * 20);
        await grain.Instance();
        Assert.Equal(2, Ticks("t-once"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Timer_DuringARequest_TicksOnlyWhenInterleaving(bool interleave)
    {
        var key = $"t-interleave-{interleave}";
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        var grain = silo.Grains.GetGrain<ITimerGrain>(key);
        await grain.Start(Second, Second, interleave, false);
        var hold = grain.Hold();
        await Wait.Until(() => Probe.Of(key).Log.Contains("held"), "the request runs");
        silo.Time.Advance(Second);
        if (interleave)
        {
            await Wait.Until(() => Ticks(key) == 1, "a tick during the request");
        }

        Probe.Of(key).Gate.SetResult();
        await hold;
        await Wait.Until(() => Ticks(key) == 1, "the tick");
        Assert.Equal(interleave ? ["held", "tick", "released"] : ["held", "released", "tick"], Probe.Of(key).Log);
    }

    [Fact]
    public async Task Timer_FailingTick_GoesOn()
    {
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        await silo.Grains.GetGrain<ITimerGrain>("t-fail").StartFailing(Second);
        await TicksAsync(silo, "t-fail", Second, 1);
        await TicksAsync(silo, "t-fail", Second, 2);
    }

    [Fact]
    public async Task Timer_RegisteredInTheConstructor_Fires()
    {
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        await silo.Grains.GetGrain<ITimerGrain>("t-ctor").Instance();
        await TicksAsync(silo, "t-ctor", TimeSpan.FromMinutes(1), 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task IdleActivation_IsCollected_UnlessATimerKeepsItAlive(bool keepAlive)
    {
        var key = $"t-idle-{keepAlive}";
        await using var silo = await TestSilo.StartOnFakeTimeAsync(Collect);
        var grain = silo.Grains.GetGrain<ITimerGrain>(key);
        var first = await grain.Instance();
        await grain.Start(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), false, keepAlive);
        for (var minute = 0; keepAlive && minute < 12; minute++)
        {
            var before = Ticks(key);
            silo.Time.Advance(TimeSpan.FromMinutes(1));
            await Wait.Until(() => Ticks(key) > before, "the timer's tick");
        }

        var catalogs = silo.Cluster.Silos.Select(s => s.ServiceProvider.GetRequiredService<SiloRuntime>().Catalog).ToList();
        await Wait.Until(() => keepAlive || catalogs.TrueForAll(c => c.Find(grain.GetGrainId()) is null) || AdvanceMinute(silo), "the end of the activation");
        Assert.Equal(keepAlive, first == await grain.Instance());
    }

    private static bool AdvanceMinute(TestSilo silo)
    {
        silo.Time.Advance(TimeSpan.FromMinutes(1));
        return false;
    }

    private static void Collect(ISiloBuilder silo) => silo.Configure<GrainCollectionOptions>(o => (o.CollectionAge, o.CollectionQuantum) = (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1)));

    private static async Task TicksAsync(TestSilo silo, string key, TimeSpan advance, int expected)
    {
        // A tick arms its timer again when it has ended, which the turn after it shows.
        silo.Time.Advance(advance);
        await Wait.Until(() => Ticks(key) == expected, $"tick {expected}");
        await silo.Grains.GetGrain<ITimerGrain>(key).Instance();
    }
}
