namespace InstanceTasks.Bench.Limits;

/// <summary>The same rows without us: the most that this database on this machine does for tasks of so many steps.</summary>
internal static class LimitBench
{
    public static async Task RunAsync(string storeName, string? connection, int steps, int concurrency, int count)
    {
        using var store = await BenchStore.OpenAsync(storeName, connection);
        await using IBareLane lane = store.Connection is { } database
            ? await PostgresBareLane.OpenAsync(database, store.DataDirectory)
            : await SqliteBareLane.OpenAsync(store.DataDirectory);
        var callers = await Task.WhenAll(Enumerable.Range(0, concurrency).Select(_ => BareCaller.StartAsync(lane, steps)));
        await Measured.RunAsync(concurrency, Math.Max(concurrency, count), caller => callers[caller].RunTaskAsync());
        var measured = await Measured.RunAsync(concurrency, count, caller => callers[caller].RunTaskAsync());
        Console.WriteLine(measured.ToJson(
            ("limit", "the same rows without us"),
            ("tasks_per_s", Math.Round(measured.PerSecond, 1)),
            ("commits_per_s", Math.Round(measured.PerSecond * (steps + 1), 1)),
            ("store", store.Name),
            ("steps", steps),
            ("concurrency", concurrency)));
    }

    private sealed class BareCaller(IBareLane lane, int steps, string instance)
    {
        private long _version = 1;

        public static async Task<BareCaller> StartAsync(IBareLane lane, int steps)
        {
            var instance = Guid.NewGuid().ToString();
            await lane.AddInstanceAsync(instance);
            return new(lane, steps, instance);
        }

        public async Task RunTaskAsync()
        {
            var task = Guid.NewGuid().ToString();
            await lane.CommitAsync(new(task, 1, Ended: false, instance, _version++));
            for (var step = 1; step < steps; step++)
            {
                await lane.CommitAsync(new(task, step + 1, Ended: false, instance, null));
            }

            await lane.CommitAsync(new(task, steps + 1, Ended: true, instance, _version++));
        }
    }
}
