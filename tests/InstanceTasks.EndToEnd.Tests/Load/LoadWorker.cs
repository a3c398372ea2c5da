using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// One client with one server at a time: creates it, changes it a few times, deletes it, again and again. It repeats an unanswered request with the
/// same idempotency key, so that after every restart it knows what became of it.
/// </summary>
internal sealed class LoadWorker(ApiClient api, LoadLedger ledger, string image, int number, int seed)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Random _random = new(seed);
    private int _servers;

    /// <summary>Works until it is asked to stop, and then finishes what it has begun.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await OneServerAsync(stop);
            }
        }
        catch (Exception e)
        {
            ledger.Surprise($"client {number} gave up: {e}");
        }
    }

    private async Task OneServerAsync(CancellationToken stop)
    {
        var name = $"load-{number}-{_servers++}";
        var made = await SendAsync(HttpMethod.Post, "/v2.1/servers", ApiClient.CreateBody(name, "1", image), "2.37");
        if (made.Status != HttpStatusCode.Accepted)
        {
            ledger.Surprise(made.ToString());
            return;
        }

        var server = Guid.Parse(made.Json["server"]!["id"]!.GetValue<string>());
        await FollowAsync("create", server, made, "succeeded");
        var active = true;
        for (var changes = _random.Next(2, 6); changes > 0 && !stop.IsCancellationRequested; changes--)
        {
            active = await ChangeAsync(server, active);
        }

        await DeleteAsync(server, active);
    }

    private async Task<bool> ChangeAsync(Guid server, bool active)
    {
        var choice = _random.Next(active ? 5 : 3);
        var (kind, body, after) = choice switch
        {
            0 => ("lock", Body("lock"), active),
            1 => ("hard-reboot", Reboot("HARD"), true),
            2 when !active => ("start", Body("os-start"), true),
            2 or 3 => ("stop", Body("os-stop"), false),
            _ => ("reboot", Reboot("SOFT"), true),
        };
        await ActAsync(kind, server, body);
        if (kind == "lock")
        {
            await ActAsync("unlock", server, Body("unlock"));
        }

        return after;
    }

    private async Task ActAsync(string kind, Guid server, JsonNode body)
    {
        var answer = await SendAsync(HttpMethod.Post, $"/v2.1/servers/{server}/action", body, null);
        if (answer.Status == HttpStatusCode.Accepted)
        {
            await FollowAsync(kind, server, answer, "succeeded");
        }
        else
        {
            ledger.Surprise($"{kind}: {answer}");
        }
    }

    /// <summary>One delete in three takes the machine over from a task that is still at work.</summary>
    private async Task DeleteAsync(Guid server, bool active)
    {
        if (_random.Next(3) == 0)
        {
            var (kind, body) = active ? ("stop", Body("os-stop")) : ("start", Body("os-start"));
            var old = await SendAsync(HttpMethod.Post, $"/v2.1/servers/{server}/action", body, null);
            if (old.Task is { } task && old.IsSuccess)
            {
                ledger.Add(new AcceptedRequest(kind, server, task, "succeeded", "canceled"));
            }
        }

        var answer = await SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server}", null, null);
        if (answer.Status == HttpStatusCode.NoContent)
        {
            await FollowAsync("delete", server, answer, "succeeded");
        }
        else if (answer.Status == HttpStatusCode.NotFound)
        {
            await FindDeleteAsync(server);
        }
        else
        {
            ledger.Surprise($"delete: {answer}");
        }
    }

    /// <summary>A delete whose answer was lost, and that is over: the list of tasks says which it was.</summary>
    private async Task FindDeleteAsync(Guid server)
    {
        var list = await SendAsync(HttpMethod.Get, $"/v2.1/tasks?server_id={server}&kind=delete", null, null);
        var found = list.Status == HttpStatusCode.OK ? list.Json["tasks"]!.AsArray() : [];
        if (found.Count != 1)
        {
            ledger.Surprise($"server {server} is gone, with {found.Count} deletes: {list}");
            return;
        }

        ledger.Add(new AcceptedRequest("delete", server, Guid.Parse(found[0]!["id"]!.GetValue<string>()), "succeeded"));
    }

    private async Task FollowAsync(string kind, Guid server, ApiAnswer answer, params string[] expected)
    {
        if (answer.Task is not { } task)
        {
            ledger.Surprise($"{kind} was accepted without a task: {answer}");
            return;
        }

        ledger.Add(new AcceptedRequest(kind, server, task, expected));
        await Eventually.TrueAsync(() => HasEndedAsync(task), Patience, $"{kind} {task} on {server} has ended");
    }

    private async Task<bool> HasEndedAsync(Guid task)
    {
        try
        {
            var answer = await api.SendAsync(HttpMethod.Get, $"/v2.1/tasks/{task}?wait=10");
            return answer.Status == HttpStatusCode.OK && TaskStateNames.Terminal.Contains(answer.Json["task"]!["state"]!.GetValue<string>());
        }
        catch (HttpRequestException)
        {
            return false; // The process is down: it comes back.
        }
    }

    private Task<ApiAnswer> SendAsync(HttpMethod method, string path, JsonNode? body, string? microversion) =>
        api.SendUntilAnsweredAsync(method, path, body, microversion, Guid.NewGuid().ToString(), Patience);

    private static JsonObject Body(string action) => new() { [action] = null };

    private static JsonObject Reboot(string type) => new() { ["reboot"] = new JsonObject { ["type"] = type } };
}
