using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The bench runs and says what it promises to say. How fast it was is nobody's business here.</summary>
[Collection(AloneCollection.Name)]
public sealed class BenchTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    [Fact]
    public Task Bench_TasksOnSqlite_PrintsItsLine() => TasksAsync("sqlite");

    [PostgresFact]
    public Task Bench_TasksOnPostgres_PrintsItsLine() => TasksAsync("postgres");

    [Fact]
    public Task Bench_LimitOnSqlite_PrintsItsLine() => LimitAsync("sqlite");

    [PostgresFact]
    public Task Bench_LimitOnPostgres_PrintsItsLine() => LimitAsync("postgres");

    [Fact]
    public async Task Bench_Http_PrintsALineForEachThing()
    {
        var lines = await RunAsync("http", "--store", "sqlite", "--concurrency", "4", "--count", "20");

        Assert.Equal(["reboot to its end", "POST to 202", "POST to 202", "GET /servers/detail?limit=100"], lines.Select(l => (string)l["what"]!));
        Assert.All(lines, line => Assert.True((double)line["p50_ms"]! > 0, line.ToJsonString()));
    }

    private static async Task TasksAsync(string store)
    {
        var line = Assert.Single(await RunAsync("tasks", "--store", store, "--steps", "5", "--concurrency", "4", "--count", "20"));

        AssertPositive(line, "tasks_per_s", "steps_per_s", "commits_per_s", "p50_ms", "p99_ms");
        Assert.Equal((store, 5, 4, 20), ((string)line["store"]!, (int)line["steps"]!, (int)line["concurrency"]!, (int)line["count"]!));
        Assert.Matches(@"^(package 10\.\d+\.\d+|polyfill)$", (string)line["orleans"]!);
    }

    private static async Task LimitAsync(string store)
    {
        var line = Assert.Single(await RunAsync("limit", "--store", store, "--concurrency", "4", "--count", "20"));

        AssertPositive(line, "tasks_per_s", "commits_per_s", "p50_ms", "p99_ms");
        Assert.Equal(store, (string)line["store"]!);
    }

    private static void AssertPositive(JsonObject line, params IEnumerable<string> names) =>
        Assert.All(names, name => Assert.True((double)line[name]! > 0, $"{name} in {line.ToJsonString()}"));

    private static async Task<List<JsonObject>> RunAsync(params string[] arguments)
    {
        var bench = RepoRoot.SiloAssembly.Replace(Path.Combine("src", "InstanceTasks.Silo"), Path.Combine("tests", "InstanceTasks.Bench"), StringComparison.Ordinal)
            .Replace("instancetasks-silo.dll", "InstanceTasks.Bench.dll", StringComparison.Ordinal);
        using var process = ChildProcess.Start("dotnet", ["exec", bench, .. arguments], workingDirectory: RepoRoot.Path);
        var code = await process.WaitForExitAsync(Deadline);
        Assert.True(code == 0, $"ended with {code}: {process.Output}");
        return [.. process.StandardOutput.Split('\n').Where(l => l.StartsWith('{')).Select(l => JsonNode.Parse(l)!.AsObject())];
    }
}
