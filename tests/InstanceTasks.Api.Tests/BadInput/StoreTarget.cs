using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Hosts;
using InstanceTasks.Api.Tests.Exactness;
using InstanceTasks.Api.Tests.OpenApi;
using InstanceTasks.Engine;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>The API over the real engine on a real store. What is in the store at the end is what answers have named.</summary>
internal sealed class StoreTarget : IBadInputTarget, IAsyncDisposable
{
    private const string TaskHeader = "openstack-task";
    private const int LookEvery = 100;

    private readonly InProcessSilos _silos;
    private readonly InProcessApi _api;
    private readonly LogCollector _logs;
    private readonly HashSet<string> _named = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _ids = [];
    private int _sent;

    private StoreTarget(InProcessSilos silos, InProcessApi api, LogCollector logs, DescribedApi described)
    {
        (_silos, _api, _logs) = (silos, api, logs);
        Requests = [.. described.Requests().Where(r => r.Doc.Tag != "identity")];
    }

    public IReadOnlyList<DescribedRequest> Requests { get; }

    public Uri Url => _api.Client.Url;

    public static async Task<StoreTarget> StartAsync(DescribedApi described, Func<string, Task<IInstanceTasksStore>>? openStore)
    {
        var (silos, logs) = (await InProcessSilos.StartAsync(new() { OpenStore = openStore, LogFrom = Microsoft.Extensions.Logging.LogLevel.Warning }), new LogCollector());
        var api = await InProcessApi.StartAsync(silos, silos.Silos[0], configure: o => o.MaxTaskWait = TimeSpan.FromSeconds(1), logs: logs);
        var target = new StoreTarget(silos, api, logs, described);
        await target.PrepareAsync();
        return target;
    }

    public RawRequest Fill(DescribedRequest request)
    {
        var raw = RawRequest.Of(request, "none");
        return raw with { Target = Replaced(raw.Target), Body = raw.Body is null ? null : Encoding.UTF8.GetBytes(Replaced(Encoding.UTF8.GetString(raw.Body))) };
    }

    public void Before() => _sent++;

    public async Task<string?> AfterAsync(RawRequest sent, RawAnswer answer)
    {
        if (answer.Status is >= 200 and < 300 && answer.Headers.TryGetValue(TaskHeader, out var task))
        {
            _named.Add(task);
        }

        if (_sent % LookEvery == 0)
        {
            await MakeServersAsync();
        }

        return LogRules.ProblemOf(_logs);
    }

    /// <summary>Tasks that no answer has named, and servers that no such task is about.</summary>
    public async Task<IReadOnlyList<string>> UnexplainedAsync()
    {
        var tasks = await AllAsync<TaskRecord>(marker => _silos.Store.ListTasksAsync(new() { Marker = marker is null ? null : marker.Id }));
        var servers = await AllAsync<ServerView>(marker => _silos.Store.ListServersAsync(new() { Deleted = null, Sort = [("created_at", false)], Marker = marker?.Instance.Id }));
        var explained = tasks.Where(t => _named.Contains(t.Id.ToString()) || (t.Parent is { } parent && _named.Contains(parent.ToString()))).ToList();
        return
        [
            .. tasks.Except(explained).Select(t => $"task {t.Id} ({t.Kind}, {t.State}) is named by no answer"),
            .. servers.Where(s => explained.All(t => t.Instance != s.Instance.Id)).Select(s => $"server {s.Instance.Id} ({s.Instance.Name}) is of no task that an answer has named"),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await _api.DisposeAsync();
        await _silos.DisposeAsync();
    }

    private static async Task<List<T>> AllAsync<T>(Func<T?, Task<IReadOnlyList<T>>> read)
        where T : class
    {
        var all = new List<T>();
        while (await read(all.LastOrDefault()) is { Count: > 0 } page)
        {
            all.AddRange(page);
        }

        return all;
    }

    private string Replaced(string text) => _ids.Aggregate(text, (t, id) => t.Replace(id.Key, id.Value, StringComparison.Ordinal));

    private async Task PrepareAsync()
    {
        _ids["demo-project"] = "demo-project";
        _ids["host-1"] = InProcessSilos.Host.Value;
        _ids[$"{HostIds.Service(new("host-1"))}"] = $"{HostIds.Service(InProcessSilos.Host)}";
        _ids[$"{HostIds.Hypervisor(new("host-1"))}"] = $"{HostIds.Hypervisor(InProcessSilos.Host)}";
        await PostAsync("os-keypairs", $$$"""{"keypair":{"name":"k","public_key":"{{{World.PublicKey}}}"}}""");
        _ids[$"{World.Group}"] = (string)(await PostAsync("os-server-groups", """{"server_group":{"name":"g","policy":"soft-affinity"}}"""))["server_group"]!["id"]!;
        _ids["os-aggregates/7"] = $"os-aggregates/{(int)(await PostAsync("os-aggregates", """{"aggregate":{"name":"a"}}"""))["aggregate"]!["id"]!}";
        await MakeServersAsync();
    }

    /// <summary>Two servers that are there, whatever became of those before.</summary>
    private async Task MakeServersAsync()
    {
        foreach (var id in new[] { World.Active, World.Offloaded })
        {
            if (!_ids.TryGetValue($"{id}", out var now) || (await _api.Client.SendAsync(HttpMethod.Get, $"/v2.1/servers/{now}")).Status != System.Net.HttpStatusCode.OK)
            {
                var made = await _api.Client.SendAsync(HttpMethod.Post, "/v2.1/servers", JsonNode.Parse($$$"""{"server":{"name":"s","imageRef":"{{{Fakes.Sample.ImageId}}}","flavorRef":"1","networks":"none"}}"""), "2.96");
                if (made.Status == System.Net.HttpStatusCode.Accepted)
                {
                    _ids[$"{id}"] = (string)made.Json["server"]!["id"]!;
                    _ids[$"{World.Running}"] = $"{made.Task}";
                    _named.Add($"{made.Task}");
                }
            }
        }
    }

    private async Task<JsonNode> PostAsync(string path, string body)
    {
        var answer = await _api.Client.SendAsync(HttpMethod.Post, $"/v2.1/{path}", JsonNode.Parse(body), "2.96");
        return answer.IsSuccess ? answer.Json : throw new InvalidOperationException($"{answer}");
    }
}
