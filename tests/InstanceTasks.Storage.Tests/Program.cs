using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.Storage.Tests.Postgres;
using InstanceTasks.Storage.Tests.Retention;
using InstanceTasks.Storage.Tests.Sqlite;

namespace InstanceTasks.Storage.Tests;

/// <summary>What tests start as a process of its own, to kill it; and the bench, run by hand.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["write", var directory]:
                await using (var store = await SqliteFixture.OpenAsync(new() { DataDirectory = directory }))
                {
                    await WriteForEverAsync(store);
                }

                return 0;
            case ["write-postgres", var connection, var key]:
                await using (var store = await PostgresFixture.OpenAsync(new() { ConnectionString = connection, SecretKeyFile = key }))
                {
                    await WriteForEverAsync(store);
                }

                return 0;
            case ["hold", var directory]:
                await using (await SqliteFixture.OpenAsync(new() { DataDirectory = directory }))
                {
                    Console.WriteLine("open");
                    Console.In.ReadToEnd();
                }

                return 0;
            case ["bench", "sqlite" or "postgres", ..]:
                await Bench.RunAsync(args[1], args.Length > 2 ? args[2] : null);
                return 0;
            case ["bench-retention", "sqlite" or "postgres"]:
                await RetentionBench.RunAsync(args[1]);
                return 0;
            default:
                Console.Error.WriteLine("Use: write DIR | write-postgres CONNECTION KEY | hold DIR | bench sqlite [DIR] | bench postgres [CONNECTION] | bench-retention sqlite|postgres");
                return 2;
        }
    }

    // Eight writers; a line is printed only after the commit was acknowledged.
    private static async Task WriteForEverAsync(IJournal store) =>
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
