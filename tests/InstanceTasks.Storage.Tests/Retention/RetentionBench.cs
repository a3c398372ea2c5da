using System.Diagnostics;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.Storage.Tests.Postgres;
using InstanceTasks.Storage.Tests.Sqlite;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Storage.Tests.Retention;

/// <summary>A store of 100 000 tasks is purged while commits go on; run by hand: <c>dotnet InstanceTasks.Storage.Tests.dll bench-retention sqlite|postgres</c>.</summary>
internal static class RetentionBench
{
    private const int Servers = 20_000;
    private const int TasksOfEach = 5;
    private const int Callers = 8;
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(string which)
    {
        await using StoreFixture store = which == "sqlite" ? await SqliteFixture.CreateAsync() : await PostgresFixture.CreateAsync();
        using var archive = new TempDirectory("archive");
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(Enumerable.Range(0, Servers), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (n, _) => await AddAsync(store.Journal, n));
        Console.WriteLine($"{which}: {Servers} deleted servers with {Servers * TasksOfEach} tasks, written in {clock.Elapsed.TotalSeconds:F0} s.");
        await store.MoveClockAsync(TimeSpan.FromDays(91));

        using (var quiet = new CancellationTokenSource(Before, TimeProvider.System))
        {
            Report("commits without a purge", await CommitAsync(store.Journal, quiet.Token), Before);
        }

        clock.Restart();
        Console.WriteLine($"counted {await store.Retention.CountRipeAsync(TimeSpan.FromDays(90))} in {clock.ElapsedMilliseconds} ms");
        await PurgeAsync(store, archive.Path);
    }

    private static async Task PurgeAsync(StoreFixture store, string archive)
    {
        var options = new RetentionOptions();
        var actor = new RetentionActor(store.Retention, new FileArchive(archive, () => 1, TimeProvider.System), options, TimeProvider.System, NullLogger<RetentionActor>.Instance);
        using var end = new CancellationTokenSource();
        var (clock, steps) = (Stopwatch.StartNew(), new List<double>());
        var committing = Task.Run(() => CommitAsync(store.Journal, end.Token));
        while (true)
        {
            var begun = Stopwatch.GetTimestamp();
            if (await actor.StepAsync() != RetentionStep.More)
            {
                break;
            }

            steps.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await Task.Delay(options.Pause, TimeProvider.System);
        }

        var taken = clock.Elapsed;
        await end.CancelAsync();
        Report("commits during the purge", await committing, taken);
        Report("batches of the purge", steps, taken);
        var state = await store.Retention.ReadRetentionAsync();
        Console.WriteLine($"purged {state.Tasks} tasks and {state.Servers} servers in {taken.TotalSeconds:F0} s ({state.Tasks / taken.TotalSeconds:F0} tasks/s, pauses of {options.Pause.TotalMilliseconds} ms included); the archive has {Directory.GetFiles(archive).Length} files, {Directory.GetFiles(archive).Sum(f => new FileInfo(f).Length) / 1024} KiB");
    }

    private static async Task AddAsync(IJournal journal, int n)
    {
        var server = Some.Instance($"vm-{n}") with { VmState = VmState.Deleted, TerminatedAt = Some.Start.AddSeconds(n) };
        var tasks = Enumerable.Range(0, TasksOfEach).Select(_ => Some.Task(server.Id) with { Run = TaskRun.Ended, Outcome = TaskOutcome.Succeeded, FinishedAt = Some.Start });
        var commit = new Commit { Name = "accept", Kind = new("stop"), Tasks = [.. tasks.Select(t => Some.Write(t))], Instance = new(server, 0) };
        if (!(await journal.CommitAsync(commit)).Applied)
        {
            throw new InvalidOperationException("A new server was not applied.");
        }
    }

    private static async Task<List<double>> CommitAsync(IJournal journal, CancellationToken end) => [.. (await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
    {
        var times = new List<double>();
        while (!end.IsCancellationRequested)
        {
            var begun = Stopwatch.GetTimestamp();
            await journal.CommitAsync(Some.Commit(Some.Task()));
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return times;
    })))).SelectMany(t => t)];

    private static void Report(string what, List<double> times, TimeSpan span)
    {
        var sorted = times.Order().ToArray();
        Console.WriteLine($"{what}: {sorted.Length} ({sorted.Length / span.TotalSeconds:F0}/s), p50 {At(sorted, 0.5):F1} ms, p99 {At(sorted, 0.99):F1} ms, longest {sorted[^1]:F1} ms");
    }

    private static double At(double[] sorted, double part) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];
}
