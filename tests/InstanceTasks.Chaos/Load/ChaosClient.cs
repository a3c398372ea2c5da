using System.Diagnostics;
using System.Text.Json.Nodes;
using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Load;

/// <summary>A user with a few servers: makes them, changes them as their state allows, cancels, asks for two things at once, deletes them.</summary>
internal sealed class ChaosClient(int number, ChaosCluster cluster, Recorder recorder, string image, int seed)
{
    private const int Most = 3;
    private const int NotFound = 404;
    private const int PatienceForTasks = 90;
    private const int Rivals = 1000;

    private readonly Random _random = new(seed);
    private readonly Caller _caller = new(number, cluster, recorder, new(seed + 1));
    private readonly Caller _rival = new(number + Rivals, cluster, recorder, new(seed + 2));
    private readonly List<Guid> _servers = [];
    private int _made;

    // What a user does with a server in a state.
    private static readonly Dictionary<string, (string Kind, string Body)[]> Choices = new()
    {
        ["ACTIVE"] =
        [
            ("stop", """{"os-stop":null}"""), ("reboot", """{"reboot":{"type":"SOFT"}}"""), ("hard-reboot", """{"reboot":{"type":"HARD"}}"""), ("resize", """{"resize":{"flavorRef":"2"}}"""),
            ("pause", """{"pause":null}"""), ("suspend", """{"suspend":null}"""),
        ],
        ["SHUTOFF"] = [("start", """{"os-start":null}"""), ("hard-reboot", """{"reboot":{"type":"HARD"}}"""), ("resize", """{"resize":{"flavorRef":"2"}}""")],
        ["PAUSED"] = [("unpause", """{"unpause":null}""")],
        ["SUSPENDED"] = [("resume", """{"resume":null}""")],
        ["VERIFY_RESIZE"] = [("confirm-resize", """{"confirmResize":null}"""), ("revert-resize", """{"revertResize":null}""")],
        ["ERROR"] = [("hard-reboot", """{"reboot":{"type":"HARD"}}""")],
    };

    /// <summary>Goes on until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await (_servers.Count == 0 || (_servers.Count < Most && _random.Next(4) == 0) ? CreateAsync(stop) : UseAsync(_servers[_random.Next(_servers.Count)], stop));
            }
        }
        catch (Exception e)
        {
            recorder.Surprise($"client {number} gave up: {e}");
        }
    }

    private async Task CreateAsync(CancellationToken stop)
    {
        var name = $"chaos-{number}-{_made++}";
        var body = new JsonObject { ["server"] = new JsonObject { ["name"] = name, ["flavorRef"] = "1", ["imageRef"] = image, ["networks"] = "none" } };
        var (call, _) = await _caller.SendUntilKnownAsync(Caller.Read("create") with { Key = Guid.NewGuid().ToString(), Name = name }, HttpMethod.Post, "/v2.1/servers", body, stop);
        if (call is { Accepted: true, Server: { } server })
        {
            _servers.Add(server);
            await AfterAsync(call, stop);
        }
    }

    private async Task UseAsync(Guid server, CancellationToken stop)
    {
        var (look, status) = await _caller.ReadServerAsync(server);
        if (look.Status == NotFound)
        {
            _servers.Remove(server);
            return;
        }

        if (_random.Next(8) == 0)
        {
            await DeleteAsync(server, stop);
        }
        else if (status is not null && Choices.TryGetValue(status, out var choices))
        {
            await ActAsync(server, choices, stop);
        }
    }

    private async Task ActAsync(Guid server, (string Kind, string Body)[] choices, CancellationToken stop)
    {
        var first = SendAsync(_caller, server, choices[_random.Next(choices.Length)], stop);
        // Now and then two ask for different things at the same moment.
        var second = _random.Next(5) == 0 ? SendAsync(_rival, server, choices[_random.Next(choices.Length)], stop) : null;
        await AfterAsync(await first, stop);
        if (second is not null && await second is { Accepted: true, Task: { } task } other)
        {
            await FollowAsync(_rival, task, other, stop);
        }
    }

    private async Task DeleteAsync(Guid server, CancellationToken stop)
    {
        var (call, _) = await _caller.SendUntilKnownAsync(Caller.Read("delete") with { Server = server, Key = Guid.NewGuid().ToString() }, HttpMethod.Delete, $"/v2.1/servers/{server}", null, stop);
        if (call.Accepted)
        {
            await AfterAsync(call, stop);
        }
    }

    /// <summary>With a key and until its outcome is known, or without and once.</summary>
    private async Task<Call> SendAsync(Caller caller, Guid server, (string Kind, string Body) choice, CancellationToken stop)
    {
        var (call, path, body) = (Caller.Read(choice.Kind) with { Server = server }, $"/v2.1/servers/{server}/action", JsonNode.Parse(choice.Body)!);
        return _random.Next(2) == 0
            ? (await caller.SendAsync(call, HttpMethod.Post, path, body)).Call
            : (await caller.SendUntilKnownAsync(call with { Key = Guid.NewGuid().ToString() }, HttpMethod.Post, path, body, stop)).Call;
    }

    /// <summary>What a client does once it has been told that it will be done: wait, cancel it, or go on with something else.</summary>
    private async Task AfterAsync(Call accepted, CancellationToken stop)
    {
        if (accepted is not { Accepted: true, Task: { } task })
        {
            return;
        }

        var choice = _random.Next(10);
        if (choice == 0)
        {
            await _caller.SendAsync(Caller.Read("cancel") with { Task = task }, HttpMethod.Post, $"/v2.1/tasks/{task}/action", new JsonObject { ["cancel"] = null });
        }

        if (choice != 1)
        {
            await FollowAsync(_caller, task, accepted, stop);
        }
    }

    private async Task FollowAsync(Caller caller, Guid task, Call accepted, CancellationToken stop)
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed.TotalSeconds < PatienceForTasks && !stop.IsCancellationRequested)
        {
            var look = await caller.ReadTaskAsync(task, wait: 5);
            if (look.State is { } state && TaskStateNames.Terminal.Contains(state))
            {
                recorder.Waited(task, recorder.Now - accepted.Answered!.Value);
                return;
            }
        }
    }
}
