using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.Bench.Http;

/// <summary>
/// Drives a silo that is already running, over HTTP: every caller sends a request and waits for the end of its task before the next.
/// Latencies are those of the simulated hypervisor that the silo was started with, so say them beside the figures.
/// </summary>
internal sealed class HttpLoad(Uri url, int callers) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 512 }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
    private readonly ConcurrentQueue<string> _servers = new();
    private readonly string _image = "6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    public void Dispose() => _http.Dispose();

    public Task<string> CreateAsync(int count) => MeasureAsync("create to ACTIVE", count, async () =>
    {
        var body = new JsonObject { ["server"] = new JsonObject { ["name"] = "bench", ["imageRef"] = _image, ["flavorRef"] = "1" } };
        using var answer = await _http.PostAsJsonAsync("/v2.1/servers", body);
        var task = TaskOf(answer);
        _servers.Enqueue((string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["server"]!["id"]!);
        await EndAsync(task);
    });

    public Task<string> RebootAsync(int count) => MeasureAsync("hard reboot to idle", count, () => OnServerAsync(async id =>
    {
        using var answer = await _http.PostAsJsonAsync($"/v2.1/servers/{id}/action", JsonNode.Parse("""{"reboot":{"type":"HARD"}}"""));
        await EndAsync(TaskOf(answer));
    }));

    public Task<string> ListAsync(int count) => MeasureAsync("GET /servers/detail", count, async () =>
    {
        using var answer = await _http.GetAsync("/v2.1/servers/detail?limit=100");
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync();
    });

    public Task<string> DeleteAsync() => MeasureAsync("delete to gone", _servers.Count, async () =>
    {
        _servers.TryDequeue(out var id);
        using var answer = await _http.DeleteAsync($"/v2.1/servers/{id}");
        await EndAsync(TaskOf(answer));
    });

    private async Task OnServerAsync(Func<string, Task> work)
    {
        if (!_servers.TryDequeue(out var id))
        {
            throw new InvalidOperationException("More callers than servers: give --servers at least as many as --callers.");
        }

        await work(id);
        _servers.Enqueue(id);
    }

    private async Task<string> MeasureAsync(string what, int count, Func<Task> one)
    {
        var times = new ConcurrentBag<double>();
        var left = count;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var start = Stopwatch.GetTimestamp();
                await one();
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }));
        var sorted = times.Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"what":"{{what}}","callers":{{callers}},"count":{{count}},"per_s":{{count / watch.Elapsed.TotalSeconds:F1}},"p50_ms":{{sorted[sorted.Length / 2]:F1}},"p99_ms":{{sorted[(int)(sorted.Length * 0.99)]:F1}}}""");
    }

    private async Task EndAsync(string task)
    {
        while (true)
        {
            var shown = await _http.GetFromJsonAsync<JsonObject>($"/v2.1/tasks/{task}?wait=30");
            var state = (string)shown!["task"]!["state"]!;
            if (state is "succeeded")
            {
                return;
            }

            if (state is "failed" or "canceled" or "needs_attention")
            {
                throw new InvalidOperationException($"Task {task} ended as {state}: {shown}");
            }
        }
    }

    private static string TaskOf(HttpResponseMessage answer) =>
        answer.EnsureSuccessStatusCode().Headers.GetValues("OpenStack-Task").Single();
}
