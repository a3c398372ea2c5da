using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.Client;
using InstanceTasks.TestKit;
using Xunit.Abstractions;
using Command = InstanceTasks.Client.TaskCommand;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The whole life of a task, over HTTP and over a kill of the silo. What was asked and seen is written to the test's output.</summary>
public sealed class TaskLifeTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _data = new("life");
    private SiloProcess _silo = null!;

    private ApiClient Api => _silo.Api;

    public async Task InitializeAsync() => _silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    public void Dispose() => _data.Dispose();

    /// <summary>A step of five minutes is paused, its silo is killed, the task goes on elsewhere, is canceled and undone: nothing is left.</summary>
    [Fact]
    public async Task FiveMinuteStep_PausedKilledResumedCanceled_IsUndone()
    {
        new WorldControl(_data.Path).SetLatency(Verb.PrepareDisk, TimeSpan.FromMinutes(5));
        var created = (await Api.CreateServerAsync("long", "1", await Api.ReadImageAsync())).Expect(HttpStatusCode.Accepted);
        var (task, server) = (created.Task!.Value, Guid.Parse(created.Json["server"]!["id"]!.GetValue<string>()));
        Tell("POST /servers", created.Status);
        await SeenAsync(task, t => Is(t, "running", "prepare-disk"));

        await CommandAsync(task, Command.Pause);
        await SeenAsync(task, t => Is(t, "pausing", "prepare-disk"));
        await _silo.KillAsync();
        Tell("kill -9", "the silo");
        _silo = await _silo.RestartAsync();
        // The worker is gone: that is the safe point.
        await SeenAsync(task, t => Is(t, "paused", "prepare-disk"));

        await CommandAsync(task, Command.Resume);
        await SeenAsync(task, t => Is(t, "running", "prepare-disk"));
        await CommandAsync(task, Command.Cancel);
        var ended = await Api.WaitForTaskAsync(task, Patience);
        Show(ended);

        Assert.Equal("canceled", Text(ended, "state"));
        Assert.Equal(["pause", "resume", "cancel"], ended["commands"]!.AsArray().Select(c => Text(c!, "command")));
        Assert.Equal("ERROR", (await Api.GetServerAsync(server))["status"]!.GetValue<string>());
        var events = (await Api.GetAsync($"/v2.1/servers/{server}/os-instance-actions/{created.RequestId}", "2.84"))["instanceAction"]!["events"]!.AsArray();
        Tell("events of the instance action", string.Join(", ", events.Select(e => $"{Text(e!, "event")} {e!["result"]}")));
        Assert.NotEmpty(events);
        WorldAudit.Compare(_data.Path).ThrowIfAny();
        await Api.SucceedAsync((await Api.DeleteServerAsync(server)).Expect(HttpStatusCode.NoContent));
        WorldAudit.Compare(_data.Path).ThrowIfAny();
    }

    /// <summary>500 servers by one task, three hosts that refuse at random, canceled half way: no machine, claim or quota is left.</summary>
    [Fact]
    public async Task FiveHundredServers_OfOneTask_CanceledHalfWay_LeaveNothing()
    {
        var world = new WorldControl(_data.Path);
        using var stop = new CancellationTokenSource();
        var faults = RefuseAtRandomAsync(world, Environment.TickCount, stop.Token);
        var body = ApiClient.CreateBody("many", "1", await Api.ReadImageAsync());
        (body["server"]!["min_count"], body["server"]!["max_count"], body["server"]!["user_data"]) = (500, 500, "ZGF0YQ==");
        var created = (await Api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, "2.37")).Expect(HttpStatusCode.Accepted);
        var parent = created.Task!.Value;
        Tell("POST /servers, 500 at once", created.Status);

        await SeenAsync(parent, t => t["progress"]!["succeeded"]!.GetValue<int>() >= 250);
        var newest = Assert.Single((await Api.GetAsync("/v2.1/servers/detail?limit=1", "2.3"))["servers"]!.AsArray())!;
        Assert.Equal("ZGF0YQ==", Text(newest, "OS-EXT-SRV-ATTR:user_data"));
        await CommandAsync(parent, Command.Cancel);
        var ended = await Api.WaitForTaskAsync(parent, TimeSpan.FromMinutes(4));
        await stop.CancelAsync();
        Show(ended);
        var fired = (await faults).Sum(world.Fired);
        Tell("refused by hosts", fired);

        Assert.Equal("canceled", Text(ended, "state"));
        Assert.True(fired > 0, "no host refused anything");
        Assert.Empty((await Api.GetAsync("/v2.1/servers"))["servers"]!.AsArray());
        Assert.Equal(0, (await Api.GetAsync("/v2.1/limits"))["limits"]!["absolute"]!["totalInstancesUsed"]!.GetValue<int>());
        WorldAudit.Compare(_data.Path).ThrowIfAny();
    }

    private static async Task<List<long>> RefuseAtRandomAsync(WorldControl world, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        Verb[] verbs = [Verb.PrepareDisk, Verb.Define, Verb.Start];
        var faults = new List<long>();
        await Eventually.TrueAsync(StrikeNowAndThen, TimeSpan.FromMinutes(10), "the hosts need not refuse any more");
        return faults;

        bool StrikeNowAndThen()
        {
            if (random.Next(10) == 0)
            {
                faults.Add(world.FailOnce(verbs[random.Next(verbs.Length)], $"sim-{1 + random.Next(3)}", "refused at random"));
            }

            return stop.IsCancellationRequested;
        }
    }

    private async Task CommandAsync(Guid task, Command command)
    {
        using var client = new ComputeClient(new Uri(_silo.Setup.Url, "/v2.1"));
        Tell($"POST /tasks/…/action {command}", $"accepted: {(await client.Tasks.CommandAsync(task, command)).Effect}");
    }

    private async Task SeenAsync(Guid task, Func<JsonNode, bool> seen)
    {
        JsonNode? last = null;
        await Eventually.TrueAsync(async () => seen(last = await Api.GetTaskAsync(task)), TimeSpan.FromMinutes(2), "the task is seen as it must be", () => $"{last}");
        Show(last!);
    }

    private void Show(JsonNode task)
    {
        var steps = string.Join(", ", task["steps"]!.AsArray().Select(s => $"{Text(s!, "name")} {Text(s!, "direction")} {Text(s!, "state")}"));
        Tell("GET /tasks/…", $"{Text(task, "state")}; {steps}{(task["progress"] is { } p ? $"; {p["succeeded"]} succeeded, {p["failed"]} failed, {p["canceled"]} canceled, {p["running"]} running" : "")}");
    }

    private static bool Is(JsonNode task, string state, string step) => Text(task, "state") == state && task["step"]?.GetValue<string>() == step;

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    private void Tell(string what, object? seen) => output.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}: {seen}");
}
