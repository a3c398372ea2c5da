using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>A frontend beside one silo: the whole API there, the silo's death and return, and a stop that load balancers see coming.</summary>
[Collection(AloneCollection.Name)]
public sealed class FrontendTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(3);

    private readonly TempDirectory _data = new("frontend");

    public void Dispose() => _data.Dispose();

    [PostgresFact]
    public async Task Frontend_ServesAll_OutlivesItsSilo_AndStopsAfterItsDrain()
    {
        using var postgres = new PostgresData();
        var shared = new Dictionary<string, string?>(await postgres.UseForAsync(_data.Path))
        {
            ["INSTANCETASKS_Cluster__Id"] = "frontend-test",
            ["INSTANCETASKS_Api__AskAgainFor"] = "00:00:02",
            ["INSTANCETASKS_Cluster__CallTimeout"] = "00:00:03",
        };
        var forFrontend = new Dictionary<string, string?>(shared) { ["INSTANCETASKS_Role"] = "frontend", ["INSTANCETASKS_Stop__DrainTime"] = $"{Drain}" };
        shared["INSTANCETASKS_Cluster__GatewayPort"] = $"{FreePort.Next()}";
        var silo = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path, Environment = shared });
        await using var frontend = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path, Environment = forFrontend });
        try
        {
            var api = frontend.Api;
            var server = await api.CreateAndWaitAsync("one");
            await SameKeyAsync(api);
            await StreamAsync(frontend, server);

            await silo.KillAsync();
            await WithoutSiloAsync(api, server);

            silo = await silo.RestartAsync();
            await Eventually.TrueAsync(async () => (await api.ActionAsync(server, Stop)).IsSuccess, TimeSpan.FromSeconds(60), "the frontend finds the silo again", () => frontend.Output);
            await StopAsync(frontend);
        }
        finally
        {
            output.WriteLine(frontend.Output);
            await silo.DisposeAsync();
        }
    }

    private static JsonObject Stop => new() { ["os-stop"] = null };

    private static async Task SameKeyAsync(ApiClient api)
    {
        var body = ApiClient.CreateBody("keyed", "1", await api.ReadImageAsync());
        var key = new Dictionary<string, string> { ["Idempotency-Key"] = "k1" };
        var first = await api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, "2.37", key);
        var again = await api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, "2.37", key);
        Assert.Equal((HttpStatusCode.Accepted, first.Task), (again.Status, again.Task));
        await api.SucceedAsync(first);
    }

    /// <summary>What a silo does comes in the frontend's stream.</summary>
    private static async Task StreamAsync(SiloProcess frontend, Guid server)
    {
        using var http = new HttpClient { BaseAddress = frontend.Setup.Url, Timeout = TimeSpan.FromSeconds(30) };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2.1/tasks/events") { Headers = { { "Accept", "text/event-stream" } } };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var reboot = await frontend.Api.ActionAsync(server, new JsonObject { ["reboot"] = new JsonObject { ["type"] = "HARD" } });
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Contains($"{reboot.Task}", StringComparison.Ordinal))
            {
                await frontend.Api.SucceedAsync(reboot);
                return;
            }
        }

        Assert.Fail("The stream ended without the reboot.");
    }

    private static async Task WithoutSiloAsync(ApiClient api, Guid server)
    {
        Assert.Equal(HttpStatusCode.OK, await api.StatusAsync("/health/ready"));
        Assert.Equal("ACTIVE", (string?)(await api.GetServerAsync(server))["status"]);

        var refused = await api.ActionAsync(server, Stop);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Equal("5", refused.Headers["retry-after"]);
        Assert.NotNull(refused.Json["serviceUnavailable"]);
        // Not now and not later: a tombstone has its id.
        Assert.Empty((await api.GetAsync($"/v2.1/tasks?server_id={server}&kind=stop"))["tasks"]!.AsArray());
    }

    private static async Task StopAsync(SiloProcess frontend)
    {
        var api = frontend.Api;
        var held = (await api.CreateServerAsync("held", "1", await api.ReadImageAsync())).Task!.Value;
        Assert.Equal(HttpStatusCode.OK, await api.StatusAsync("/health/ready"));
        var stopped = frontend.StopAsync();
        await Eventually.TrueAsync(async () => await api.StatusAsync("/health/ready") == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(2), "it says that it is not ready");
        Assert.Equal(HttpStatusCode.OK, await api.StatusAsync("/health/live"));
        Assert.Equal("succeeded", (string?)(await api.WaitForTaskAsync(held))["state"]);
        Assert.False(stopped.IsCompleted, "it serves until the drain time is over");
        Assert.Equal(0, await stopped);
    }
}
