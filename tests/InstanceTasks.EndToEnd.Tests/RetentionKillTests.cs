using System.Net;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>SIGKILL in the middle of retention: what goes is in the archive first, and the next process finishes what the dead one has begun.</summary>
public sealed class RetentionKillTests : IDisposable
{
    private const int Servers = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempDirectory _data = new("retention");

    private SiloSetup Setup => new() { DataDirectory = _data.Path };

    private string Archive => _data.Combine("archive");

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Kill_BetweenArchiveAndPurge_NothingHasGone_AndTheNextProcessTakesItAway()
    {
        var tasks = await MakeOldAsync();

        await DieAsync("archived");
        Assert.Equal(tasks, Ids());
        Assert.Equal(tasks, ArchiveReader.Tasks(Archive).Order());

        await using var next = await SiloProcess.StartAsync(Setup);
        await Eventually.TrueAsync(() => Ids().Count == 0, Patience, "what is old has gone", () => next.Output);
        // Once more: at least once is what an archive promises.
        Assert.Equal(tasks.SelectMany(t => new[] { t, t }), ArchiveReader.Tasks(Archive).Order());
    }

    [Fact]
    public async Task Kill_BehindThePurge_EverythingIsInTheArchiveOnce()
    {
        var tasks = await MakeOldAsync();

        await DieAsync("purged");
        Assert.Empty(Ids());

        // A run of its own, to its end: it finds nothing to archive.
        var (code, said) = await SiloProcess.RunCommandAsync(Setup, "retention", "run");
        Assert.Equal(0, code);
        Assert.Contains("Done. Took away 0 task(s), and 0 deleted server(s).", said, StringComparison.Ordinal);
        Assert.Equal(tasks, ArchiveReader.Tasks(Archive).Order());
    }

    private async Task<List<Guid>> MakeOldAsync()
    {
        await using var silo = await SiloProcess.StartAsync(Setup);
        for (var n = 0; n < Servers; n++)
        {
            var server = await silo.Api.CreateAndWaitAsync($"old-{n}");
            await silo.Api.DeleteServerAsync(server);
            await Eventually.TrueAsync(async () => await silo.Api.StatusAsync($"/v2.1/servers/{server}") == HttpStatusCode.NotFound, Patience, "the server is deleted");
        }

        Assert.Equal(0, await silo.StopAsync());
        StoredAge.Add(_data.Path, TimeSpan.FromDays(91));
        StoredAge.AddToRetention(_data.Path, TimeSpan.FromDays(1));
        var tasks = Ids();
        Assert.Equal(2 * Servers, tasks.Count);
        return tasks;
    }

    private List<Guid> Ids() => [.. new StoreReader(_data.Path).ReadTasks().Select(t => t.Id.Value).Order()];

    private async Task DieAsync(string point)
    {
        using (var silo = SiloProcess.Launch(Setup with { Failpoint = point }))
        {
            Assert.Equal(ChildProcess.KilledExitCode, await silo.WaitForExitAsync(Patience));
        }

        // What a dead run has claimed is free again after minutes, and the next run comes after an hour.
        StoredAge.AddToRetention(_data.Path, TimeSpan.FromDays(1));
    }
}
