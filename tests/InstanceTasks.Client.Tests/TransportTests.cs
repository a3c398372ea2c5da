using System.Text.Json.Nodes;
using InstanceTasks.Client.Tests.Fakes;

namespace InstanceTasks.Client.Tests;

/// <summary>What is repeated, for how long, and what a refusal becomes.</summary>
public sealed class TransportTests
{
    private const string Task = """{"task":{"id":"11111111-1111-4111-8111-111111111111","kind":"stop","state":"running"}}""";
    private const string Busy = """{"overLimit":{"code":429,"message":"slow down","retryAfter":"3"}}""";
    private const string Away = """{"serviceUnavailable":{"code":503,"message":"not now"}}""";

    private static readonly Guid Id = new("11111111-1111-4111-8111-111111111111");

    private readonly HastyTime _time = new(TimeSpan.FromSeconds(40));

    [Theory]
    [InlineData(429, Busy)]
    [InlineData(503, Away)]
    public async Task Refused_ForNow_IsRepeatedWhenTheServiceSays_WithTheSameKey(int status, string body)
    {
        var handler = new ScriptedHandler(ScriptedHandler.Json(status, body, ("Retry-After", "3")), ScriptedHandler.Json(202, Task));
        using var client = Client(handler);

        var task = await client.Tasks.StartAsync(Id, "stop");

        Assert.Equal("running", task.State);
        Assert.Equal([TimeSpan.FromSeconds(3)], _time.Waits);
        Assert.Equal(2, handler.Asked.Count);
        Assert.Single(handler.Asked.Select(a => a.Headers["Idempotency-Key"]).Distinct());
        Assert.Equal("""{"task":{"kind":"stop","parameters":{}}}""", handler.Asked[1].Body);
    }

    [Fact]
    public async Task Lost_IsRepeated_UntilTheTimeForThatIsOver()
    {
        var handler = new ScriptedHandler(Enumerable.Repeat<Func<HttpRequestMessage, HttpResponseMessage>>(ScriptedHandler.Lost, 100));
        using var client = Client(handler);

        var problem = await Assert.ThrowsAsync<ApiException>(() => client.Tasks.GetAsync(Id));

        Assert.Equal((ProblemKind.Unreachable, 0), (problem.Kind, problem.Status));
        Assert.Equal([0.25, 0.5, 1, 2, 4, 5, 5, 5, 5], _time.Waits.Select(w => w.TotalSeconds));
        Assert.Equal(10, handler.Asked.Count);
    }

    [Fact]
    public async Task NoAnswer_InTime_CountsAsLost()
    {
        var handler = new ScriptedHandler(_ => throw new OperationCanceledException("as a handler does whose token has ended"), ScriptedHandler.Json(200, Task));
        using var client = Client(handler);

        Assert.Equal(Id, (await client.Tasks.GetAsync(Id)).Id);
    }

    [Theory]
    [InlineData(400, "badRequest", ProblemKind.BadRequest)]
    [InlineData(403, "forbidden", ProblemKind.Forbidden)]
    [InlineData(404, "itemNotFound", ProblemKind.NotFound)]
    [InlineData(409, "conflictingRequest", ProblemKind.Conflict)]
    [InlineData(422, "computeFault", ProblemKind.KeyReused)]
    [InlineData(500, "computeFault", ProblemKind.Other)]
    [InlineData(501, "notImplemented", ProblemKind.NotImplemented)]
    public async Task Refused_ForGood_IsThrownAtOnce_WithWhatTheServiceSays(int status, string key, ProblemKind kind)
    {
        var body = new JsonObject { [key] = new JsonObject { ["code"] = status, ["message"] = "because" } }.ToJsonString();
        var handler = new ScriptedHandler(ScriptedHandler.Json(status, body, ("OpenStack-Task", $"{Id}"), ("x-openstack-request-id", "req-1")));
        using var client = Client(handler);

        var problem = await Assert.ThrowsAsync<ApiException>(() => client.Tasks.CancelAsync(Id));

        Assert.Equal((kind, status, "because", Id, "req-1"), (problem.Kind, problem.Status, problem.Message, problem.Task, problem.RequestId));
        Assert.Equal(("POST /v2.1/tasks/11111111-1111-4111-8111-111111111111/action", """{"cancel":null}"""), (handler.Asked[0].Line, handler.Asked[0].Body));
    }

    [Theory]
    [InlineData("<html>bad gateway</html>")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Refused_InNoEnvelope_IsThrownAllTheSame(string body)
    {
        using var client = Client(new ScriptedHandler(ScriptedHandler.Json(502, body)));

        var problem = await Assert.ThrowsAsync<ApiException>(() => client.Tasks.GetAsync(Id));

        Assert.Equal((ProblemKind.Other, 502), (problem.Kind, problem.Status));
    }

    [Fact]
    public async Task Terms_AreSaidInHeaders()
    {
        var handler = new ScriptedHandler(ScriptedHandler.Json(202, """{"task":{"kind":"stop"}}"""));
        using var client = Client(handler);

        await client.Tasks.StartAsync(Id, "stop", terms: new() { IdempotencyKey = "k", QueueWhenBusy = true, Deadline = TimeSpan.FromMinutes(1.5), Priority = 2 });

        var headers = handler.Asked[0].Headers;
        Assert.Equal(("k", "queue", "90", "2", "compute 2.96"), (headers["Idempotency-Key"], headers["When-Busy"], headers["Task-Deadline"], headers["Task-Priority"], headers["OpenStack-API-Version"]));
    }

    [Fact]
    public async Task Password_TokenThatCountsNoMore_IsRenewedOnce_AndTheEndpointIsTheCatalogues()
    {
        const string Catalogue = """{"token":{"catalog":[{"type":"compute","endpoints":[{"interface":"admin","url":"http://no"},{"interface":"public","url":"http://compute/v2.1"}]}]}}""";
        const string Nobody = """{"error":{"code":401,"title":"Unauthorized","message":"who?"}}""";
        var handler = new ScriptedHandler(
            ScriptedHandler.Json(201, Catalogue, ("X-Subject-Token", "first")), ScriptedHandler.Json(401, Nobody), ScriptedHandler.Json(201, Catalogue, ("X-Subject-Token", "second")), ScriptedHandler.Json(200, Task),
            ScriptedHandler.Json(401, Nobody), ScriptedHandler.Json(201, Catalogue, ("X-Subject-Token", "third")), ScriptedHandler.Json(401, Nobody));
        using var client = new ComputeClient(new ClientSettings { Auth = ClientAuth.Password(new("http://identity/v3/"), "ann", "secret", "demo"), Handler = handler, Time = _time });

        await client.Tasks.GetAsync(Id);
        var problem = await Assert.ThrowsAsync<ApiException>(() => client.Tasks.GetAsync(Id));

        Assert.Equal((ProblemKind.Unauthorized, "who?"), (problem.Kind, problem.Message));
        Assert.Equal(["first", "second", "second", "third"], handler.Asked.Where(a => a.Headers.ContainsKey("X-Auth-Token")).Select(a => a.Headers["X-Auth-Token"]));
        Assert.Equal("POST /v3/auth/tokens", handler.Asked[0].Line);
        Assert.Contains("\"name\":\"ann\",\"password\":\"secret\"", handler.Asked[0].Body);
    }

    [Fact]
    public async Task Password_ThatIsRefused_IsSaidOnce()
    {
        var handler = new ScriptedHandler(ScriptedHandler.Json(401, """{"error":{"code":401,"title":"Unauthorized","message":"who?"}}"""));
        using var client = new ComputeClient(new ClientSettings { Auth = ClientAuth.Password(new("http://identity/v3"), "ann", "wrong", "demo"), Handler = handler, Time = _time });

        Assert.Equal(ProblemKind.Unauthorized, (await Assert.ThrowsAsync<ApiException>(() => client.Tasks.GetAsync(Id))).Kind);
        Assert.Single(handler.Asked);
    }

    [Fact]
    public async Task Auth_BasicAndToken_AreSaidWithEachRequest()
    {
        var (basic, token) = (new ScriptedHandler(ScriptedHandler.Json(200, Task)), new ScriptedHandler(ScriptedHandler.Json(200, Task)));
        using var first = Client(basic, ClientAuth.Basic("ann", "a:b"));
        using var second = Client(token, ClientAuth.Token("t"));

        await first.Tasks.GetAsync(Id);
        await second.Tasks.GetAsync(Id);

        Assert.Equal("Basic YW5uOmE6Yg==", basic.Asked[0].Headers["Authorization"]);
        Assert.Equal("t", token.Asked[0].Headers["X-Auth-Token"]);
    }

    [Fact]
    public async Task List_FollowsThePages()
    {
        const string Next = """{"tasks":[{"id":"11111111-1111-4111-8111-111111111111"}],"tasks_links":[{"rel":"next","href":"http://elsewhere"}]}""";
        var handler = new ScriptedHandler(ScriptedHandler.Json(200, Next), ScriptedHandler.Json(200, """{"tasks":[{"id":"22222222-2222-4222-8222-222222222222"}]}"""));
        using var client = Client(handler);

        var ids = await client.Tasks.ListAsync(new() { States = ["failed", "running"], PageSize = 1, Kinds = ["a b"] }).Select(t => t.Id).ToListAsync();

        Assert.Equal([Id, new("22222222-2222-4222-8222-222222222222")], ids);
        Assert.Equal(["GET /v2.1/tasks?state=failed%2Crunning&kind=a%20b&limit=1", $"GET /v2.1/tasks?state=failed%2Crunning&kind=a%20b&limit=1&marker={Id}"], handler.Asked.Select(a => a.Line));
    }

    [Fact]
    public async Task Wait_TakesAsManyPollsAsItNeeds_AndGivesUpInTime()
    {
        var handler = new ScriptedHandler(
            ScriptedHandler.Json(200, Task), ScriptedHandler.Json(200, Task.Replace("running", "needs_attention")),
            _ => { _time.Advance(TimeSpan.FromSeconds(30)); return ScriptedHandler.Json(200, Task)(null!); },
            _ => { _time.Advance(TimeSpan.FromSeconds(10)); return ScriptedHandler.Json(200, Task)(null!); },
            ScriptedHandler.Json(200, Task));
        using var client = Client(handler);

        Assert.Equal("needs_attention", (await client.Tasks.WaitAsync(Id)).State);
        var late = await Assert.ThrowsAsync<TimeoutException>(() => client.Tasks.WaitAsync(Id, TimeSpan.FromSeconds(40)));

        Assert.Contains("running", late.Message);
        Assert.Equal(["wait=30", "wait=30", "wait=30", "wait=10", "wait=0"], handler.Asked.Select(a => a.Line.Split('?')[1]));
    }

    [Fact]
    public void Settings_WithoutAnEndpoint_AreRefused() => Assert.Throws<ArgumentException>(() => new ComputeClient(new ClientSettings()));

    private ComputeClient Client(ScriptedHandler handler, ClientAuth? auth = null) =>
        new(new ClientSettings { Endpoint = new("http://service/v2.1/"), Auth = auth ?? ClientAuth.None, Handler = handler, Time = _time });
}
