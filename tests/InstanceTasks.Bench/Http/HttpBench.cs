using InstanceTasks.TestKit;

namespace InstanceTasks.Bench.Http;

/// <summary>The silo as a process of its own, driven over HTTP, with machines that take no time.</summary>
internal static class HttpBench
{
    public static async Task RunAsync(string storeName, string? connection, int concurrency, int count)
    {
        using var store = await BenchStore.OpenAsync(storeName, connection);
        var environment = new Dictionary<string, string?> { ["INSTANCETASKS_Hypervisor__DefaultLatency"] = "00:00:00", ["INSTANCETASKS_Workers__PerHost"] = "256" };
        if (store.Connection is { } database)
        {
            (environment["INSTANCETASKS_Storage__Provider"], environment["INSTANCETASKS_Storage__ConnectionString"]) = ("postgres", database);
        }

        var setup = new SiloSetup { DataDirectory = store.DataDirectory, ConfigFile = Path.Combine(RepoRoot.Path, "silo-config", "single.json"), Environment = environment };
        await using var silo = await SiloProcess.StartAsync(setup);
        using var load = new HttpLoad(setup.Url);
        await load.CreateAsync("warm-up: create to ACTIVE", store.Name, concurrency, concurrency);
        await load.RebootAsync("warm-up: reboot to its end", store.Name, concurrency, Math.Min(count, 1000));
        Console.WriteLine(await load.RebootAsync("reboot to its end", store.Name, concurrency, count));
        Console.WriteLine(await load.AcceptAsync("POST to 202", store.Name, 1, Math.Min(count, 300)));
        Console.WriteLine(await load.AcceptAsync("POST to 202", store.Name, concurrency, count));
        Console.WriteLine(await load.ListAsync("GET /servers/detail?limit=100", store.Name, concurrency, Math.Min(count, 500)));
        await silo.StopAsync();
    }
}
