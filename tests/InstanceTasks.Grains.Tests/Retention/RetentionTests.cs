using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Retention;

/// <summary>In a cluster retention runs by its reminder, whichever silo that finds, and not where it is off.</summary>
public sealed class RetentionTests
{
    private const string Reminder = "purge";
    private static readonly TimeSpan Long = TimeSpan.FromDays(91);

    [Fact]
    public async Task Reminder_OldDeletedServer_IsArchivedAndGone_AndOneThatIsThereIsNot()
    {
        await using var silos = await StartAsync(enabled: true);
        var (gone, kept) = (await DeletedAsync(silos), await silos.CreateServerAsync(silos.Silos[0]));
        await silos.UntilAsync(async () => (await silos.Store.ReadRetentionAsync()).LastRunAt is not null, "the first run has ended");
        Assert.NotNull(await silos.Store.GetServerAsync(gone));

        StoredAge.Add(silos.DataDirectory, Long);

        await silos.UntilAsync(async () => await silos.Store.GetServerAsync(gone) is null, "the deleted server is gone");
        Assert.Empty(await silos.Store.ListTasksAsync(new() { Instance = gone }));
        Assert.Single(await silos.Store.ListTasksAsync(new() { Instance = kept }));
        Assert.Equal((2L, 1L), await silos.Store.ReadRetentionAsync() is var s ? (s.Tasks, s.Servers) : default);
        var archived = Assert.Single(Directory.GetFiles(Path.Combine(silos.DataDirectory, "archive"), "*.jsonl.gz"));
        Assert.Contains(await silos.Store.ReadLiveAsync(), live => archived.Contains($"-g{live.Generation}-", StringComparison.Ordinal));
        Assert.Contains(silos.CallTrace.Calls, c => c.Method == nameof(IRemindable.ReceiveReminder) && c.Grain.Contains("retention", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reminder_SiloOfTheGrainIsKilled_AnotherOneGoesOn()
    {
        await using var silos = await StartAsync(enabled: true, silos: 2);
        var gone = await DeletedAsync(silos);
        await silos.UntilAsync(async () => (await silos.Store.ReadRetentionAsync()).LastRunAt is not null, "the first run has ended");
        var name = silos.CallTrace.Calls.First(c => c.Method == nameof(IRetentionGrain.Start) && c.Grain.Contains("retention", StringComparison.Ordinal)).Silo;

        await silos.KillAsync(silos.Silos.Single(s => s.Name == name));
        StoredAge.Add(silos.DataDirectory, Long);

        await silos.UntilAsync(async () => await silos.Store.GetServerAsync(gone) is null, "the deleted server is gone");
        Assert.Contains(silos.CallTrace.Calls, c => c.Silo != name && c.Grain.Contains("retention", StringComparison.Ordinal));
    }

    /// <summary>Retention was on once: its reminder is found and taken away.</summary>
    [Fact]
    public async Task Reminder_WhereItIsOff_UnregistersItselfAndPurgesNothing()
    {
        await using var silos = await StartAsync(enabled: false);
        var kept = await DeletedAsync(silos);
        Assert.Equal(0, StoredAge.CountReminders(silos.DataDirectory, Reminder));
        await silos.Store.ClaimPurgeAsync(Guid.NewGuid(), TimeSpan.FromHours(1));
        await silos.Silos[0].Grains.GetGrain<IRetentionGrain>("retention").Start();
        Assert.Equal(1, StoredAge.CountReminders(silos.DataDirectory, Reminder));
        StoredAge.Add(silos.DataDirectory, Long);

        await silos.UntilAsync(() => StoredAge.CountReminders(silos.DataDirectory, Reminder) == 0, "the reminder is gone");

        Assert.NotNull(await silos.Store.GetServerAsync(kept));
    }

    [Fact]
    public void Options_Defaults_AreValid() => Assert.True(new RetentionOptionsValidator().Validate(null, new()).Succeeded);

    [Theory]
    [InlineData("KeepFor", "23:59:59")]
    [InlineData("KeepFor", "99999.00:00:00")]
    [InlineData("ResumeFor", "-00:00:01")]
    [InlineData("BatchSize", 0)]
    [InlineData("BatchSize", 5001)]
    [InlineData("Pause", "-00:00:01")]
    [InlineData("Pause", "00:01:01")]
    [InlineData("Every", "00:00:00")]
    [InlineData("Every", "31.00:00:00")]
    public void Options_EachWrongValue_IsRefusedByName(string property, object value)
    {
        var options = new RetentionOptions();
        typeof(RetentionOptions).GetProperty(property)!.SetValue(options, value is string text ? TimeSpan.Parse(text) : value);

        Assert.Contains($"Retention:{property}", new RetentionOptionsValidator().Validate(null, options).FailureMessage!, StringComparison.Ordinal);
    }

    private static async Task<InstanceId> DeletedAsync(InProcessSilos silos)
    {
        var server = await silos.CreateServerAsync(silos.Silos[0]);
        Assert.Equal("succeeded", (await silos.EndAsync(await InProcessSilos.SubmitAsync(silos.Silos[0], TaskKinds.Delete, server))).State);
        return server;
    }

    private static Task<InProcessSilos> StartAsync(bool enabled, short? silos = null) => InProcessSilos.StartAsync(new()
    {
        Silos = silos ?? InProcessOptions.DefaultSilos,
        Recovery = o => (o.ReminderPeriod, o.MinimumReminderPeriod) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)),
        Retention = o => (o.Enabled, o.Every, o.Pause) = (enabled, TimeSpan.FromSeconds(2), TimeSpan.Zero),
    });
}
