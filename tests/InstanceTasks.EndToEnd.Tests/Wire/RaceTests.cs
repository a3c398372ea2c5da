using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Wire;

/// <summary>Fifty requests at once, of which not all can be right, on both stores.</summary>
public sealed class RaceTests : IDisposable
{
    private const int AtOnce = 50;

    private static readonly string[] Conflicting = ["""{"os-stop": null}""", """{"reboot": {"type": "SOFT"}}""", """{"pause": null}""", """{"suspend": null}""", """{"resize": {"flavorRef": "2"}}"""];

    private readonly TempDirectory _data = new("race");

    public void Dispose() => _data.Dispose();

    [Fact]
    public Task FiftyAtOnce_OnSqlite_AreDecidedOneByOne() => RaceAsync(new() { DataDirectory = _data.Path });

    [PostgresFact]
    public async Task FiftyAtOnce_OnPostgres_AreDecidedOneByOne()
    {
        using var postgres = new PostgresData();
        await RaceAsync(new() { DataDirectory = _data.Path, Environment = await postgres.UseForAsync(_data.Path) });
    }

    private async Task RaceAsync(SiloSetup setup)
    {
        await using var silo = await SiloProcess.StartAsync(setup);
        var image = await silo.Api.ReadImageAsync();
        await ConflictingActionsAsync(silo);
        await SameKeyAsync(silo.Api, image);
        await EdgeOfTheQuotaAsync(silo.Api, image);
        WorldAudit.Compare(_data.Path).ThrowIfAny();
    }

    // One is accepted; the others are told by which task.
    private async Task ConflictingActionsAsync(SiloProcess silo)
    {
        var server = await silo.Api.CreateAndWaitAsync("contended");
        new WorldControl(_data.Path).SetLatency(null, TimeSpan.FromSeconds(20));

        var answers = await AtOnceAsync(i => silo.Api.ActionAsync(server, JsonNode.Parse(Conflicting[i % Conflicting.Length])!));

        var accepted = Assert.Single(answers, a => a.Status == HttpStatusCode.Accepted);
        var refused = answers.Where(a => a != accepted).ToList();
        Assert.All(refused, a => Assert.Equal(HttpStatusCode.Conflict, a.Status));
        Assert.All(refused, a => Assert.Contains($"{accepted.Task}", a.Json["conflictingRequest"]!["message"]!.GetValue<string>(), StringComparison.Ordinal));
        new WorldControl(_data.Path).SetLatency(null, TimeSpan.Zero);
        await silo.Api.WaitForTaskAsync(accepted.Task!.Value);
        var tasks = (await silo.Api.GetAsync($"/v2.1/servers/{server}/tasks"))["tasks"]!.AsArray();
        Assert.Equal(2, tasks.Count); // The create is the other.
    }

    private static async Task SameKeyAsync(ApiClient api, string image)
    {
        var key = new Dictionary<string, string> { ["Idempotency-Key"] = $"{Guid.NewGuid()}" };

        var answers = await AtOnceAsync(_ => api.SendAsync(HttpMethod.Post, "/v2.1/servers", ApiClient.CreateBody("once", "1", image), "2.37", key));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Accepted, a.Status));
        Assert.Single(answers.Select(a => a.Body).Distinct());
        Assert.Single(answers.Select(a => a.Task).Distinct());
        Assert.Single((await api.GetAsync("/v2.1/servers?name=once"))["servers"]!.AsArray());
    }

    // There are two servers, and room for ten.
    private static async Task EdgeOfTheQuotaAsync(ApiClient api, string image)
    {
        (await api.SendAsync(HttpMethod.Put, "/v2.1/os-quota-sets/demo-project", JsonNode.Parse("""{"quota_set": {"instances": 10}}"""))).Expect(HttpStatusCode.OK);

        var answers = await AtOnceAsync(i => api.CreateServerAsync($"edge-{i}", "1", image));

        Assert.Equal(8, answers.Count(a => a.Status == HttpStatusCode.Accepted));
        var refused = answers.Where(a => a.Status != HttpStatusCode.Accepted).ToList();
        Assert.All(refused, a => Assert.Equal(HttpStatusCode.Forbidden, a.Status));
        Assert.All(refused, a => Assert.StartsWith("Quota exceeded for instances", a.Json["forbidden"]!["message"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Equal(10, (await api.GetAsync("/v2.1/servers"))["servers"]!.AsArray().Count);
        await Task.WhenAll(answers.Where(a => a.IsSuccess).Select(a => api.WaitForTaskAsync(a.Task!.Value)));
    }

    private static async Task<ApiAnswer[]> AtOnceAsync(Func<int, Task<ApiAnswer>> ask)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Enumerable.Range(0, AtOnce).Select(async i =>
        {
            await start.Task;
            return await ask(i);
        }).ToArray();
        start.SetResult();
        return await Task.WhenAll(asked);
    }
}
