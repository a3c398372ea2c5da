using System.Text;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>What one caller asks for too much of is 429 and is his own matter.</summary>
public sealed class CallerLimitTests : IDisposable
{
    private readonly UsersOfTest _users = new(UsersOfTest.OnePerRole);

    public void Dispose() => _users.Dispose();

    [Fact]
    public async Task Rate_AboveIt_429WithTheTimeToWait_OthersAreServed()
    {
        await using var api = await StartAsync(o => (o.Limits.RequestsPerSecond, o.Limits.Burst) = (1, 2));
        var codes = new List<int>();
        Answer? last = null;
        // More than could be replenished while they are sent.
        for (var i = 0; i < 200 && last?.Status != 429; i++)
        {
            codes.Add((last = await GetAsync(api, "member")).Status);
        }

        Assert.Equal([200, 200], codes.Take(2));
        Assert.Equal(429, last!.Status);
        Assert.Equal(last.Header("Retry-After"), (string?)last["overLimit"]["retryAfter"]);
        Assert.InRange(int.Parse(last.Header("Retry-After")!), 1, 2);
        Assert.Equal(200, (await GetAsync(api, "reader")).Status);
    }

    [Fact]
    public async Task Concurrency_AboveIt_429_AndFreeAgainWhenAnswered()
    {
        await using var api = await StartAsync(o => o.Limits.Concurrent = 1);
        var server = api.Add(Sample.Server() with { Project = new("own") });
        var task = Sample.Task(server, "stop");
        api.Cloud.Tasks[task.Id] = task;
        api.Cloud.HoldWaits = new();
        using var leave = new CancellationTokenSource();
        using var waiting = Request($"/v2.1/tasks/{task.Id}?wait=30", "member");
        var first = api.Client.SendAsync(waiting, leave.Token);
        await api.Cloud.HoldWaits.Task;

        Assert.Equal((429, 200), ((await GetAsync(api, "member")).Status, (await GetAsync(api, "reader")).Status));

        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        while ((await GetAsync(api, "member")).Status == 429)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task WithoutAuthentication_ThereIsNoLimitUnlessOneIsSet()
    {
        await using var free = await ApiHost.StartAsync();
        await using var held = await ApiHost.StartAsync(o => (o.Limits.RequestsPerSecond, o.Limits.Burst) = (1, 1));
        for (var i = 0; i < 1500; i++)
        {
            Assert.Equal(200, (await free.GetAsync("/v2.1/extensions")).Status);
        }

        Assert.Equal(200, (await held.GetAsync("/v2.1/extensions")).Status);
        Assert.Equal(429, (await held.GetAsync("/v2.1/extensions")).Status);
    }

    [Fact]
    public async Task Body_LargerThanConfigured_413()
    {
        await using var api = await ApiHost.StartAsync(o => o.Limits.MaxBodyBytes = 2048);
        var body = $$"""{"server":{"name":"{{new string('x', 2048)}}"} }""";

        var known = await api.PostAsync("/v2.1/servers", body);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2.1/servers") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        var chunked = await ApiHost.ReadAsync(await api.Client.SendAsync(request));

        Assert.Equal((413, 413), (known.Status, chunked.Status));
        Assert.NotNull(known["overLimit"]);
    }

    private static Task<Answer> GetAsync(ApiHost api, string user) => ReadAsync(api, Request("/v2.1/extensions", user));

    private static async Task<Answer> ReadAsync(ApiHost api, HttpRequestMessage request)
    {
        using (request)
        {
            return await ApiHost.ReadAsync(await api.Client.SendAsync(request));
        }
    }

    private static HttpRequestMessage Request(string path, string user) => new(HttpMethod.Get, path)
    {
        Headers = { Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{UsersOfTest.Password}"))) },
    };

    private Task<ApiHost> StartAsync(Action<ApiOptions> more) => ApiHost.StartAsync(o =>
    {
        (o.Auth, o.UsersFile) = (AuthMode.HttpBasic, _users.Path);
        more(o);
    });
}
