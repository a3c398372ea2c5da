using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>One client with one server at a time, that repeats nothing: every answer must be the right one at once.</summary>
/// <param name="api">The API.</param>
/// <param name="ledger">Where it writes down what it sees.</param>
/// <param name="image">The image of its servers.</param>
/// <param name="number">Who it is.</param>
/// <param name="afterLoss">What it does when a call was lost with the process that had it, before it asks for anything else; null: no call may be lost.</param>
internal sealed class StrictClient(ApiClient api, RequestLedger ledger, string image, int number, Func<Task>? afterLoss = null)
{
    private int _servers;

    /// <summary>Works until it is asked to stop, and then finishes what it has begun.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await OneServerAsync();
            }
        }
        catch (Exception e)
        {
            ledger.Fail($"client {number} gave up: {e.Message}");
        }
    }

    /// <summary>False: a call was lost, and what became of it is not known; the next server is another.</summary>
    private async Task<bool> OneServerAsync()
    {
        if (await SendAsync("create", HttpMethod.Post, "/v2.1/servers", HttpStatusCode.Accepted, ApiClient.CreateBody($"strict-{number}-{_servers++}", "1", image), "2.37") is not { } made)
        {
            return false;
        }

        var server = Guid.Parse(made.Json["server"]!["id"]!.GetValue<string>());
        return await FollowAsync("create", server, made)
            && await SendAsync("show", HttpMethod.Get, $"/v2.1/servers/{server}", HttpStatusCode.OK) is not null
            && await ActAsync("stop", server, new() { ["os-stop"] = null })
            && await SendAsync("list", HttpMethod.Get, "/v2.1/servers?limit=20", HttpStatusCode.OK) is not null
            && await ActAsync("start", server, new() { ["os-start"] = null })
            && await FollowAsync("delete", server, await SendAsync("delete", HttpMethod.Delete, $"/v2.1/servers/{server}", HttpStatusCode.NoContent));
    }

    private async Task<bool> ActAsync(string kind, Guid server, JsonObject body) =>
        await FollowAsync(kind, server, await SendAsync(kind, HttpMethod.Post, $"/v2.1/servers/{server}/action", HttpStatusCode.Accepted, body));

    private async Task<bool> FollowAsync(string kind, Guid server, ApiAnswer? accepted)
    {
        if (accepted is null)
        {
            return false;
        }

        ledger.Accept(new AcceptedRequest(kind, server, accepted.Task!.Value, "succeeded"));
        var watch = Stopwatch.StartNew();
        string? state;
        do
        {
            // A frontend that stops answers at once with what it knows. What was accepted is asked for again when the question was lost.
            var answer = await SendAsync("task?wait", HttpMethod.Get, $"/v2.1/tasks/{accepted.Task}?wait=30", HttpStatusCode.OK);
            state = answer?.Json["task"]!["state"]!.GetValue<string>();
        }
        while (state is null || (!TaskStateNames.Terminal.Contains(state) && state != "needs_attention"));
        ledger.End(kind, watch.Elapsed);
        return true;
    }

    private async Task<ApiAnswer?> SendAsync(string what, HttpMethod method, string path, HttpStatusCode expected, JsonNode? body = null, string? microversion = null)
    {
        var (began, watch) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        try
        {
            var answer = await api.SendAsync(method, path, body, microversion);
            if (afterLoss is not null && answer.Status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
            {
                return await LoseAsync(new(what, began, $"{answer}", answer.Status == HttpStatusCode.ServiceUnavailable), watch);
            }

            return answer.Expect(expected);
        }
        catch (HttpRequestException e) when (afterLoss is not null)
        {
            return await LoseAsync(new(what, began, $"{e.Message} {e.InnerException?.Message}", IsRefused: false), watch);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or InvalidOperationException)
        {
            ledger.Fail($"{what} after {watch.Elapsed}: {e.Message} {e.InnerException?.Message}");
            throw;
        }
        finally
        {
            ledger.Add(what, watch.Elapsed);
        }
    }

    private async Task<ApiAnswer?> LoseAsync(LostCall call, Stopwatch watch)
    {
        // What it does next is no part of the call.
        watch.Stop();
        ledger.Lose(call);
        await afterLoss!();
        return null;
    }
}
