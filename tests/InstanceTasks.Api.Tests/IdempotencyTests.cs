using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests;

/// <summary><c>Idempotency-Key</c> on every call that changes something.</summary>
public sealed class IdempotencyTests : ApiTest
{
    private const string PairBody = """{"keypair":{"name":"k"}}""";

    private readonly InstanceRecord _server = Sample.Server() with { Metadata = new() { ["k"] = "v" } };
    private readonly TaskRecord _task;

    public IdempotencyTests() => _task = Sample.Task(_server, "stop");

    public static TheoryData<string, string, string?> Calls => new()
    {
        { "DELETE", "/v2.1/servers/{server}", null },
        { "PUT", "/v2.1/servers/{server}", """{"server":{"name":"b"}}""" },
        { "POST", "/v2.1/servers/{server}/action", """{"os-stop":null}""" },
        { "POST", "/v2.1/servers/{server}/tasks", """{"task":{"kind":"stop"}}""" },
        { "POST", "/v2.1/servers/{server}/metadata", """{"metadata":{"a":"b"}}""" },
        { "PUT", "/v2.1/servers/{server}/metadata", """{"metadata":{"a":"b"}}""" },
        { "PUT", "/v2.1/servers/{server}/metadata/a", """{"meta":{"a":"b"}}""" },
        { "DELETE", "/v2.1/servers/{server}/metadata/k", null },
        { "POST", "/v2.1/tasks/{task}/action", """{"pause":null}""" },
        { "POST", "/v2.1/os-keypairs", PairBody },
        { "DELETE", "/v2.1/os-keypairs/old", null },
        { "POST", "/v2.1/flavors", """{"flavor":{"name":"f","ram":64,"vcpus":1,"disk":1}}""" },
        { "PUT", "/v2.1/flavors/1", """{"flavor":{"description":"d"}}""" },
        { "DELETE", "/v2.1/flavors/2", null },
        { "POST", "/v2.1/flavors/1/os-extra_specs", """{"extra_specs":{"a":"b"}}""" },
        { "PUT", "/v2.1/flavors/1/os-extra_specs/a", """{"a":"c"}""" },
        { "DELETE", "/v2.1/flavors/3/os-extra_specs/s", null },
    };

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Add(_server);
        Api.Cloud.Tasks[_task.Id] = _task;
        Api.Catalog.Pairs.Add(new(new("demo-user"), "old", "ssh-rsa A", "f", "ssh", Sample.Time));
        Api.Catalog.Flavors["3"] = Api.Catalog.Flavors["3"] with { ExtraSpecs = new Dictionary<string, string> { ["s"] = "t" } };
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Key_Repeated_SameAnswerAndOneEffect(string method, string path, string? body)
    {
        var first = await SendAsync(method, path, body);
        var (submitted, commands) = (Api.Commands.Submitted.Count, Api.Commands.Commands.Count);
        var again = await SendAsync(method, path, body);

        Assert.True(first.Status < 300, first.Body?.ToJsonString());
        Assert.Equal(first.Status, again.Status);
        Assert.Equal(first.Body?.ToJsonString(), again.Body?.ToJsonString());
        Assert.Equal(first.Header("OpenStack-Task"), again.Header("OpenStack-Task"));
        Assert.Equal((submitted, commands), (Api.Commands.Submitted.Count, Api.Commands.Commands.Count));
        Assert.Single(Api.Journal.Keys);
    }

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task Key_UsedForAnotherCall_422(string method, string path, string? body)
    {
        Assert.Equal(201, (await Api.PostAsync("/v2.1/os-keypairs", """{"keypair":{"name":"other"}}""", "2.60", ("Idempotency-Key", "key"))).Status);

        var answer = await SendAsync(method, path, body);

        Assert.Equal(422, answer.Status);
        Assert.Empty(Api.Commands.Submitted);
        Assert.Empty(Api.Commands.Commands);
    }

    [Fact]
    public async Task Key_OfAKeyPair_RepeatsThePrivateKeyWhichIsStoredSealed()
    {
        var first = await SendAsync("POST", "/v2.1/os-keypairs", PairBody);
        var again = await SendAsync("POST", "/v2.1/os-keypairs", PairBody);

        Assert.Contains("PRIVATE KEY", (string)again["keypair"]["private_key"]!, StringComparison.Ordinal);
        Assert.Equal((string)first["keypair"]["private_key"]!, (string)again["keypair"]["private_key"]!);
        Assert.DoesNotContain("private_key", Api.Journal.Keys.Values.Single().Answer.Body, StringComparison.Ordinal);
        Api.Cloud.Secrets.Clear();
        Assert.Null((await SendAsync("POST", "/v2.1/os-keypairs", PairBody))["keypair"]["private_key"]);
    }

    [Fact]
    public async Task Key_TwoInFlight_TheLoserAnswersFromTheRow()
    {
        // The winner's effect and row come between this call's look and its own effect.
        var winner = await SendAsync("POST", "/v2.1/os-keypairs", PairBody);
        var row = Api.Journal.Keys.Single();
        Api.Journal.Keys.Clear();
        Api.Journal.HideKeyOnce(row.Key, row.Value);

        var loser = await SendAsync("POST", "/v2.1/os-keypairs", PairBody);

        Assert.Equal((winner.Status, winner.Body!.ToJsonString()), (loser.Status, loser.Body!.ToJsonString()));
    }

    [Fact]
    public async Task Key_CannotBeRecorded_TheAnswerIsGivenAllTheSame()
    {
        Api.Journal.BeforeKey = () => throw new CommitOutcomeUnknownException("lost");

        var answer = await SendAsync("POST", "/v2.1/os-keypairs", PairBody);

        Assert.Equal(201, answer.Status);
        Assert.Contains(Api.Logs.Entries, e => e.Text.Contains("could not be recorded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Key_OfACommand_GivesTheCommandTheSameIdAfterACrash()
    {
        await SendAsync("POST", "/v2.1/tasks/{task}/action", """{"pause":null}""");
        Api.Journal.Keys.Clear();
        await SendAsync("POST", "/v2.1/tasks/{task}/action", """{"pause":null}""");

        Assert.Equal(2, Api.Commands.Commands.Count);
        Assert.Single(Api.Commands.Commands.Select(c => c.Command.Id).Distinct());
    }

    [Fact]
    public async Task Key_OfAJoinedDelete_IsRecorded()
    {
        var running = TaskId.New();
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Joined, Task = running };

        var first = await SendAsync("DELETE", "/v2.1/servers/{server}", null);
        Api.Commands.Decide = _ => throw new InvalidOperationException("asked again");
        var again = await SendAsync("DELETE", "/v2.1/servers/{server}", null);

        Assert.Equal((204, running.ToString()), (first.Status, first.Header("OpenStack-Task")));
        Assert.Equal((204, running.ToString()), (again.Status, again.Header("OpenStack-Task")));
    }

    [Fact]
    public async Task Key_ARefusedCall_IsNotRecorded()
    {
        Assert.Equal(404, (await SendAsync("DELETE", "/v2.1/os-keypairs/none", null)).Status);
        Assert.Empty(Api.Journal.Keys);
    }

    [Fact]
    public void Routes_EveryOneThatChangesSomething_KnowsKeys()
    {
        var routes = Api.Routes.Where(r => r.Method is "POST" or "PUT" or "DELETE" or "PATCH").ToList();

        Assert.NotEmpty(routes);
        Assert.All(routes, r => Assert.True(r.HasDryRun || r.RecordsKey, $"{r.Method} {r.Template}"));
    }

    private Task<Answer> SendAsync(string method, string path, string? body) => Api.SendAsync(
        new(method), path.Replace("{server}", _server.Id.ToString(), StringComparison.Ordinal).Replace("{task}", _task.Id.ToString(), StringComparison.Ordinal), body, "2.60", ("Idempotency-Key", "key"));
}
