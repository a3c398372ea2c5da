using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Compatibility;

/// <summary>
/// Every action on a server in every vm_state, really asked for: a hold keeps what is accepted from beginning, and it is canceled before the next, so that each finds the
/// server as it was.
/// </summary>
public sealed class ActionStateTests : IAsyncLifetime, IDisposable
{
    private static readonly (string Name, string Body, string Version)[] Actions =
    [
        ("os-start", "null", "2.1"), ("os-stop", "null", "2.1"), ("reboot SOFT", """{"type": "SOFT"}""", "2.1"), ("pause", "null", "2.1"),
        ("unpause", "null", "2.1"), ("suspend", "null", "2.1"), ("resume", "null", "2.1"), ("rescue", "null", "2.1"), ("unrescue", "null", "2.1"),
        ("rebuild", """{"imageRef": "$image"}""", "2.1"), ("resize", """{"flavorRef": "2"}""", "2.1"), ("revertResize", "null", "2.1"),
        ("createImage", """{"name": "snap"}""", "2.45"), ("shelve", "null", "2.1"), ("shelveOffload", "null", "2.1"), ("unshelve", "null", "2.1"),
        ("lock", "null", "2.1"), ("unlock", "null", "2.1"), ("changePassword", """{"adminPass": "sesame"}""", "2.1"), ("confirmResize", "null", "2.1"), ("reboot HARD", """{"type": "HARD"}""", "2.1"),
    ];

    // Their only step cannot be taken back, so that they cannot be canceled: the next action is asked of another server.
    private static readonly string[] Lasting = ["changePassword", "confirmResize", "reboot HARD"];

    // How a server comes there from ACTIVE.
    private static readonly (string State, string[] Way)[] States =
    [
        ("active", []), ("stopped", ["os-stop"]), ("paused", ["pause"]), ("suspended", ["suspend"]), ("rescued", ["rescue"]), ("resized", ["resize"]), ("shelved", ["shelve"]),
        ("shelved_offloaded", ["shelve", "shelveOffload"]), ("error", []),
    ];

    private readonly TempDirectory _data = new("states");
    private readonly Dictionary<string, Guid> _others = [];
    private readonly HashSet<Guid> _busy = [];
    private SiloProcess _silo = null!;
    private string _image = "";

    private ApiClient Api => _silo.Api;

    public async Task InitializeAsync()
    {
        _silo = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path, Environment = new Dictionary<string, string?> { ["INSTANCETASKS_Api__OffloadShelved"] = "false" } });
        _image = await Api.ReadImageAsync();
    }

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task EveryAction_InEveryVmState_IsAnsweredAsThePageSays()
    {
        var servers = new List<(string State, Guid Server)>();
        foreach (var (state, way) in States)
        {
            servers.Add((state, await BringAsync(state, way)));
        }

        foreach (var state in new[] { "active", "resized" })
        {
            _others[state] = await BringAsync(state, States.Single(s => s.State == state).Way);
        }

        await HoldAsync(servers[0].Server);
        servers.Insert(0, ("building", Guid.Parse((await Api.CreateServerAsync("building", "1", _image)).Expect(HttpStatusCode.Accepted).Json["server"]!["id"]!.GetValue<string>())));
        var rows = new List<string>();
        foreach (var action in Actions)
        {
            var codes = new List<string>();
            foreach (var (state, server) in servers)
            {
                var asked = _busy.Contains(server) ? _others[state] : server;
                codes.Add(await AskAsync(asked, action.Name, action.Body, action.Version, state));
            }

            rows.Add($"| `{action.Name}` | {string.Join(" | ", codes)} |");
        }

        CompatibilityPage.Part("states", [$"| action | {string.Join(" | ", servers.Select(s => s.State))} |", $"| --- |{string.Concat(servers.Select(_ => " --- |"))}", .. rows]);
    }

    private async Task<Guid> BringAsync(string state, string[] way)
    {
        var server = await Api.CreateAndWaitAsync(state);
        foreach (var step in way)
        {
            await Api.SucceedAsync(await Api.ActionAsync(server, BodyOf(step, Actions.Single(a => a.Name == step).Body)));
        }

        if (state == "error")
        {
            await Api.SucceedAsync(await Api.ActionAsync(server, BodyOf("os-resetState", """{"state": "error"}""")));
        }

        Assert.Equal(state, (await Api.GetServerAsync(server))["OS-EXT-STS:vm_state"]!.GetValue<string>());
        return server;
    }

    private async Task HoldAsync(Guid probe)
    {
        (await Api.SendAsync(HttpMethod.Post, "/v2.1/tasks/holds", JsonNode.Parse("""{"hold": {"project_id": "demo-project", "reason": "to look"}}"""))).Expect(HttpStatusCode.Created);
        await Eventually.TrueAsync(
            async () =>
            {
                var task = (await Api.ActionAsync(probe, BodyOf("createImage", """{"name": "probe"}"""))).Expect(HttpStatusCode.Accepted).Task!.Value;
                return await CancelAsync(task) == "canceled";
            },
            TimeSpan.FromSeconds(60),
            "the hold holds");
    }

    private async Task<string> AskAsync(Guid server, string name, string body, string version, string state)
    {
        var answer = await Api.ActionAsync(server, BodyOf(name, body), version);
        Assert.True((int)answer.Status < 500, answer.ToString());
        if (answer.IsSuccess && Lasting.Contains(name))
        {
            _busy.Add(server);
        }
        else if (answer is { IsSuccess: true, Task: { } task })
        {
            Assert.Contains(await CancelAsync(task), new[] { "canceled", "succeeded" });
        }

        Assert.Equal(state, (await Api.GetServerAsync(server))["OS-EXT-STS:vm_state"]!.GetValue<string>());
        return ((int)answer.Status).ToString();
    }

    // Not before it is held: a cancel that overtakes the task's own first turn must take it that a step has begun, and what undoes it is held, too.
    private async Task<string> CancelAsync(Guid task)
    {
        await Eventually.TrueAsync(async () => (await Api.GetTaskAsync(task))["state"]!.GetValue<string>() is "waiting" or "succeeded", TimeSpan.FromSeconds(30), "the task ends or is held");
        await Api.SendAsync(HttpMethod.Post, $"/v2.1/tasks/{task}/action", new JsonObject { ["cancel"] = null });
        return (await Api.WaitForTaskAsync(task))["state"]!.GetValue<string>();
    }

    private JsonObject BodyOf(string name, string body) => new() { [name.Split(' ')[0]] = JsonNode.Parse(body.Replace("$image", _image, StringComparison.Ordinal)) };
}
