using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class TaskTests : ApiTest
{
    private readonly InstanceRecord _server = Sample.Server();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Add(_server);
    }

    [Fact]
    public async Task Show_AllFields()
    {
        var task = Add("create", t => t with { Power = PowerState.Running, WaitReason = "host-1 is full", Steps = [Sample.Step("start", null, "e", failure: new("guest", "m", true, "d"))] });

        var answer = await Api.GetAsync($"/v2.1/tasks/{task.Id}");

        Assert.Equal(
            ["id", "kind", "state", "phase", "intent", "server_id", "parent_id", "project_id", "user_id", "request_id", "created_at", "started_at", "updated_at", "finished_at", "step", "steps", "failure", "waiting_for",
                "not_before", "priority", "deadline_at", "superseded_by", "supersedes", "retry_of", "commands", "checkpoint", "epoch", "plan_version", "progress", "links", "allowed_commands", "queue"],
            answer["task"].Select(p => p.Key));
        Assert.Equal("running", (string)answer["task"]["state"]!);
        Assert.Equal("start", (string)answer["task"]["step"]!);
        Assert.Equal("host-1", (string)answer["task"]["checkpoint"]!["host"]!);
        var step = answer["task"]["steps"]![0]!;
        Assert.Equal(("running", "do", "d", "host-1"), ((string)step["state"]!, (string)step["direction"]!, (string)step["failure"]!["details"]!, (string)step["host"]!));
    }

    [Fact]
    public async Task Show_Users_SeeNeitherHostsNorDetails()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        api.Add(_server);
        var task = Sample.Task(_server, "create").Ended(TaskOutcome.Failed, new("guest", "m", true, "d on host-1")) with { Steps = [Sample.Step("start", "failed", "e", failure: new("guest", "m", true, "d"))] };
        api.Cloud.Tasks[task.Id] = task;

        var answer = await api.GetAsync($"/v2.1/tasks/{task.Id}");

        Assert.DoesNotContain("host-1", answer.Body!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(["kind", "message", "retryable"], answer["task"]["failure"]!.AsObject().Select(p => p.Key));
    }

    [Fact]
    public async Task Show_OtherProjects_404ForUsers()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var task = Sample.Task(_server, "create") with { Project = new("other") };
        api.Cloud.Tasks[task.Id] = task;

        Assert.Equal(404, (await api.GetAsync($"/v2.1/tasks/{task.Id}")).Status);
        Assert.Equal(404, (await api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"cancel":null}""")).Status);
        Assert.Equal(404, (await api.GetAsync("/v2.1/tasks/nonsense")).Status);
        Assert.Contains("archived", (await api.GetAsync($"/v2.1/tasks/{task.Id}")).Body!.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("archived", (await api.GetAsync("/v2.1/tasks/nonsense")).Body!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wait_ReturnsWhenItEnds()
    {
        var task = Add("stop");
        Api.Cloud.OnWait = id => Api.Cloud.Tasks[id] = Api.Cloud.Tasks[id].Ended(TaskOutcome.Succeeded) with { Seq = 9 };

        var answer = await Api.GetAsync($"/v2.1/tasks/{task.Id}?wait=30");

        Assert.Equal("succeeded", (string)answer["task"]["state"]!);
        Assert.Equal((task.Id, TimeSpan.FromSeconds(30)), Assert.Single(Api.Cloud.Waits));
    }

    [Fact]
    public async Task Wait_TimeOver_ReturnsItAsItIs()
    {
        var task = Add("stop");

        var answer = await Api.GetAsync($"/v2.1/tasks/{task.Id}?wait=1");

        Assert.Equal("running", (string)answer["task"]["state"]!);
        Assert.Single(Api.Cloud.Waits);
    }

    [Theory]
    [InlineData("", "created_at desc")]
    [InlineData("?sort_key=updated_at&sort_key=state&sort_dir=asc", "updated_at asc, state asc")]
    [InlineData("?sort_key=finished_at&sort_key=kind&sort_dir=asc&sort_dir=desc", "finished_at asc, kind desc")]
    public async Task List_Sorting_IsHandedToTheStore(string query, string order)
    {
        Assert.Equal(200, (await Api.GetAsync($"/v2.1/tasks{query}")).Status);

        Assert.Equal(order, string.Join(", ", Api.Cloud.LastTaskFilter!.Sort.Select(s => $"{s.Key} {(s.Descending ? "desc" : "asc")}")));
    }

    [Theory]
    [InlineData("sort_key=body")]
    [InlineData("sort_key=created_at&sort_dir=up")]
    [InlineData("sort_key=created_at&sort_dir=asc&sort_dir=asc")]
    public async Task List_SortingThatIsNone_400(string query) => Assert.Equal(400, (await Api.GetAsync($"/v2.1/tasks?{query}")).Status);

    [Fact]
    public async Task Wait_ProcessStops_ReturnsAtOnce()
    {
        await using var api = await ApiHost.StartAsync();
        var task = Sample.Task(_server, "stop");
        api.Cloud.Tasks[task.Id] = task;
        api.Cloud.HoldWaits = new(TaskCreationOptions.RunContinuationsAsynchronously);

        var asked = api.GetAsync($"/v2.1/tasks/{task.Id}?wait=60");
        await api.Cloud.HoldWaits.Task;
        var stopped = api.StopAsync();

        Assert.Equal("running", (string)(await asked.WaitAsync(TimeSpan.FromSeconds(20)))["task"]["state"]!);
        await stopped;
    }

    [Theory]
    [InlineData("wait=61")]
    [InlineData("wait=x")]
    [InlineData("wait=-1")]
    [InlineData("waits=1")]
    public async Task Wait_Bad_400(string query)
    {
        var task = Add("stop");

        Assert.Equal(400, (await Api.GetAsync($"/v2.1/tasks/{task.Id}?{query}")).Status);
    }

    [Theory]
    [InlineData("""{"cancel":null}""", TaskCommandKind.Cancel, null)]
    [InlineData("""{"pause":{}}""", TaskCommandKind.Pause, null)]
    [InlineData("""{"resume":null}""", TaskCommandKind.Resume, null)]
    [InlineData("""{"retry":null}""", TaskCommandKind.Retry, null)]
    [InlineData("""{"skip":{"reason":"by hand"}}""", TaskCommandKind.Skip, "by hand")]
    [InlineData("""{"done":{"reason":"by hand"}}""", TaskCommandKind.Done, "by hand")]
    [InlineData("""{"abandon":null}""", TaskCommandKind.Abandon, null)]
    public async Task Action_Accepted_202WithTaskAndEffect(string body, TaskCommandKind kind, string? reason)
    {
        var task = Add("stop");

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", body);

        Assert.Equal((202, "at once"), (answer.Status, (string)answer.Body!["effect"]!));
        Assert.Equal(task.Id.ToString(), (string)answer["task"]["id"]!);
        var (_, command) = Assert.Single(Api.Commands.Commands);
        Assert.Equal((kind, reason, true), (command.Kind, command.Reason, command.Caller.IsAdmin));
    }

    [Theory]
    [InlineData("""{"skip":null}""")]
    [InlineData("""{"done":{"reason":" "}}""")]
    [InlineData("""{"cancel":{"why":"x"}}""")]
    [InlineData("""{"cancel":"now"}""")]
    [InlineData("""{"explode":null}""")]
    [InlineData("""{}""")]
    public async Task Action_Bad_400(string body)
    {
        var task = Add("stop");

        Assert.Equal(400, (await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", body)).Status);
        Assert.Empty(Api.Commands.Commands);
    }

    [Fact]
    public async Task Action_Refused_409()
    {
        var task = Add("stop");
        Api.Commands.OnCommand = _ => new() { Accepted = false, Refusal = new(RefusalKind.NotNow, "past the point of no return") };

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"cancel":null}""");

        Assert.Equal((409, "past the point of no return"), (answer.Status, answer.Fault("conflictingRequest")));
    }

    [Fact]
    public async Task Action_UnknownOutcome_IsAskedAgainWithTheSameId()
    {
        var task = Add("stop");
        var calls = 0;
        Api.Commands.OnCommand = _ => ++calls switch
        {
            1 => throw new TimeoutException("lost"),
            2 => new() { Accepted = false, Unknown = true },
            _ => new() { Accepted = true, Effect = "recorded before", Record = task },
        };

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"cancel":null}""");

        Assert.Equal((202, 3), (answer.Status, calls));
        Assert.Single(Api.Commands.Commands.Select(c => c.Command.Id).Distinct());
    }

    [Fact]
    public async Task Action_NeverKnown_503NamesTheTask()
    {
        var task = Add("stop");
        Api.Commands.OnCommand = _ => throw new TimeoutException("lost");

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"cancel":null}""");

        Assert.Equal((503, task.Id.ToString()), (answer.Status, answer.Header("OpenStack-Task")));
        Assert.True(Api.Commands.Commands.Count > 1);
    }

    [Fact]
    public async Task List_FiltersAndPages()
    {
        var tasks = Enumerable.Range(0, 3).Select(i => Add("reboot", t => t with { CreatedAt = Sample.Time.AddSeconds(i) })).ToList();
        Add("stop", t => t.Ended(TaskOutcome.Succeeded));

        var page = await Api.GetAsync("/v2.1/tasks?kind=reboot&state=running,waiting&limit=2");
        var rest = await Api.GetAsync((string)page.List("tasks_links")[0]!["href"]!);

        Assert.Equal([tasks[2].Id.ToString(), tasks[1].Id.ToString()], page.List("tasks").Select(t => (string)t!["id"]!));
        Assert.Equal([tasks[0].Id.ToString()], rest.List("tasks").Select(t => (string)t!["id"]!));
        Assert.Single((await Api.GetAsync($"/v2.1/tasks?request_id={tasks[1].Request}")).List("tasks"));
        Assert.Equal(4, (await Api.GetAsync($"/v2.1/servers/{_server.Id}/tasks")).List("tasks").Count);
        Assert.Equal(400, (await Api.GetAsync($"/v2.1/tasks?marker={Guid.NewGuid()}")).Status);
    }

    [Theory]
    [InlineData("state=nope")]
    [InlineData("server_id=x")]
    [InlineData("nope=1")]
    [InlineData("limit=x")]
    public async Task List_BadQuery_400(string query) => Assert.Equal(400, (await Api.GetAsync($"/v2.1/tasks?{query}")).Status);

    [Fact]
    public async Task List_Projects_OwnUnlessAdministrator()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        Add("stop");
        Add("stop", t => t with { Project = new("other") });

        Assert.Single((await Api.GetAsync("/v2.1/tasks")).List("tasks"));
        Assert.Single((await Api.GetAsync("/v2.1/tasks?project=other")).List("tasks"));
        Assert.Equal(2, (await Api.GetAsync("/v2.1/tasks?all_projects=true")).List("tasks").Count);
        Assert.Equal(403, (await forUser.GetAsync("/v2.1/tasks?project=other")).Status);
        Assert.Equal(403, (await forUser.GetAsync("/v2.1/tasks?host=host-1")).Status);
    }

    private TaskRecord Add(string kind, Func<TaskRecord, TaskRecord>? change = null)
    {
        var task = Sample.Task(_server, kind);
        task = change?.Invoke(task) ?? task;
        Api.Cloud.Tasks[task.Id] = task;
        return task;
    }
}
