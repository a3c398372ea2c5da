using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

/// <summary>A dry run writes nothing: everything in the store is the same before and after, the event stream's counter included.</summary>
public sealed class DryRunStoreTests
{
    [Fact]
    public async Task DryRun_OfEveryCall_LeavesTheStoreAsItWas()
    {
        await using var silos = await InProcessSilos.StartAsync();
        await using var api = await InProcessApi.StartAsync(silos, silos.Silos[0]);
        var server = (await silos.CreateServerAsync(silos.Silos[0])).Value;
        var rows = new StoreDump(silos.DataDirectory);
        var before = rows.Read();

        foreach (var (method, path, body) in Calls(server, await api.Client.ReadImageAsync()))
        {
            var answer = await api.Client.SendAsync(method, path + "?dry_run=true", body, "2.37");
            Assert.True(answer.Status == HttpStatusCode.OK, answer.ToString());
            Assert.NotNull(answer.Json["dry_run"]);
        }

        Assert.Equal(before, rows.Read());
        Assert.Equal("ACTIVE", (await api.Client.GetServerAsync(server))["status"]!.GetValue<string>());
    }

    private static IEnumerable<(HttpMethod Method, string Path, JsonNode? Body)> Calls(Guid server, string image)
    {
        yield return (HttpMethod.Post, "/v2.1/servers", ApiClient.CreateBody("dry", "1", image));
        yield return (HttpMethod.Post, $"/v2.1/servers/{server}/action", new JsonObject { ["os-stop"] = null });
        yield return (HttpMethod.Post, $"/v2.1/servers/{server}/action", new JsonObject { ["os-start"] = null });
        yield return (HttpMethod.Post, $"/v2.1/servers/{server}/action", new JsonObject { ["lock"] = null });
        yield return (HttpMethod.Post, $"/v2.1/servers/{server}/tasks", new JsonObject { ["task"] = new JsonObject { ["kind"] = "hard-reboot" } });
        yield return (HttpMethod.Post, $"/v2.1/servers/{server}/metadata", new JsonObject { ["metadata"] = new JsonObject { ["a"] = "b" } });
        yield return (HttpMethod.Put, $"/v2.1/servers/{server}", new JsonObject { ["server"] = new JsonObject { ["name"] = "other" } });
        yield return (HttpMethod.Delete, $"/v2.1/servers/{server}", null);
    }

    /// <summary>Every row of every table that requests write to; the leases are renewed by themselves.</summary>
    private sealed class StoreDump(string directory) : SqliteReader(directory, "tasks")
    {
        public IReadOnlyList<string> Read()
        {
            var tables = Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('silos') ORDER BY name", r => r.GetString(0));
            return [.. tables.SelectMany(t => Query($"SELECT * FROM \"{t}\"", r => $"{t}: " + string.Join('|', Enumerable.Range(0, r.FieldCount).Select(i => r.GetValue(i)))).Order(StringComparer.Ordinal))];
        }
    }
}
