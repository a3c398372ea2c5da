using System.Diagnostics;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.Storage.Tests.Sqlite;

namespace InstanceTasks.Storage.Tests;

/// <summary>What tests start as a process of its own, to kill it; and the bench, run by hand: <c>dotnet InstanceTasks.Storage.Tests.dll bench [DIR]</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["write", var directory]:
                await WriteForEverAsync(directory);
                return 0;
            case ["hold", var directory]:
                await using (await SqliteFixture.OpenAsync(new() { DataDirectory = directory }))
                {
                    Console.WriteLine("open");
                    Console.In.ReadToEnd();
                }

                return 0;
            case ["bench", ..]:
                await BenchAsync(args.Length > 1 ? args[1] : Directory.CreateTempSubdirectory("itbench-").FullName);
                return 0;
            default:
                Console.Error.WriteLine("Use: write DIR | hold DIR | bench [DIR]");
                return 2;
        }
    }

    // Eight writers; a line is printed only after the commit was acknowledged.
    private static async Task WriteForEverAsync(string directory)
    {
        await using var store = await SqliteFixture.OpenAsync(new() { DataDirectory = directory });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var task = Some.Task();
                for (var i = 0; i < 5; i++, task = task.Next())
                {
                    if ((await store.CommitAsync(Some.Commit(task) with { Quota = [new(Some.Project, 1, 0, 0)] })).Applied)
                    {
                        Console.WriteLine($"{task.Id} {task.Seq}");
                    }
                }
            }
        })));
    }

    private static async Task BenchAsync(string directory)
    {
        Console.WriteLine($"Data in {directory}; one commit = event row + task update; 3 s each.");
        await using var store = await SqliteFixture.OpenAsync(new() { DataDirectory = directory });
        foreach (var callers in new[] { 1, 8, 64, 512 })
        {
            var (clock, transactions) = (Stopwatch.StartNew(), store.Counters.Transactions);
            var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
            {
                var (task, count) = (Some.Task(), 0);
                for (; clock.Elapsed < TimeSpan.FromSeconds(3); count++, task = task.Next())
                {
                    await store.CommitAsync(Some.Commit(task));
                }

                return count;
            })));
            var seconds = clock.Elapsed.TotalSeconds;
            Console.WriteLine($"{callers,4} callers: {counts.Sum() / seconds,8:F0} commits/s, {(store.Counters.Transactions - transactions) / seconds,6:F0} transactions/s, {callers * seconds / counts.Sum() * 1000,6:F2} ms per commit");
        }

        await BenchReadsAsync(store);
    }

    private static async Task BenchReadsAsync(SqliteStore store)
    {
        var instances = Enumerable.Range(0, 10_000).Select(i => Some.Instance($"vm-{i}") with { CreatedAt = Some.Start.AddSeconds(i) }).ToArray();
        await Task.WhenAll(instances.Select(i => store.CommitAsync(Some.Commit(i))));
        await TimeAsync("show of one server", 2000, n => store.GetServerAsync(instances[n].Id));
        await TimeAsync("page of 20 of 10 000 servers", 200, n => store.ListServersAsync(new() { Project = Some.Project, Limit = 20, Marker = instances[(n + 1) * 40].Id }));
        await TimeAsync("page of 1000 of 10 000 servers", 20, _ => store.ListServersAsync(new() { Project = Some.Project }));
        await TimeAsync("due scan", 200, _ => store.ReadDueAsync(0, 100));
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
}
