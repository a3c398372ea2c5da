namespace Orleans.Behaviour.Tests;

/// <summary>On a clock that stands still until it is told.</summary>
public partial class ReminderTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reminder_FiresAtStartAndEachPeriod(bool sql)
    {
        var key = $"r-fire-{sql}";
        await using var database = sql ? await SqliteOrleans.CreateAsync() : null;
        await using var silo = await StartOnFakeTimeAsync(database);
        await silo.Grains.GetGrain<IReminderGrain>(key).Register("a", Minute, Minute * 2);
        await TickAsync(silo, key, Minute, "a 0");
        await TickAsync(silo, key, Minute * 2, "a 2");
    }

    [Fact]
    public async Task Unregistered_TicksNoMore()
    {
        await using var silo = await StartOnFakeTimeAsync(null);
        var grain = silo.Grains.GetGrain<IReminderGrain>("r-over");
        await grain.Register("a", Minute, Minute);
        await grain.Unregister("a", twice: false);
        silo.Time.Advance(Minute * 5);
        await grain.Exists("a");
        Assert.Empty(Probe.Of("r-over").Log);
    }

    [Fact]
    public async Task FailingTick_IsNotRetriedBeforeTheNextPeriod()
    {
        await using var silo = await StartOnFakeTimeAsync(null);
        await silo.Grains.GetGrain<IReminderGrain>("r-failing").Register("failing", Minute, Minute * 3);
        await TickAsync(silo, "r-failing", Minute, "failing 0");
        silo.Time.Advance(Minute * 2);
        await silo.Grains.GetGrain<IReminderGrain>("r-failing").Exists("failing");
        Assert.Single(Probe.Of("r-failing").Log);
        await TickAsync(silo, "r-failing", Minute, "failing 3");
    }

    [Fact]
    public async Task SlowTick_MissedTicksAreSkipped()
    {
        await using var silo = await StartOnFakeTimeAsync(null, TimeSpan.FromHours(2));
        await silo.Grains.GetGrain<IReminderGrain>("r-slow").Register("slow", Minute, Minute);
        var probe = Probe.Of("r-slow");
        silo.Time.Advance(Minute);
        await Wait.Until(() => probe.Log.Count == 1, "the first tick");
        silo.Time.Advance(Minute * 10);
        Assert.Single(probe.Log);
        probe.Gate.SetResult();
        await silo.Grains.GetGrain<IReminderGrain>("r-slow").Exists("slow");
        await Wait.Until(() => probe.Log.Contains("slow 11") || Advance(silo), "the next tick after the skipped ones");
        Assert.Equal(["slow 0", "slow 11"], probe.Log);
    }

    [Fact]
    public virtual async Task TwoSilos_EachTickComesOnce_AndGoesOnWhenTheOwnerDies()
    {
        await using var silo = await StartOnFakeTimeAsync(null, silos: 2);
        var keys = Enumerable.Range(0, 12).Select(n => $"r-two-{n}").ToList();
        foreach (var key in keys)
        {
            await silo.Grains.GetGrain<IReminderGrain>(key).Register("a", Minute, Minute);
        }

        silo.Time.Advance(Minute);
        await Wait.Until(() => keys.TrueForAll(k => Probe.Of(k).Log.Count == 1), "one tick each");
        foreach (var key in keys)
        {
            await silo.Grains.GetGrain<IReminderGrain>(key).Exists("a");
        }

        await silo.Cluster.KillSiloAsync(silo.Cluster.Silos[1]);
        await Wait.Until(() => keys.TrueForAll(k => Probe.Of(k).Log.Count >= 2) || Advance(silo), "ticks from the other silo");
    }

    private static bool Advance(TestSilo silo)
    {
        silo.Time.Advance(TimeSpan.FromSeconds(1));
        return false;
    }

    private static Task<TestSilo> StartOnFakeTimeAsync(SqliteOrleans? database, TimeSpan? timeout = null, short silos = 1) => TestSilo.StartOnFakeTimeAsync(Table(database), silos, timeout);

    private static async Task TickAsync(TestSilo silo, string key, TimeSpan advance, string expected)
    {
        silo.Time.Advance(advance);
        await Wait.Until(() => Probe.Of(key).Log.LastOrDefault() == expected, $"{expected}, but got {string.Join(",", Probe.Of(key).Log)}");
        await silo.Grains.GetGrain<IReminderGrain>(key).Exists("a");
    }
}
