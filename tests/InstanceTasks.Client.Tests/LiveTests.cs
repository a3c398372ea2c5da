using System.Text.Json.Nodes;
using InstanceTasks.Client.Tests.Example;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Client.Tests;

/// <summary>The client against the real API, store, grains and workers.</summary>
public sealed class LiveTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private InProcessSilos _silos = null!;
    private InProcessApi _api = null!;
    private ComputeClient _client = null!;
    private string _image = "";

    public async Task InitializeAsync()
    {
        _silos = await InProcessSilos.StartAsync();
        _api = await InProcessApi.StartAsync(_silos, _silos.Silos[0]);
        _client = new(Endpoint);
        _image = await _api.Client.ReadImageAsync();
    }

    public void Dispose() => _client.Dispose();

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _silos.DisposeAsync();
    }

    private Uri Endpoint => new(_api.Client.Url, "/v2.1");

    [Fact]
    public async Task Example_OfTheDocument_RunsAndSaysWhatItDoes()
    {
        var said = new List<string>();

        var stop = await StopAndWatch.RunAsync(Endpoint, _image, said.Add).WaitAsync(Patience);

        Assert.Equal("succeeded", stop.State);
        Assert.Equal("create succeeded", said[0]);
        Assert.StartsWith("stop would now: shut-down-guest, power-off", said[1]);
        Assert.Contains(said, s => s.EndsWith("step_done shut-down-guest", StringComparison.Ordinal));
        Assert.Contains(said, s => s.EndsWith("ended succeeded", StringComparison.Ordinal));
        Assert.Equal(["stop succeeded", "create succeeded"], said[^2..]);
    }

    [Fact]
    public void Document_ItsCode_IsTheExampleAsItIs()
    {
        var source = File.ReadAllText(Path.Combine(RepoRoot.Path, "tests/InstanceTasks.Client.Tests/Example/StopAndWatch.cs")).ReplaceLineEndings("\n");
        var block = Assert.Single(File.ReadAllText(Path.Combine(RepoRoot.Path, "docs/client.md")).ReplaceLineEndings("\n").Split("```csharp\n").Skip(1)).Split("```")[0];

        Assert.Contains(string.Concat(block.TrimEnd('\n').Split('\n').Select(l => (l.Length > 0 ? "        " + l : l) + "\n")), source, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithTheSameKey_IsOneServer()
    {
        var terms = new CallTerms { IdempotencyKey = "once" };

        var first = await _client.Servers.CreateAsync(New("a"), terms);
        var second = await _client.Servers.CreateAsync(New("a"), terms);
        var problem = await Assert.ThrowsAsync<ApiException>(() => _client.Servers.CreateAsync(New("b"), terms));

        Assert.Equal(first, second);
        Assert.Equal(ProblemKind.KeyReused, problem.Kind);
        Assert.Equal("succeeded", (await _client.Tasks.WaitAsync(first.Task, Patience)).State);
    }

    [Fact]
    public async Task Queue_PauseDryRunAllowedAndPriority_AreAsTheServiceHasThem()
    {
        var server = await ServerAsync();
        var hold = _silos.Silos[0].World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Shutdown);
        var stop = await _client.Tasks.StartAsync(server, "stop");
        await hold.Reached.WaitAsync(Patience);

        var busy = await Assert.ThrowsAsync<ApiException>(() => _client.Tasks.StartAsync(server, "pause"));
        Assert.Equal((ProblemKind.Conflict, stop.Id), (busy.Kind, busy.Task));
        var queued = await _client.Tasks.StartAsync(server, "start", terms: new() { QueueWhenBusy = true });
        var queue = await _client.Tasks.GetQueueAsync(queued.Id);
        Assert.Equal(("server", 1, stop.Id), (queue!.Limit, queue.Ahead, Assert.Single(queue.HeldBy!)));
        Assert.Null(await _client.Tasks.GetQueueAsync(stop.Id));
        var allowed = (await _client.Tasks.AllowedAsync(server)).ToDictionary(a => a.Kind);
        Assert.Equal(("supersede", "queue", false), (allowed["delete"].Mode, allowed["pause"].WhenBusy, allowed["start"].Allowed));
        Assert.Equal("accept", (await _client.Tasks.DryRunCommandAsync(stop.Id, TaskCommand.Pause)).Decision);
        Assert.Equal(9, (await _client.Tasks.SetPriorityAsync(stop.Id, 9)).Task.Priority);
        Assert.Equal("pausing", (await _client.Tasks.PauseAsync(stop.Id, "wait a moment")).Task.State);
        Assert.Equal("wait a moment", (await _client.Tasks.GetAsync(stop.Id)).Commands[^1].Reason);
        await _client.Tasks.ResumeAsync(stop.Id);
        var canceled = await _client.Tasks.CancelAsync(queued.Id);
        Assert.Equal(("canceled", TaskStates.Canceled), (canceled.Task.State, (await _client.Tasks.WaitAsync(queued.Id, Patience)).State));

        hold.Release();
        Assert.Equal("succeeded", (await _client.Tasks.WaitAsync(stop.Id, Patience)).State);
        var retry = await _client.Tasks.RetryAsync(queued.Id);
        Assert.Equal((queued.Id, "succeeded"), (retry.Task.RetryOf, (await _client.Tasks.WaitAsync(retry.Task.Id, Patience)).State));
    }

    [Fact]
    public async Task Bulk_OnSelectedServers_HasProgressAndChildren()
    {
        Guid[] servers = [await ServerAsync(), await ServerAsync(), await ServerAsync()];
        var request = new BulkRequest { Kind = "stop", Selector = new() { Ids = servers }, Concurrency = 2, FailureBudget = 0 };

        Assert.Equal((3, "stop"), ((await _client.Tasks.DryRunBulkAsync(request)).Total, (await _client.Tasks.DryRunBulkAsync(request)).Children));
        var parent = await _client.Tasks.WaitAsync((await _client.Tasks.StartBulkAsync(request)).Id, Patience);

        Assert.Equal(("succeeded", 3, 2, 3), (parent.State, parent.Progress!.Total, parent.Progress.Concurrency, parent.Progress.Succeeded));
        var children = await _client.Tasks.ListAsync(new() { ParentId = parent.Id, States = ["succeeded"], PageSize = 2 }).ToListAsync();
        Assert.Equal(servers.Order(), children.Select(c => c.ServerId!.Value).Order());
        Assert.All(children, c => Assert.Equal(parent.Id, c.ParentId));
    }

    [Fact]
    public async Task Actions_DeleteAndRefusals_AreTyped()
    {
        var server = await ServerAsync();

        var reboot = await _client.Servers.ActAsync(server, new() { ["reboot"] = new JsonObject { ["type"] = "HARD" } });
        Assert.Equal("hard-reboot", (await _client.Tasks.WaitAsync(reboot, Patience)).Kind);
        var wrong = await Assert.ThrowsAsync<ApiException>(() => _client.Servers.ActAsync(server, new() { ["os-start"] = null }));
        Assert.Equal(ProblemKind.Conflict, wrong.Kind);
        Assert.Equal("ACTIVE", (string?)(await _client.Servers.GetAsync(server))["status"]);
        await _client.Tasks.WaitAsync(await _client.Servers.DeleteAsync(server), Patience);
        Assert.Equal(ProblemKind.NotFound, (await Assert.ThrowsAsync<ApiException>(() => _client.Servers.GetAsync(server))).Kind);
        Assert.Equal(ProblemKind.NotFound, (await Assert.ThrowsAsync<ApiException>(() => _client.Tasks.GetAsync(Guid.NewGuid()))).Kind);
    }

    [Fact]
    public async Task Follow_FromTheBeginning_HasEveryCommitOfTheStoreOnceInOrder_AlsoByAnotherApi()
    {
        var server = await ServerAsync();
        var half = await TakeAsync(_client, 0, 2);
        await _client.Tasks.WaitAsync((await _client.Tasks.StartAsync(server, "stop")).Id, Patience);
        await using var elsewhere = await InProcessApi.StartAsync(_silos, _silos.Silos[0]);
        using var client = new ComputeClient(new Uri(elsewhere.Client.Url, "/v2.1"));
        var stored = (await _silos.Store.ReadStreamAsync(0, 1000)).Rows;

        var rest = await TakeAsync(client, half[^1].Id, stored.Count - 2);

        Assert.Equal(stored.Select(r => (r.Stored.StreamId, r.Subject.Task.Value, r.Stored.Seq)), half.Concat(rest).Select(e => (e.Id, e.TaskId, e.Seq)));
        Assert.Equal(server, half[0].ServerId);
    }

    private static async Task<List<TaskEvents>> TakeAsync(ComputeClient client, long after, int count)
    {
        using var stop = new CancellationTokenSource(Patience);
        return await client.Tasks.FollowAsync(after: after, cancellationToken: stop.Token).Take(count).ToListAsync(stop.Token);
    }

    private NewServer New(string name) => new() { Name = name, FlavorRef = "1", ImageRef = _image };

    private async Task<Guid> ServerAsync()
    {
        var server = await _client.Servers.CreateAsync(New("vm"));
        Assert.Equal("succeeded", (await _client.Tasks.WaitAsync(server.Task, Patience)).State);
        return server.Id;
    }
}
