using InstanceTasks.Engine;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo.Tests;

public sealed class RetentionCommandTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Run_Dry_SaysWhatItWouldDo_AndThenDoesIt_AndSaysSo()
    {
        await AddDeletedServerAsync();
        StoredAge.Add(_data.Path, TimeSpan.FromDays(91));

        Assert.Equal((0, "Would take away 1 task(s), and 1 deleted server(s)."), await RunAsync("run", "--dry-run"));
        var (_, before) = await RunAsync("status");
        Assert.False(Directory.Exists(_data.Combine("archive")));
        var done = await RunAsync("run");
        var (_, after) = await RunAsync("status");

        Assert.Equal((0, "Done. Took away 1 task(s), and 1 deleted server(s)."), done);
        Assert.Contains("Now due: 1 task(s), and 1 deleted server(s).", before, StringComparison.Ordinal);
        Assert.Contains("Last run: never.", before, StringComparison.Ordinal);
        Assert.Contains("Now due: 0 task(s), and 0 deleted server(s).", after, StringComparison.Ordinal);
        Assert.Contains("Purged so far: 1 task(s), and 1 deleted server(s)", after, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_data.Combine("archive"), "*-g0-*.jsonl.gz"));
    }

    [Fact]
    public async Task Run_WhileEverythingIsHeld_DoesNothingAndSaysWhy()
    {
        await AddDeletedServerAsync();
        StoredAge.Add(_data.Path, TimeSpan.FromDays(91));
        await using (var store = await OpenAsync())
        {
            await store.AddHoldAsync(Holds.OfAll("why", "me"));
        }

        var (code, said) = await RunAsync("run");

        Assert.Equal((1, true), (code, said.StartsWith("There is a hold on everything", StringComparison.Ordinal)));
        Assert.Contains("There is a hold on everything: nothing is purged.", (await RunAsync("status")).Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Something_Else_IsRefused() => await Assert.ThrowsAsync<SettingsException>(() => RunAsync("burn"));

    [Theory]
    [InlineData("{}", "archive")]
    [InlineData("""{ "Retention": { "Archive": "deep/er" } }""", "deep/er")]
    [InlineData("""{ "Retention": { "Archive": "" } }""", null)]
    public async Task Build_Archive_IsInTheDataDirectoryUnlessItIsElsewhereOrNowhere(string settings, string? expected)
    {
        var config = _data.Combine("silo.json");
        await File.WriteAllTextAsync(config, settings);
        await using var app = SiloBuilding.Build(["--data", _data.Path, "--urls", "http://127.0.0.1:0", "--config", config]);

        Assert.Equal(expected is null ? "" : _data.Combine(expected), app.Services.GetRequiredService<IOptions<RetentionOptions>>().Value.Archive);
        Assert.Same(app.Services.GetRequiredService<IInstanceTasksStore>(), app.Services.GetRequiredService<IRetention>());
    }

    [Fact]
    public async Task Build_WithTooShortATime_IsRefusedAtStart()
    {
        var config = _data.Combine("silo.json");
        await File.WriteAllTextAsync(config, """{ "Retention": { "KeepFor": "00:00:01" } }""");
        await using var app = SiloBuilding.Build(["--data", _data.Path, "--urls", "http://127.0.0.1:0", "--config", config]);

        Assert.Contains("Retention:KeepFor", Assert.Throws<OptionsValidationException>(() => app.Services.GetRequiredService<IOptions<RetentionOptions>>().Value).Message, StringComparison.Ordinal);
    }

    private Task<SqliteStore> OpenAsync() => SqliteStore.OpenAsync(new() { DataDirectory = _data.Path }, TimeProvider.System, NullLoggerFactory.Instance);

    private async Task<(int Code, string Said)> RunAsync(string verb, params string[] more)
    {
        using var output = new StringWriter();
        var code = await RetentionCommand.RunAsync([verb, .. more, "--data", _data.Path], output);
        return (code, output.ToString().TrimEnd());
    }

    private async Task AddDeletedServerAsync()
    {
        await using var store = await OpenAsync();
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var server = new InstanceRecord
        {
            Id = InstanceId.New(), Project = new("p"), User = new("u"), Name = "vm", ImageId = "i", VmState = VmState.Deleted, TerminatedAt = at, CreatedAt = at, UpdatedAt = at, Version = 1, ReservationId = "r",
            Flavor = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
        };
        var task = new TaskRecord
        {
            Id = TaskId.New(), Kind = TaskKinds.Delete, Instance = server.Id, Project = server.Project, User = server.User, Request = RequestId.New(), Run = TaskRun.Ended, Outcome = TaskOutcome.Succeeded,
            Seq = 1, CreatedAt = at, UpdatedAt = at, FinishedAt = at,
        };
        var commit = new Commit { Name = "accept", Kind = task.Kind, Tasks = [new(task, [new TaskAccepted { At = at, Initial = task }], null, 0)], Instance = new(server, 0) };
        Assert.True((await store.CommitAsync(commit)).Applied);
    }
}
