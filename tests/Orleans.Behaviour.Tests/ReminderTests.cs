using Microsoft.Extensions.DependencyInjection;

namespace Orleans.Behaviour.Tests;

/// <summary>Reminders in both tables (orleans-api.md 3.7, 4.3).</summary>
public partial class ReminderTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

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
    }

    [Fact]
    public async Task Register_PeriodBelowMinimum_ArgumentException()
    {
        await using var silo = await StartAsync(null);
        var grain = silo.Grains.GetGrain<IReminderGrain>("r-min");
        await Assert.ThrowsAsync<ArgumentException>(() => grain.Register("a", Minute, TimeSpan.FromSeconds(59)));
        await Assert.ThrowsAsync<ArgumentNullException>(() => grain.Register(" ", Minute, Minute));
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
    public async Task Reminder_NoServiceConfigured_InvalidOperation()
    {
        await using var silo = await TestSilo.StartAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<IReminderGrain>("r-none").Register("a", Minute, Minute));
    }

    [Fact]
    public async Task Reminder_FromTaskRun_InvalidOperation()
    {
        await using var silo = await StartAsync(null);
        Assert.Equal(nameof(InvalidOperationException), await silo.Grains.GetGrain<IReminderGrain>("r-outside").FromTaskRun());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RealReminder_TicksAgainAndAgain_UntilItIsUnregistered(bool sql)
    {
        var key = $"rr-{sql}";
        await using var database = sql ? await SqliteOrleans.CreateAsync() : null;
        await using var silo = await StartAsync(database, o => o.MinimumReminderPeriod = TimeSpan.FromMilliseconds(100));
        var grain = silo.Grains.GetGrain<IReminderGrain>(key);
        await grain.Register("a", TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(100));
        await Wait.Until(() => Probe.Of(key).Log.Count >= 3, "three ticks");
        await grain.Unregister("a", twice: false);
        Assert.Empty(await grain.Names());
    }

    private static Task<TestSilo> StartAsync(SqliteOrleans? database, Action<ReminderOptions>? options = null) => TestSilo.StartAsync(silo =>
    {
        Table(database)(silo);
        silo.Services.Configure<ReminderOptions>(o => options?.Invoke(o));
    });

    private static Action<ISiloBuilder> Table(SqliteOrleans? database) => silo => _ = database is null
        ? silo.UseInMemoryReminderService()
        : silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("System.Data.SQLite", database.ConnectionString));
}
