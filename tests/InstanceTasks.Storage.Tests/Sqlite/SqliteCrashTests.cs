using System.Diagnostics;
using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>A writer that is killed with SIGKILL: what it acknowledged is there, and the directory is free.</summary>
public sealed class SqliteCrashTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("itcrash-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Kill_InTheMiddleOfCommits_LosesNothingThatWasAcknowledged()
    {
        var acknowledged = new List<string>();
        for (var round = 1; round <= 3; round++)
        {
            acknowledged.AddRange(await RunAndKillAsync(lines: 300 * round));
        }

        await using var store = await SqliteFixture.OpenAsync(new() { DataDirectory = _directory });
        Assert.True(acknowledged.Count >= 1800);
        foreach (var task in acknowledged.Select(line => line.Split(' ')).GroupBy(parts => parts[0]))
        {
            var id = TaskId.Parse(task.Key);
            var last = task.Max(parts => long.Parse(parts[1]));
            Assert.True((await store.ReadTaskAsync(id))!.Record.Seq >= last, $"Task {id} had acknowledged {last}.");
            Assert.Equal(Enumerable.Range(1, (int)last).Select(i => (long)i), (await store.ReadEventsAsync(id)).Take((int)last).Select(e => e.Seq));
        }

        var events = await store.OnReaderAsync(c => c.QuerySingle<long>("SELECT COUNT(*) FROM task_events"));
        Assert.Equal(events, (await store.GetUsageAsync(Some.Project)).Instances);
        Assert.Equal("ok", await store.OnReaderAsync(c => c.QuerySingle<string>("PRAGMA integrity_check")));
    }

    [Fact]
    public async Task Open_WhileAnotherProcessHasTheDirectory_NamesItAndWorksOnceItIsKilled()
    {
        using var holder = Start("hold");
        Assert.Equal("open", await holder.StandardOutput.ReadLineAsync().WaitAsync(Deadline));

        var error = await Assert.ThrowsAsync<DirectoryInUseException>(() => SqliteFixture.OpenAsync(new() { DataDirectory = _directory }));
        Assert.Contains($"process {holder.Id}.", error.Message, StringComparison.Ordinal);
        await KillAsync(holder);

        await using var store = await SqliteFixture.OpenAsync(new() { DataDirectory = _directory });
    }

    private async Task<List<string>> RunAndKillAsync(int lines)
    {
        using var writer = Start("write");
        var acknowledged = new List<string>();
        while (acknowledged.Count < lines)
        {
            acknowledged.Add(await writer.StandardOutput.ReadLineAsync().WaitAsync(Deadline) ?? throw new InvalidOperationException(await writer.StandardError.ReadToEndAsync()));
        }

        await KillAsync(writer);
        // What was in the pipe when it died was acknowledged too; a line cut off by the kill was not.
        var rest = await writer.StandardOutput.ReadToEndAsync();
        acknowledged.AddRange(rest[..(rest.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return acknowledged;
    }

    private Process Start(string mode) => Process.Start(new ProcessStartInfo(Environment.ProcessPath!)
    {
        ArgumentList = { "exec", typeof(SqliteCrashTests).Assembly.Location, mode, _directory },
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task KillAsync(Process process)
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Deadline);
    }
}
