using System.Diagnostics;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.Storage.Tests.Postgres;
using InstanceTasks.Storage.Tests.Sqlite;
using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.Storage.Tests;

/// <summary>What a store alone can do, run by hand: <c>dotnet InstanceTasks.Storage.Tests.dll bench sqlite|postgres [DIR|CONNECTION]</c>.</summary>
internal static class Bench
{
    private static readonly TimeSpan Each = TimeSpan.FromSeconds(5);
    private static readonly int[] Callers = [1, 64, 512];

    public static async Task RunAsync(string store, string? where)
    {
        if (store == "sqlite")
        {
            var directory = where ?? Directory.CreateTempSubdirectory("itbench-").FullName;
            await using var sqlite = await SqliteFixture.OpenAsync(new() { DataDirectory = directory });
            await RunAsync(sqlite, () => sqlite.Counters.Transactions, directory);
            return;
        }

        using var server = where is null ? new PostgresServer() : null;
        var connection = where ?? server!.ConnectionString(await server.CreateDatabaseAsync());
        await using var postgres = await PostgresFixture.OpenAsync(PostgresFixture.NewOptions(connection));
        await RunAsync(postgres, () => postgres.Lane.Transactions, server is null ? "a given database" : "a PostgreSQL of its own, fsync on");
    }

    private static async Task RunAsync<TStore>(TStore store, Func<long> transactions, string where)
        where TStore : IJournal, IQueries
    {
        Console.WriteLine($"{typeof(TStore).Name} in {where}, {Each.TotalSeconds} s each.");
        await MeasureAsync(store, "warm-up", 64, transactions, StepAsync);
        foreach (var callers in Callers)
        {
            await MeasureAsync(store, "commits (event row + task row)", callers, transactions, StepAsync);
        }

        foreach (var callers in Callers)
        {
            await MeasureAsync(store, "five-step tasks (six commits, the instance's row at both ends)", callers, transactions, FiveStepsAsync);
        }

        await ReadsAsync(store, store);
    }

    private static async Task MeasureAsync(IJournal journal, string what, int callers, Func<long> transactions, Func<IJournal, Caller, Task> once)
    {
        var (clock, before) = (Stopwatch.StartNew(), transactions());
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => RepeatAsync(journal, once, clock))));
        var seconds = clock.Elapsed.TotalSeconds;
        var all = times.SelectMany(t => t).Order().ToArray();
        Console.WriteLine(
            $"{what}: {callers,3} callers: {all.Length / seconds,7:F0}/s, {(transactions() - before) / seconds,5:F0} transactions/s, p50 {At(all, 0.5):F2} ms, p99 {At(all, 0.99):F2} ms");
    }

    private static async Task<List<double>> RepeatAsync(IJournal journal, Func<IJournal, Caller, Task> once, Stopwatch clock)
    {
        var (caller, times) = (new Caller(), new List<double>());
        while (clock.Elapsed < Each)
        {
            var begun = Stopwatch.GetTimestamp();
            await once(journal, caller);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
        }

        return times;
    }

    private static double At(double[] sorted, double part) => sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))];

    private static async Task StepAsync(IJournal journal, Caller caller)
    {
        await CommitAsync(journal, Some.Commit(caller.Task));
        caller.Task = caller.Task.Next();
    }

    private static async Task FiveStepsAsync(IJournal journal, Caller caller)
    {
        var task = Some.Task(caller.Instance.Id);
        await CommitAsync(journal, Some.Commit(task) with { Instance = caller.NextInstance(new(task.Id, task.Kind, task.Request)) });
        for (var step = 1; step < 5; step++)
        {
            task = task.Next() with { Step = step };
            await CommitAsync(journal, Some.Commit(task));
        }

        await CommitAsync(journal, Some.Commit(task.Ended()) with { Instance = caller.NextInstance(null) });
    }

    private static async Task CommitAsync(IJournal journal, Commit commit)
    {
        if ((await journal.CommitAsync(commit)) is { Applied: false } lost)
        {
            throw new InvalidOperationException($"A commit lost without a rival: {lost.Verdict}.");
        }
    }

    private static async Task ReadsAsync(IJournal journal, IQueries queries)
    {
        var instances = Enumerable.Range(0, 10_000).Select(i => Some.Instance($"vm-{i}") with { CreatedAt = Some.Start.AddSeconds(i) }).ToArray();
        await Task.WhenAll(instances.Select(i => journal.CommitAsync(Some.Commit(i))));
        await TimeAsync("show of one server", 2000, n => queries.GetServerAsync(instances[n].Id));
        await TimeAsync("page of 20 of 10 000 servers", 200, n => queries.ListServersAsync(new() { Project = Some.Project, Limit = 20, Marker = instances[(n + 1) * 40].Id }));
        await TimeAsync("page of 1000 of 10 000 servers", 20, _ => queries.ListServersAsync(new() { Project = Some.Project }));
        await TimeAsync("due scan", 200, _ => journal.ReadDueAsync(0, 100));
    }

    private static async Task TimeAsync<T>(string what, int times, Func<int, Task<T>> run)
    {
        await run(0);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < times; i++)
        {
            await run(i);
        }

        Console.WriteLine($"{what}: {clock.Elapsed.TotalMilliseconds / times:F3} ms");
    }

    private sealed class Caller
    {
        public TaskRecord Task { get; set; } = Some.Task();

        public InstanceRecord Instance { get; private set; } = Some.Instance() with { Version = 0 };

        public InstanceWrite NextInstance(TaskRef? holder)
        {
            Instance = Instance with { Version = Instance.Version + 1, Holder = holder };
            return new(Instance, Instance.Version - 1);
        }
    }
}
