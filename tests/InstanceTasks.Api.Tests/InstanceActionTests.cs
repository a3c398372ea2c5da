using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class InstanceActionTests : ApiTest
{
    private const string Build = "compute__do_build_and_run_instance";

    private readonly InstanceRecord _server = Sample.Server();

    private string Path => $"/v2.1/servers/{_server.Id}/os-instance-actions";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Add(_server);
    }

    [Fact]
    public async Task List_FollowingItsLinks_MeetsEveryActionOnceNewestFirst()
    {
        Exactness.World.Plant(Api);

        var met = new List<string>();
        for (var next = $"/v2.1/servers/{Exactness.World.Active}/os-instance-actions?limit=1"; next is not null;)
        {
            var page = await Api.GetAsync(next, "2.58");
            met.AddRange(page.List("instanceActions").Select(a => (string)a!["action"]!));
            next = (string?)page.Body!["links"]?[0]!["href"];
        }

        Assert.Equal(["stop", "reboot", "create"], met);
    }

    [Fact]
    public async Task List_OnePerRequestNewestFirst_WithoutNamelessKinds()
    {
        Add("create", 0);
        Add("update", 1);
        Add("metadata", 2);
        Add("hard-reboot", 3);
        var outer = Add("stop", 4);
        Add("start", 5, outer.Request);

        var actions = (await Api.GetAsync(Path)).List("instanceActions");

        Assert.Equal(["stop", "reboot", "create"], actions.Select(a => (string)a!["action"]!));
        Assert.Equal(["action", "instance_uuid", "request_id", "user_id", "project_id", "start_time", "message"], actions[0]!.AsObject().Select(p => p.Key));
        Assert.Equal("2026-01-31T10:11:16.345000", (string)actions[0]!["start_time"]!);
    }

    [Theory]
    [InlineData("2.57", false)]
    [InlineData("2.58", true)]
    public async Task List_UpdatedAt_From58(string version, bool has)
    {
        Add("create", 0);

        var action = Assert.Single((await Api.GetAsync(Path, version)).List("instanceActions"))!.AsObject();

        Assert.Equal(has, action.ContainsKey("updated_at"));
    }

    [Fact]
    public async Task List_Message_ErrorWhenFailedOrNeedsAttention()
    {
        Add("create", 0, change: t => t.Ended(TaskOutcome.Succeeded));
        Add("reboot", 1, change: t => t.Ended(TaskOutcome.Failed, new(FailureKinds.Guest, "m")));
        Add("stop", 2, change: t => t with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention });
        Add("start", 3, change: t => t.Ended(TaskOutcome.Canceled));

        var messages = (await Api.GetAsync(Path)).List("instanceActions").Select(a => (string?)a!["message"]);

        Assert.Equal([null, "Error", "Error", null], messages);
    }

    [Fact]
    public async Task List_Paging_From58()
    {
        var tasks = Enumerable.Range(0, 3).Select(i => Add("reboot", i)).ToList();

        var page = await Api.GetAsync($"{Path}?limit=2", "2.58");
        var next = (string)page.List("links")[0]!["href"]!;
        var last = await Api.GetAsync(next, "2.58");

        Assert.Equal([tasks[2].Request.Value, tasks[1].Request.Value], Ids(page));
        Assert.Equal([tasks[0].Request.Value], Ids(last));
        Assert.Equal(400, (await Api.GetAsync($"{Path}?marker=req-x", "2.58")).Status);
        Assert.Equal(400, (await Api.GetAsync($"{Path}?nonsense=1", "2.58")).Status);
        Assert.Equal(400, (await Api.GetAsync($"{Path}?changes-before=2026-01-01T00:00:00Z", "2.65")).Status);
        Assert.Equal(3, (await Api.GetAsync($"{Path}?limit=1&nonsense=1", "2.57")).List("instanceActions").Count);
    }

    [Fact]
    public async Task List_DeletedServer_From21()
    {
        Add("create", 0);
        Api.Cloud.Instances[_server.Id] = _server with { VmState = VmState.Deleted };

        Assert.Equal(404, (await Api.GetAsync(Path, "2.20")).Status);
        Assert.Single((await Api.GetAsync(Path, "2.21")).List("instanceActions"));
    }

    [Theory]
    [InlineData(1, true, new[] { "event", "start_time", "finish_time", "result", "traceback" })]
    [InlineData(61, true, new[] { "event", "start_time", "finish_time", "result", "traceback" })]
    [InlineData(62, true, new[] { "event", "start_time", "finish_time", "result", "traceback", "hostId", "host" })]
    [InlineData(84, true, new[] { "event", "start_time", "finish_time", "result", "traceback", "hostId", "host", "details" })]
    [InlineData(50, false, null)]
    [InlineData(51, false, new[] { "event", "start_time", "finish_time", "result" })]
    [InlineData(62, false, new[] { "event", "start_time", "finish_time", "result", "hostId" })]
    [InlineData(84, false, new[] { "event", "start_time", "finish_time", "result", "hostId" })]
    public async Task Show_EventFields_ByMicroversionAndRole(int minor, bool admin, string[]? fields)
    {
        await using var api = await ApiHost.StartAsync(admin: admin);
        api.Add(_server);
        var task = Sample.Task(_server, "create").Ended(TaskOutcome.Succeeded) with { Steps = [Sample.Step("start-machine", "done", Build)] };
        api.Cloud.Tasks[task.Id] = task;

        var action = (await api.GetAsync($"{Path}/{task.Request}", $"2.{minor}"))["instanceAction"];

        Assert.Equal(fields, ((JsonArray?)action["events"])?[0]!.AsObject().Select(p => p.Key));
    }

    [Fact]
    public async Task Show_StepsOfOneEvent_AreOneRun()
    {
        var task = Add("create", 0, change: t => t.Ended(TaskOutcome.Succeeded) with
        {
            Steps = [Sample.Step("choose-host", "done", Build), Sample.Step("records", "done", null, 1), Sample.Step("define", "done", Build, 2), Sample.Step("x", "done", "other", 3)],
        });

        var events = await EventsAsync(task);

        Assert.Equal(["other", Build], events.Select(e => (string)e!["event"]!));
        Assert.Equal(("2026-01-31T10:11:12.345000", "2026-01-31T10:11:15.345000", "Success"), ((string)events[1]!["start_time"]!, (string)events[1]!["finish_time"]!, (string)events[1]!["result"]!));
    }

    [Fact]
    public async Task Show_Running_HasNoResultYetAlsoBetweenSteps()
    {
        var task = Add("create", 0, change: t => t with { Steps = [Sample.Step("choose-host", "done", Build)] });

        var found = Assert.Single(await EventsAsync(task))!;

        Assert.Equal((null, null), ((string?)found["finish_time"], (string?)found["result"]));
    }

    [Fact]
    public async Task Show_Failed_ErrorWithTheReasonForAdministrators()
    {
        var failure = new Failure(FailureKinds.Guest, "The guest did not restart.", Details: "driver said no");
        var task = Add("reboot", 0, change: t => t.Ended(TaskOutcome.Failed, failure) with { Steps = [Sample.Step("reboot", "failed", "compute_reboot_instance", failure: failure)] });

        var found = Assert.Single(await EventsAsync(task))!;

        Assert.Equal(("Error", "The guest did not restart.", "driver said no", "host-1"), ((string)found["result"]!, (string)found["details"]!, (string)found["traceback"]!, (string)found["host"]!));
    }

    [Fact]
    public async Task Show_Unknown_404()
    {
        var answer = await Api.GetAsync($"{Path}/req-nothing");

        Assert.Equal((404, "Action req-nothing not found"), (answer.Status, answer.Fault("itemNotFound")));
    }

    private TaskRecord Add(string kind, int at, RequestId? request = null, Func<TaskRecord, TaskRecord>? change = null)
    {
        var task = Sample.Task(_server, kind) with { CreatedAt = Sample.Time.AddSeconds(at) };
        task = request is { } id ? task with { Request = id } : task;
        task = change?.Invoke(task) ?? task;
        Api.Cloud.Tasks[task.Id] = task;
        return task;
    }

    private async Task<JsonArray> EventsAsync(TaskRecord task) => (await Api.GetAsync($"{Path}/{task.Request}", "2.96"))["instanceAction"]["events"]!.AsArray();

    private static IEnumerable<string> Ids(Answer answer) => answer.List("instanceActions").Select(a => (string)a!["request_id"]!);
}
