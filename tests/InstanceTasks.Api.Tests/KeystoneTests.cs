using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Tests.Fakes;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tests;

/// <summary><c>auth: keystone</c>: what is asked, how often, and what is answered while Keystone is silent.</summary>
public sealed class KeystoneTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private FakeKeystone _keystone = null!;
    private ApiHost _api = null!;

    public async Task InitializeAsync()
    {
        _keystone = await FakeKeystone.StartAsync(_time);
        _api = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _keystone.DisposeAsync();
    }

    [Fact]
    public async Task Token_Known_IsItsUserInItsProjectWithItsRoles()
    {
        _keystone.Add("r", "own", "reader");
        _keystone.Add("m", "own", "member");

        Assert.Equal((200, 403), ((await UseAsync("r", "/v2.1/os-quota-sets/own")).Status, (await UseAsync("r", "/v2.1/os-quota-sets/other")).Status));
        Assert.Equal(403, (await _api.SendAsync(HttpMethod.Post, "/v2.1/servers", "{}", null, ("X-Auth-Token", "r"))).Status);
        Assert.Equal(400, (await _api.SendAsync(HttpMethod.Post, "/v2.1/servers", "{}", null, ("X-Auth-Token", "m"))).Status);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("made-up")]
    public async Task Token_MissingOrUnknown_401NamesKeystone(string? token)
    {
        var answer = await UseAsync(token);

        Assert.Equal((401, 401), (answer.Status, (int)answer["error"]["code"]!));
        Assert.Equal($"Keystone uri=\"{_keystone.Url}\"", answer.Header("WWW-Authenticate"));
    }

    [Fact]
    public async Task Token_ForNoProject_403()
    {
        _keystone.Add("unscoped", null);

        Assert.Equal(403, (await UseAsync("unscoped")).Status);
    }

    [Fact]
    public async Task Answers_AreUsedAgainForTheConfiguredTime_AndNoLonger()
    {
        _keystone.Add("t", "own", "reader");
        Assert.Equal(200, (await UseAsync("t")).Status);
        _keystone.Tokens.Clear();
        _time.Move(TimeSpan.FromSeconds(29));
        Assert.Equal(200, (await UseAsync("t")).Status);
        Assert.Equal(1, _keystone.Questions);
        _time.Move(TimeSpan.FromSeconds(1));

        Assert.Equal(401, (await UseAsync("t")).Status);

        Assert.Equal(401, (await UseAsync("t")).Status);
        Assert.Equal((2, 1), (_keystone.Questions, _keystone.Logins));
    }

    [Fact]
    public async Task Token_WhoseTimeIsOver_CountsForNothingThoughTheAnswerIsKept()
    {
        await _api.DisposeAsync();
        _api = await StartAsync(o => o.Keystone.CacheTime = TimeSpan.FromHours(2));
        _keystone.Add("t", "own", "reader");
        Assert.Equal(200, (await UseAsync("t")).Status);
        _time.Move(TimeSpan.FromHours(1));

        Assert.Equal(401, (await UseAsync("t")).Status);
    }

    // Found in review: while Keystone hung, each caller waited for its own login, one after the other.
    [Fact]
    public async Task LogIn_HangsAndFails_AllWhoWaitAreToldByOne()
    {
        using var client = new KeystoneClient(Options.Create(new ApiOptions { Keystone = { Url = _keystone.Url, Username = "service", Password = "s3", Project = "service" } }), _time);
        var gate = new TaskCompletionSource();
        (_keystone.LoginGate, _keystone.Broken) = (gate.Task, 500);

        var asked = Enumerable.Range(0, 10).Select(i => client.FindAsync($"token {i}")).ToList();
        gate.SetResult();

        foreach (var ask in asked)
        {
            await Assert.ThrowsAsync<KeystoneException>(() => ask);
        }

        Assert.Equal(1, _keystone.LoginsAsked);
    }

    [Fact]
    public async Task Token_OfManyRequestsAtOnce_IsAskedAboutOnce()
    {
        var gate = new TaskCompletionSource();
        _keystone.Gate = gate.Task;
        _keystone.Add("t", "own", "reader");
        var requests = Enumerable.Range(0, 20).Select(_ => UseAsync("t")).ToList();
        while (Volatile.Read(ref _keystone.Questions) == 0)
        {
            await Task.Yield();
        }

        gate.SetResult();
        var answers = await Task.WhenAll(requests);

        Assert.All(answers, a => Assert.Equal(200, a.Status));
        Assert.Equal((1, 1), (_keystone.Questions, _keystone.Logins));
    }

    [Fact]
    public async Task Tokens_MadeUp_AskKeystoneNoMoreThanAnAddressMay()
    {
        await using var api = await StartAsync(o => (o.Limits.RequestsPerSecond, o.Limits.Burst) = (1, 3));
        _keystone.Add("good", "own", "reader");
        Assert.Equal(200, (await UseAsync("good", api: api)).Status);
        List<int> codes = [];
        for (var i = 0; i < 50; i++)
        {
            codes.Add((await UseAsync($"made-up-{i}", api: api)).Status);
        }

        Assert.Equal([401, 429], codes.Distinct().Order());
        Assert.InRange(_keystone.Questions, 3, 40);
        Assert.Equal(200, (await UseAsync("good", api: api)).Status);
    }

    [Fact]
    public async Task ServiceToken_IsRenewedBeforeItEnds_AndWhenItIsRefused()
    {
        _keystone.Add("a", "own", "reader");
        Assert.Equal(200, (await UseAsync("a")).Status);
        _time.Move(TimeSpan.FromMinutes(18));
        Assert.Equal((200, 1), ((await UseAsync("a")).Status, _keystone.Logins));
        _time.Move(TimeSpan.FromMinutes(1));
        Assert.Equal((200, 2), ((await UseAsync("a")).Status, _keystone.Logins));
        _keystone.ServiceTokens.Clear();
        _time.Move(TimeSpan.FromMinutes(1));

        Assert.Equal((200, 3), ((await UseAsync("a")).Status, _keystone.Logins));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(403)]
    public async Task Keystone_Broken_503AndNot401_AndWhatIsKnownStillCounts(int status)
    {
        _keystone.Add("known", "own", "reader");
        _keystone.Add("new", "own", "reader");
        Assert.Equal(200, (await UseAsync("known")).Status);
        _keystone.Broken = status;

        var answer = await UseAsync("new");

        Assert.Equal((503, "5"), (answer.Status, answer.Header("Retry-After")));
        Assert.NotNull(answer["serviceUnavailable"]);
        Assert.Equal(200, (await UseAsync("known")).Status);
        _keystone.Broken = 0;
        Assert.Equal(200, (await UseAsync("new")).Status);
    }

    [Fact]
    public async Task Keystone_NotThereOrServiceUserRefused_503AndSaidInTheLogWithoutThePassword()
    {
        await using var refused = await StartAsync(o => o.Keystone.Password = "planted-wrong");
        await using var nowhere = await StartAsync(o => o.Keystone.Url = "http://127.0.0.1:1/v3");

        Assert.Equal(503, (await UseAsync("t", api: refused)).Status);
        Assert.Equal(503, (await UseAsync("t", api: nowhere)).Status);
        Assert.Contains("401 to the service user 'service'", Assert.Single(refused.Logs.Entries).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", refused.Logs.Entries[0].Text, StringComparison.Ordinal);
    }

    private Task<ApiHost> StartAsync(Action<ApiOptions>? more = null) => ApiHost.StartAsync(
        o =>
        {
            o.Auth = AuthMode.Keystone;
            (o.Keystone.Url, o.Keystone.Username, o.Keystone.Password) = (_keystone.Url, "service", "s3");
            more?.Invoke(o);
        },
        time: _time);

    private Task<Answer> UseAsync(string? token, string path = "/v2.1/servers", ApiHost? api = null)
    {
        (string, string)[] headers = token is null ? [] : [("X-Auth-Token", token)];
        return (api ?? _api).SendAsync(HttpMethod.Get, path, null, null, headers);
    }
}
