using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Polyfill.Tests;

/// <summary>Reminders in both tables (orleans-api.md 3.7, 4.3).</summary>
public class ReminderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reminder_FiresAtStartAndEachPeriod(bool sql)
    {
        var key = $"r-fire-{sql}";
        await using var database = sql ? await SqliteOrleans.CreateAsync() : null;
        await using var silo = await StartAsync(database);
        await silo.Grains.GetGrain<IReminderGrain>(key).Register("a", Minute, Minute * 2);
        await TickAsync(silo, key, Minute, "a 0");
        await TickAsync(silo, key, Minute * 2, "a 2");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reminder_LifeOfARow(bool sql)
    {
        await using var database = sql ? await SqliteOrleans.CreateAsync() : null;
        await using var silo = await StartAsync(database);
        var grain = silo.Grains.GetGrain<IReminderGrain>($"r-row-{sql}");
        Assert.False(await grain.Exists("a"));
        await grain.Register("a", Minute, Minute);
        await grain.Register("b", Minute, Minute);
        Assert.Equal(["a", "b"], (await grain.Names()).Order());
        await grain.Unregister("a", twice: true);
        Assert.Equal(["b"], await grain.Names());
        await Assert.ThrowsAsync<ReminderException>(() => grain.UnregisterStale("b"));
        silo.Time.Advance(Minute * 5);
        await grain.Exists("b");
        Assert.Empty(Probe.Of($"r-row-{sql}").Log);
    }

    [Fact]
    public async Task Register_PeriodBelowMinimum_ArgumentException()
    {
        await using var silo = await StartAsync(null);
        var grain = silo.Grains.GetGrain<IReminderGrain>("r-min");
        await Assert.ThrowsAsync<ArgumentException>(() => grain.Register("a", Minute, TimeSpan.FromSeconds(59)));
        await Assert.ThrowsAsync<ArgumentException>(() => grain.Register(" ", Minute, Minute));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => grain.Register("a", -Minute, Minute));
        Assert.Empty(await grain.Names());
    }

    [Fact]
    public async Task Register_GrainNotRemindable_InvalidOperation()
    {
        await using var silo = await StartAsync(null);
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<INoReminderGrain>("r-not").Register());
    }

    [Fact]
    public async Task Reminder_NoTableConfigured_OrleansConfigurationException()
    {
        await using var silo = await TestSilo.StartAsync();
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => silo.Grains.GetGrain<IReminderGrain>("r-none").Register("a", Minute, Minute));
    }

    [Fact]
    public async Task Reminder_FromTaskRun_InvalidOperation()
    {
        await using var silo = await StartAsync(null);
        Assert.Equal(nameof(InvalidOperationException), await silo.Grains.GetGrain<IReminderGrain>("r-outside").FromTaskRun());
    }

    [Fact]
    public async Task FailingTick_IsNotRetriedBeforeTheNextPeriod()
    {
        await using var silo = await StartAsync(null);
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
        await using var silo = await StartAsync(null, TimeSpan.FromHours(2));
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
        await using var silo = await StartAsync(null, silos: 2);
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

    private static Task<TestSilo> StartAsync(SqliteOrleans? database, TimeSpan? timeout = null, short silos = 1) => TestSilo.StartAsync(
        silo => _ = database is null
            ? silo.UseInMemoryReminderService()
            : silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("System.Data.SQLite", database.ConnectionString)),
        silos,
        fakeTime: true,
        timeout);

    private static async Task TickAsync(TestSilo silo, string key, TimeSpan advance, string expected)
    {
        silo.Time.Advance(advance);
        await Wait.Until(() => Probe.Of(key).Log.LastOrDefault() == expected, $"{expected}, but got {string.Join(",", Probe.Of(key).Log)}");
        await silo.Grains.GetGrain<IReminderGrain>(key).Exists("a");
    }
}
