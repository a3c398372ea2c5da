using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary><c>?dry_run=true</c>, and <c>POST /servers/{id}/tasks</c>.</summary>
public sealed class DryRunTests : ApiTest
{
    private const string Create = """{"server":{"name":"a","flavorRef":"1","imageRef":"6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60","networks":"none"}}""";

    public static TheoryData<string, string, string?> Calls => new()
    {
        { "POST", "action", """{"os-stop":null}""" },
        { "POST", "action", """{"lock":null}""" },
        { "POST", "tasks", """{"task":{"kind":"stop"}}""" },
        { "DELETE", "", null },
        { "PUT", "", """{"server":{"name":"b"}}""" },
        { "POST", "metadata", """{"metadata":{"a":"b"}}""" },
        { "PUT", "metadata", """{"metadata":{"a":"b"}}""" },
        { "PUT", "metadata/a", """{"meta":{"a":"b"}}""" },
        { "DELETE", "metadata/k", null },
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public async Task DryRun_OfEveryCallOnAServer_200AndNothingIsAsked(string method, string path, string? body)
    {
        var server = Api.Add(Sample.Server() with { Metadata = new() { ["k"] = "v" } });

        var answer = await Api.SendAsync(new(method), $"/v2.1/servers/{server.Id}/{path}".TrimEnd('/') + "?dry_run=true", body, "2.96", ("Idempotency-Key", "k1"));

        Assert.True(answer.Status == 200, answer.Body?.ToJsonString());
        Assert.Equal("now", (string)answer["dry_run"]["decision"]!);
        Assert.Null(answer.Header("OpenStack-Task"));
        Assert.Empty(Api.Commands.Submitted);
        Assert.Empty(Api.Journal.Keys);
    }

    [Fact]
    public async Task DryRun_OfACreate_ShowsPlanPlaceAndUndo()
    {
        var answer = await Api.PostAsync("/v2.1/servers?dry_run=true", Create, "2.96");

        var run = answer["dry_run"];
        Assert.Equal((200, "create", "now", null), (answer.Status, (string)run["kind"]!, (string)run["decision"]!, (string?)run["server_id"]));
        Assert.Equal(["choose-host", "prepare-disk", "define-machine", "start-machine"], run["steps"]!.AsArray().Select(s => (string)s!["name"]!));
        Assert.Equal(["start-machine", "define-machine", "prepare-disk", "choose-host"], run["undo"]!.AsArray().Select(s => (string)s!["step"]!));
        var placement = run["placement"]!;
        Assert.Equal((true, "host-1", "disabled: under repair"), ((bool)placement["found"]!, (string)placement["host"]!, (string)placement["refused_hosts"]!["host-2"]!));
        Assert.Equal(600, (double)run["steps"]![1]!["timeout_seconds"]!);
        Assert.Empty(Api.Cloud.Instances);
    }

    [Fact]
    public async Task DryRun_OfADelete_NamesThePointOfNoReturnAndWhyThereIsNoUndo()
    {
        var server = Api.Add(Sample.Server());

        var run = (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server.Id}?dry_run=1", null))["dry_run"];

        Assert.Equal("power-off", (string)run["point_of_no_return"]!);
        Assert.Empty(run["undo"]!.AsArray());
        Assert.Equal(("never", "the owner asked for the machine to be gone"), ((string)run["steps"]![0]!["cancel"]!, (string)run["steps"]![0]!["no_undo_because"]!));
    }

    [Fact]
    public async Task DryRun_OfWhatWouldBeRefused_200WithTheReason()
    {
        var server = Sample.Server();
        var holder = Sample.Task(server, "reboot");
        Api.Add(server, holder);

        var run = (await Api.PostAsync($"/v2.1/servers/{server.Id}/action?dry_run=true", """{"os-stop":null}"""))["dry_run"];
        var queued = (await Api.PostAsync($"/v2.1/servers/{server.Id}/action?dry_run=true", """{"os-stop":null}""", null, ("When-Busy", "queue")))["dry_run"];

        Assert.Equal(("refuse", 409, true, holder.Id.ToString()), ((string)run["decision"]!, (int)run["refusal"]!["code"]!, (bool)run["refusal"]!["can_queue"]!, (string)run["task_id"]!));
        Assert.Contains("delete", run["refusal"]!["accepted_now"]!.AsArray().Select(k => (string)k!));
        Assert.Equal(("queue", holder.Id.ToString()), ((string)queued["decision"]!, (string)queued["task_id"]!));
    }

    [Fact]
    public async Task DryRun_Users_SeeNoHosts()
    {
        await using var api = await ApiHost.StartAsync(admin: false);

        var answer = await api.PostAsync("/v2.1/servers?dry_run=true", Create, "2.96");

        Assert.Equal(200, answer.Status);
        Assert.DoesNotContain("host-1", answer.Body!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task DryRun_OfACommand_SaysWhatItWouldDo()
    {
        var server = Api.Add(Sample.Server());
        var task = Sample.Task(server, "stop");
        Api.Cloud.Tasks[task.Id] = task;

        var pause = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action?dry_run=true", """{"pause":null}""");
        var resume = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action?dry_run=true", """{"resume":null}""");

        Assert.Equal((200, "accept", "takes effect after step 'shut-down-guest'"), (pause.Status, (string)pause["dry_run"]["decision"]!, (string)pause["dry_run"]["effect"]!));
        Assert.Equal((200, "refuse", $"Task {task.Id} is not paused; it is running."), (resume.Status, (string)resume["dry_run"]["decision"]!, (string)resume["dry_run"]["reason"]!));
        Assert.Empty(Api.Commands.Commands);
    }

    [Theory]
    [InlineData("POST", "/v2.1/os-keypairs?dry_run=true", """{"keypair":{"name":"k"}}""")]
    [InlineData("DELETE", "/v2.1/os-keypairs/k?dry_run=true", null)]
    [InlineData("DELETE", "/v2.1/flavors/1?dry_run=true", null)]
    public async Task DryRun_WhereThereIsNone_400AndNothingIsDone(string method, string path, string? body)
    {
        var answer = await Api.SendAsync(new(method), path, body);

        Assert.Equal((400, "dry_run is not available for this call; nothing was done."), (answer.Status, answer.Fault("badRequest")));
        Assert.Equal((4, 0), (Api.Catalog.Flavors.Count, Api.Catalog.Pairs.Count));
    }

    [Fact]
    public async Task DryRun_OfAnUnknownServer_404() =>
        Assert.Equal(404, (await Api.PostAsync($"/v2.1/servers/{Guid.NewGuid()}/action?dry_run=true", """{"os-stop":null}""")).Status);

    [Fact]
    public async Task ServerTasks_Post_202WithTheTask()
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/tasks", """{"task":{"kind":"lock","parameters":{"locked_reason":"mine"}}}""");

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal(("lock", "mine"), (request.Kind.Name, request.Change!.LockedReason));
        Assert.Equal((202, request.Task.ToString()), (answer.Status, (string)answer["task"]["id"]!));
        Assert.EndsWith($"/v2.1/tasks/{request.Task}", answer.Header("Location"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"task":{"kind":"levitate"}}""")]
    [InlineData("""{"task":{"kind":"create"}}""")]
    [InlineData("""{"task":{"kind":"stop","parameters":{"hard":true}}}""")]
    [InlineData("""{"task":{"kind":"stop","priority_":1}}""")]
    [InlineData("""{"task":{}}""")]
    public async Task ServerTasks_Bad_400(string body)
    {
        var server = Api.Add(Sample.Server());

        Assert.Equal(400, (await Api.PostAsync($"/v2.1/servers/{server.Id}/tasks", body)).Status);
        Assert.Empty(Api.Commands.Submitted);
    }
}
