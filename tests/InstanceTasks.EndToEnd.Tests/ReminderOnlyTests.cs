using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// Interrupted tasks are brought to their end by the durable reminder alone: every other trigger is off in configuration, nobody calls
/// the silo after its restart, and the log says what made recovery look.
/// </summary>
public sealed partial class ReminderOnlyTests(ITestOutputHelper output) : IDisposable
{
    private const int Servers = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempDirectory _data = new("reminder");

    public void Dispose() => _data.Dispose();

    [Fact]
    public Task Kill_ReminderIsTheOnlyTrigger_TasksEndAsAsked() => KillAndRemindAsync(new() { DataDirectory = _data.Path, ConfigFile = WriteConfiguration() });

    [PostgresFact]
    public async Task Kill_ReminderIsTheOnlyTriggerOnPostgres_TasksEndAsAsked()
    {
        using var postgres = new PostgresData();
        await KillAndRemindAsync(new() { DataDirectory = _data.Path, ConfigFile = WriteConfiguration(), Environment = await postgres.UseForAsync(_data.Path) });
    }

    private async Task KillAndRemindAsync(SiloSetup setup)
    {
        var silo = await SiloProcess.StartAsync(setup);
        try
        {
            var accepted = await InterruptAsync(silo);
            var killed = DateTimeOffset.UtcNow;
            silo = await silo.RestartAsync();
            var store = new StoreReader(_data.Path);
            await Eventually.TrueAsync(() => store.ReadUnfinished().Count == 0, Patience, "the reminder revives everything", () => silo.Output);
            AssertReminderDidIt(silo.Output);
            Assert.All(store.ReadTasks().Where(t => accepted.Any(a => a.Task == t.Id.Value)), t => Assert.True(t.Epoch > 1, $"{t.Id} was not claimed again"));
            Assert.Equal(0, await silo.StopAsync());
            WorldAudit.Compare(_data.Path, accepted, [killed]).ThrowIfAny();
        }
        finally
        {
            await silo.DisposeAsync();
        }
    }

    private string WriteConfiguration()
    {
        var file = _data.Combine("reminder-only.json");
        var recovery = new JsonObject
        {
            ["ReminderPeriod"] = "00:00:02",
            ["MinimumReminderPeriod"] = "00:00:02",
            ["UseReminder"] = true,
            ["OnStart"] = false,
            ["WhenDue"] = false,
            ["OnLeaseEnd"] = false,
        };
        File.WriteAllText(file, new JsonObject { ["Recovery"] = recovery }.ToJsonString());
        return file;
    }

    /// <summary>Servers with a stop in flight each, and then SIGKILL.</summary>
    private async Task<List<AcceptedRequest>> InterruptAsync(SiloProcess silo)
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, Servers).Select(n => silo.Api.CreateAndWaitAsync($"reminded-{n}")));
        new WorldControl(_data.Path).SetLatency(null, TimeSpan.FromSeconds(1.5));
        var accepted = new List<AcceptedRequest>();
        foreach (var server in servers)
        {
            var answer = await ServerRequests.SendAsync(silo.Api, "stop", server);
            accepted.Add(new AcceptedRequest("stop", server, answer.Task!.Value, "succeeded"));
        }

        var world = new WorldReader(_data.Path);
        await Eventually.TrueAsync(() => world.ReadInFlight().Count == Servers, Patience, "every stop has an attempt in flight", () => silo.Output);
        await silo.KillAsync();
        Assert.Equal(Servers, new StoreReader(_data.Path).ReadUnfinished().Count);
        return accepted;
    }

    private void AssertReminderDidIt(string log)
    {
        var looks = LookLine().Matches(log).Select(m => (Cause: m.Groups["cause"].Value, Due: int.Parse(m.Groups["due"].Value))).ToList();
        output.WriteLine(string.Join(Environment.NewLine, looks));
        Assert.NotEmpty(looks);
        Assert.All(looks, l => Assert.Contains("reminder", l.Cause, StringComparison.OrdinalIgnoreCase));
        Assert.True(looks.Sum(l => l.Due) >= Servers, "the reminder's looks did not find the interrupted tasks");
    }

    [GeneratedRegex(@"looked because of '(?<cause>[^']*)': (?<due>\d+) tasks due", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex LookLine();
}
