using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.Bench.Http;

/// <summary>Callers that each have a server of their own: a request, and where it says so the end of its task, before the next.</summary>
internal sealed class HttpLoad(Uri url) : IDisposable
{
    private const string Image = "6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 512 }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
    private readonly ConcurrentQueue<string> _servers = new();

    public void Dispose() => _http.Dispose();

    public Task<string> CreateAsync(string what, string store, int callers, int count) => MeasureAsync(what, store, callers, count, async _ =>
    {
        var body = new JsonObject { ["server"] = new JsonObject { ["name"] = "bench", ["imageRef"] = Image, ["flavorRef"] = "1" } };
        using var answer = await _http.PostAsJsonAsync("/v2.1/servers", body);
        var task = TaskOf(answer);
        await EndAsync(task);
        _servers.Enqueue((string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["server"]!["id"]!);
    });

    public Task<string> RebootAsync(string what, string store, int callers, int count) => MeasureAsync(what, store, callers, count, _ => OnServerAsync(async id => await EndAsync(await PostRebootAsync(id))));

    /// <summary>Only the time to the 202 counts; the task's end is waited for in between.</summary>
    public async Task<string> AcceptAsync(string what, string store, int callers, int count)
    {
        var times = new ConcurrentBag<double>();
        var all = await Measured.RunAsync(callers, count, _ => OnServerAsync(async id =>
        {
            var begun = Stopwatch.GetTimestamp();
            var task = await PostRebootAsync(id);
            times.Add(Stopwatch.GetElapsedTime(begun).TotalMilliseconds);
            await EndAsync(task);
        }));
        return (all with { SortedMs = [.. times.Order()] }).ToJson(("what", what), ("store", store), ("callers", callers));
    }

    public Task<string> ListAsync(string what, string store, int callers, int count) => MeasureAsync(what, store, callers, count, async _ =>
    {
        using var answer = await _http.GetAsync("/v2.1/servers/detail?limit=100");
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
    });

    private static async Task<string> MeasureAsync(string what, string store, int callers, int count, Func<int, Task> one)
    {
        var measured = await Measured.RunAsync(callers, count, one);
        return measured.ToJson(("what", what), ("per_s", Math.Round(measured.PerSecond, 1)), ("store", store), ("callers", callers));
    }

    private async Task OnServerAsync(Func<string, Task> work)
    {
        if (!_servers.TryDequeue(out var id))
        {
            throw new InvalidOperationException("More callers than servers.");
        }

        await work(id);
        _servers.Enqueue(id);
    }

    private async Task<string> PostRebootAsync(string id)
    {
        using var answer = await _http.PostAsJsonAsync($"/v2.1/servers/{id}/action", JsonNode.Parse("""{"reboot":{"type":"HARD"}}"""));
        return TaskOf(answer);
    }

    private async Task EndAsync(string task)
    {
        var shown = await _http.GetFromJsonAsync<JsonObject>($"/v2.1/tasks/{task}?wait=60");
        if ((string)shown!["task"]!["state"]! != "succeeded")
        {
            throw new InvalidOperationException($"Task {task} did not succeed within a minute: {shown}");
        }
    }

    private static string TaskOf(HttpResponseMessage answer) =>
        answer.EnsureSuccessStatusCode().Headers.GetValues("OpenStack-Task").Single();
}
