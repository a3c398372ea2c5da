using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>One client with one server at a time, that repeats nothing: every answer must be the right one at once.</summary>
internal sealed class StrictClient(ApiClient api, RequestLedger ledger, string image, int number)
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

    private async Task OneServerAsync()
    {
        var made = await SendAsync("create", HttpMethod.Post, "/v2.1/servers", HttpStatusCode.Accepted, ApiClient.CreateBody($"strict-{number}-{_servers++}", "1", image), "2.37");
        var server = Guid.Parse(made.Json["server"]!["id"]!.GetValue<string>());
        await FollowAsync("create", server, made);
        await SendAsync("show", HttpMethod.Get, $"/v2.1/servers/{server}", HttpStatusCode.OK);
        await ActAsync("stop", server, new() { ["os-stop"] = null });
        await SendAsync("list", HttpMethod.Get, "/v2.1/servers?limit=20", HttpStatusCode.OK);
        await ActAsync("start", server, new() { ["os-start"] = null });
        await FollowAsync("delete", server, await SendAsync("delete", HttpMethod.Delete, $"/v2.1/servers/{server}", HttpStatusCode.NoContent));
    }

    private async Task ActAsync(string kind, Guid server, JsonObject body) =>
        await FollowAsync(kind, server, await SendAsync(kind, HttpMethod.Post, $"/v2.1/servers/{server}/action", HttpStatusCode.Accepted, body));

    private async Task FollowAsync(string kind, Guid server, ApiAnswer accepted)
    {
        var watch = Stopwatch.StartNew();
        string state;
        do
        {
            // A frontend that stops answers at once with what it knows.
            var answer = await SendAsync("task?wait", HttpMethod.Get, $"/v2.1/tasks/{accepted.Task}?wait=30", HttpStatusCode.OK);
            state = answer.Json["task"]!["state"]!.GetValue<string>();
        }
        while (!TaskStateNames.Terminal.Contains(state) && state != "needs_attention");
        ledger.Add(new AcceptedRequest(kind, server, accepted.Task!.Value, "succeeded"), watch.Elapsed);
    }

    private async Task<ApiAnswer> SendAsync(string what, HttpMethod method, string path, HttpStatusCode expected, JsonNode? body = null, string? microversion = null)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            var answer = await api.SendAsync(method, path, body, microversion);
            if (answer.Status != expected)
            {
                ledger.Fail($"{what} after {watch.Elapsed}: {answer}");
            }

            return answer.Expect(expected);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            ledger.Fail($"{what} after {watch.Elapsed}: {e.Message} {e.InnerException?.Message}");
            throw;
        }
        finally
        {
            ledger.Add(what, watch.Elapsed);
        }
    }
}
