using System.Reflection;

namespace InstanceTasks.Bench.Tasks;

/// <summary>Tasks of steps that do nothing, through grains, workers and journal: what the engine itself costs.</summary>
internal static class TasksBench
{
    public static async Task RunAsync(string storeName, string? connection, int steps, int concurrency, int count)
    {
        BenchKind.Register(steps);
        using var store = await BenchStore.OpenAsync(storeName, connection);
        await using var silo = await BenchSilo.StartAsync(store);
        var instances = await silo.AddInstancesAsync(concurrency);
        // As many again before, uncounted: a silo runs for days, and the compiler needs some ten thousand tasks until it is done with the code.
        await Measured.RunAsync(concurrency, Math.Max(concurrency, count), caller => silo.RunTaskAsync(instances[caller]));
        var measured = await Measured.RunAsync(concurrency, count, caller => silo.RunTaskAsync(instances[caller]));
        Console.WriteLine(measured.ToJson(
            ("tasks_per_s", Math.Round(measured.PerSecond, 1)),
            ("steps_per_s", Math.Round(measured.PerSecond * steps, 1)),
            // Accept, a checkpoint after each step but the last, whose end is the task's.
            ("commits_per_s", Math.Round(measured.PerSecond * (steps + 1), 1)),
            ("orleans", OrleansBuild.Name),
            ("store", store.Name),
            ("steps", steps),
            ("concurrency", concurrency)));
    }
}

/// <summary>Which Orleans this was built with.</summary>
internal static class OrleansBuild
{
    public static string Name { get; } = Describe(typeof(Grain).Assembly);

    private static string Describe(Assembly orleans) => orleans.GetName().Name!.Contains("Polyfill", StringComparison.Ordinal)
        ? "polyfill"
        : $"package {orleans.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+', '-', ' ')[0].TrimEnd('.')}";
}
