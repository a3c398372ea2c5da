using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// The drill of docs/backup.md: a backup is made while much is under way, the work goes on, everything is lost, the backup is restored. What the backup has goes on without doing
/// anything twice; what it lacks is told, and nothing is destroyed.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class RestoreDrillTests(ITestOutputHelper output) : IDisposable
{
    private const int Servers = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly TempDirectory _data = new("drill");

    public void Dispose() => _data.Dispose();

    [PostgresFact]
    public async Task BackupUnderLoad_Restored_StartsPausedTellsWhatIsDifferentAndGoesOn()
    {
        using var postgres = new PostgresData();
        var setup = new SiloSetup { DataDirectory = _data.Path, Environment = await postgres.UseForAsync(_data.Path) };
        var (file, kept, lost) = await LoseAsync(setup, postgres);
        setup = setup with { Environment = await postgres.RestoreForAsync(_data.Path, file) };

        await RefusesToStartAsync(setup);
        var (code, said) = await SiloProcess.RunCommandAsync(setup, "after-restore");
        Assert.True(code == 0 && said.Contains("cluster epoch 2", StringComparison.Ordinal), said);
        var (different, report) = await SiloProcess.RunCommandAsync(setup, "compare-machines");
        output.WriteLine(report);
        Assert.Equal(1, different);
        Assert.Contains($"unknown      {lost.Created}", report, StringComparison.Ordinal);
        Assert.Contains($"missing      {lost.Deleted}", report, StringComparison.Ordinal);
        Assert.Contains($"power        {lost.Stopped}", report, StringComparison.Ordinal);
        Assert.Contains($"openstack server delete {lost.Deleted}", report, StringComparison.Ordinal);

        await using var silo = await SiloProcess.StartAsync(setup);
        var (hold, accepted) = await NothingMovesAsync(silo);
        Assert.Equal(HttpStatusCode.Gone, (await silo.Api.SendAsync(HttpMethod.Get, $"/v2.1/tasks/events?after={lost.Place}", null, "2.96")).Status);
        (await silo.Api.SendAsync(HttpMethod.Delete, $"/v2.1/tasks/holds/{hold}", null, null)).Expect(HttpStatusCode.NoContent);
        foreach (var task in kept.Append(accepted))
        {
            Assert.Equal("succeeded", (await silo.Api.WaitForTaskAsync(task, Patience))["state"]!.GetValue<string>());
        }

        OnlyAboutWhatWasLost(lost);
        await ReconcileAsync(silo, setup, lost);
    }

    /// <summary>As the report advises. What belongs to no server is left, and is all that is different then.</summary>
    private async Task ReconcileAsync(SiloProcess silo, SiloSetup setup, Lost lost)
    {
        await silo.Api.SucceedAsync(await silo.Api.DeleteServerAsync(lost.Deleted), Patience);
        await silo.Api.SucceedAsync(await silo.Api.ActionAsync(lost.Stopped, new JsonObject { ["reboot"] = new JsonObject { ["type"] = "HARD" } }), Patience);

        var (_, report) = await SiloProcess.RunCommandAsync(setup, "compare-machines");
        output.WriteLine(report);
        Assert.Contains($"unknown      {lost.Created}", report, StringComparison.Ordinal);
        Assert.EndsWith("1 difference(s).", report.TrimEnd(), StringComparison.Ordinal);
    }

    /// <summary>Load, a backup in the middle of it, changes that the backup does not have, and the end of it all.</summary>
    private async Task<(string File, List<Guid> Kept, Lost Lost)> LoseAsync(SiloSetup setup, PostgresData postgres)
    {
        await using var silo = await SiloProcess.StartAsync(setup);
        var (deleted, stopped) = (await silo.Api.CreateAndWaitAsync("to-be-deleted"), await silo.Api.CreateAndWaitAsync("to-be-stopped"));
        new WorldControl(_data.Path).SetLatency(Verb.PrepareDisk, TimeSpan.FromSeconds(2));
        var image = await silo.Api.ReadImageAsync();
        var kept = new List<Guid>();
        for (var n = 0; n < Servers; n++)
        {
            kept.Add((await silo.Api.CreateServerAsync($"kept-{n}", "1", image)).Expect(HttpStatusCode.Accepted).Task!.Value);
        }

        var file = await postgres.BackUpAsync();
        var created = await silo.Api.CreateAndWaitAsync("created-later");
        await silo.Api.SucceedAsync(await silo.Api.DeleteServerAsync(deleted));
        await silo.Api.SucceedAsync(await silo.Api.ActionAsync(stopped, new JsonObject { ["os-stop"] = null }));
        foreach (var task in kept)
        {
            await silo.Api.WaitForTaskAsync(task, Patience);
        }

        var events = await silo.Api.GetAsync("/v2.1/tasks/events?after=0&limit=1000", "2.96");
        var place = events["events"]!.AsArray()[^1]!["id"]!.GetValue<long>();
        await silo.KillAsync();
        return (file, kept, new(created, deleted, stopped, place, TimeProvider.System.GetUtcNow()));
    }

    private static async Task RefusesToStartAsync(SiloSetup setup)
    {
        using var refused = SiloProcess.Launch(setup);
        Assert.Equal(2, await refused.WaitForExitAsync(SiloProcess.StartDeadline));
        Assert.Contains("after-restore", refused.Output, StringComparison.Ordinal);
    }

    /// <summary>It serves and accepts, and no effect begins.</summary>
    private async Task<(string Hold, Guid Accepted)> NothingMovesAsync(SiloProcess silo)
    {
        var world = new WorldReader(_data.Path);
        var before = world.ReadEffects().Count;
        var hold = (await silo.Api.GetAsync("/v2.1/tasks/holds", "2.96"))["holds"]!.AsArray().Single()!;
        var accepted = (await silo.Api.CreateServerAsync("created-while-paused", "1", await silo.Api.ReadImageAsync())).Expect(HttpStatusCode.Accepted).Task!.Value;
        await Eventually.TrueAsync(
            async () => (await silo.Api.GetTaskAsync(accepted))["waiting_for"]?.ToJsonString().Contains("restored from a backup", StringComparison.Ordinal) == true,
            Patience, "the new task waits for the hold");
        Assert.Equal(before, world.ReadEffects().Count);
        Assert.Contains("paused", silo.Output, StringComparison.Ordinal);
        return (hold["id"]!.GetValue<string>(), accepted);
    }

    // What was done after the backup is still there, and all that is not as recorded is about that.
    private void OnlyAboutWhatWasLost(Lost lost)
    {
        // As after any crash: a step that the backup does not know to be done may be done once more, and then finds its work there.
        var problems = WorldAudit.Compare(_data.Path, kills: [lost.At]).Problems;
        output.WriteLine(string.Join(Environment.NewLine, problems));
        Assert.NotEmpty(problems);
        Assert.All(problems, p => Assert.True(new[] { lost.Created, lost.Deleted, lost.Stopped }.Any(id => p.Contains($"{id}", StringComparison.Ordinal)) || p.StartsWith("host ", StringComparison.Ordinal), p));
    }

    /// <summary>What was done after the backup.</summary>
    private sealed record Lost(Guid Created, Guid Deleted, Guid Stopped, long Place, DateTimeOffset At);
}
