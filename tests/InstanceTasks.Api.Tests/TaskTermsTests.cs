using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>Deadlines, priorities and queues.</summary>
public sealed class TaskTermsTests : ApiTest
{
    private readonly InstanceRecord _server = Sample.Server();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Add(_server);
    }

    [Fact]
    public async Task Action_Headers_BecomeTheTasksTerms()
    {
        var answer = await Api.PostAsync($"/v2.1/servers/{_server.Id}/action", """{"os-stop":null}""", null, ("Task-Deadline", "90.5"), ("Task-Priority", "high"));

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((202, TimeSpan.FromSeconds(90.5), 8), (answer.Status, request.DeadlineIn!.Value, request.Priority!.Value));
    }

    [Fact]
    public async Task Action_NoHeaders_NoTerms()
    {
        await Api.PostAsync($"/v2.1/servers/{_server.Id}/action", """{"os-stop":null}""");

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((null, null), (request.DeadlineIn, request.Priority));
    }

    [Fact]
    public async Task ServerTasks_Fields_BecomeTheTasksTerms()
    {
        var until = TimeProvider.System.GetUtcNow().AddHours(1).ToString("O");

        await Api.PostAsync($"/v2.1/servers/{_server.Id}/tasks", """{"task":{"kind":"stop","deadline":"UNTIL","priority":3}}""".Replace("UNTIL", until, StringComparison.Ordinal));

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.InRange(request.DeadlineIn!.Value, TimeSpan.FromMinutes(55), TimeSpan.FromHours(1));
        Assert.Equal(3, request.Priority);
    }

    [Theory]
    [InlineData("Task-Deadline", "soon")]
    [InlineData("Task-Deadline", "0")]
    [InlineData("Task-Deadline", "-5")]
    [InlineData("Task-Deadline", "1999-01-01T00:00:00Z")]
    [InlineData("Task-Deadline", "99999999")]
    [InlineData("Task-Deadline", "NaN")] // it is a number to the parser, and was a 500
    [InlineData("Task-Deadline", "Infinity")]
    [InlineData("Task-Priority", "urgent")]
    [InlineData("Task-Priority", "10")]
    public async Task Action_BadTerms_400(string header, string value)
    {
        Assert.Equal(400, (await Api.PostAsync($"/v2.1/servers/{_server.Id}/action", """{"os-stop":null}""", null, (header, value))).Status);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Priority_AboveNormal_403ForUsers()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        api.Add(_server);
        var task = Sample.Task(_server, "stop");
        api.Cloud.Tasks[task.Id] = task;

        Assert.Equal(403, (await api.PostAsync($"/v2.1/servers/{_server.Id}/action", """{"os-stop":null}""", null, ("Task-Priority", "6"))).Status);
        Assert.Equal(403, (await api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"set_priority":{"priority":"high"}}""")).Status);
        Assert.Equal(202, (await api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"set_priority":{"priority":"low"}}""")).Status);
    }

    [Theory]
    [InlineData("""{"set_priority":{"priority":7,"reason":"r"}}""", 7)]
    [InlineData("""{"set_priority":{"priority":"normal"}}""", 5)]
    public async Task SetPriority_IsACommand(string body, int priority)
    {
        var task = Add("stop");

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", body);

        Assert.Equal(202, answer.Status);
        Assert.Equal((TaskCommandKind.SetPriority, priority), (Api.Commands.Commands[0].Command.Kind, Api.Commands.Commands[0].Command.Priority!.Value));
    }

    [Theory]
    [InlineData("""{"set_priority":null}""")]
    [InlineData("""{"set_priority":{}}""")]
    [InlineData("""{"set_priority":{"priority":true}}""")]
    [InlineData("""{"cancel":{"priority":1}}""")]
    public async Task SetPriority_Bad_400(string body)
    {
        var task = Add("stop");

        Assert.Equal(400, (await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", body)).Status);
    }

    [Fact]
    public async Task Show_Terms()
    {
        var task = Add("stop", t => t with { Priority = 2, DeadlineIn = TimeSpan.FromMinutes(1) });

        var shown = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"];

        Assert.Equal((2, "2026-01-31T10:12:12.345000Z"), ((int)shown["priority"]!, (string)shown["deadline_at"]!));
    }

    [Fact]
    public async Task Queue_OfTheServer_PositionHolderAndAnEstimateFromHistory()
    {
        var now = TimeProvider.System.GetUtcNow();
        var holder = Add("stop", t => t with { StartedAt = now.AddSeconds(-10) });
        var before = Add("start", Waiting);
        var task = Add("reboot", Waiting);
        Api.Cloud.Instances[_server.Id] = _server with { Holder = Ref(holder), Queue = [Ref(before), Ref(task)] };
        foreach (var (kind, seconds) in new[] { ("stop", 20), ("stop", 30), ("stop", 90), ("start", 5), ("start", 5), ("start", 5) })
        {
            Add(kind, t => t.Ended(TaskOutcome.Succeeded) with { FinishedAt = Sample.Time.AddSeconds(seconds) });
        }

        var queue = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["queue"]!;

        Assert.Equal(("server", 2), ((string)queue["limit"]!, (int)queue["ahead"]!));
        Assert.Equal([holder.Id.ToString(), before.Id.ToString()], queue["held_by"]!.AsArray().Select(t => (string)t!));
        Assert.InRange((double)queue["estimate_seconds"]!, 20, 25.5);
    }

    [Fact]
    public async Task Queue_WithoutEnoughHistory_HasNoEstimate()
    {
        var holder = Add("stop", t => t with { StartedAt = TimeProvider.System.GetUtcNow() });
        var task = Add("start", Waiting);
        Api.Cloud.Instances[_server.Id] = _server with { Holder = Ref(holder), Queue = [Ref(task)] };

        var queue = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["queue"]!;

        Assert.Equal(1, (int)queue["ahead"]!);
        Assert.Null(queue["estimate_seconds"]);
    }

    [Fact]
    public async Task Queue_OfAHost_LimitAndWhoHasIt_ForAdministrators()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        forUser.Add(_server);
        var other = TaskId.New();
        var task = Add("stop", t => t with { Run = TaskRun.Waiting, WaitReason = "r", Wait = new(WaitLimits.Kind, 4, [other]) });
        forUser.Cloud.Tasks[task.Id] = task;

        var queue = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["queue"]!;
        var users = (await forUser.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["queue"]!;

        Assert.Equal(("kind", 4, other.ToString()), ((string)queue["limit"]!, (int)queue["ahead"]!, (string)queue["held_by"]![0]!));
        Assert.Equal(("kind", null), ((string)users["limit"]!, (string?)users["held_by"]));
    }

    private static TaskRecord Waiting(TaskRecord task) => task with { Run = TaskRun.Queued, Turn = 0, StartedAt = null };

    private static TaskRef Ref(TaskRecord task) => new(task.Id, task.Kind, task.Request);

    private TaskRecord Add(string kind, Func<TaskRecord, TaskRecord>? change = null)
    {
        var task = Sample.Task(_server, kind);
        task = change?.Invoke(task) ?? task;
        Api.Cloud.Tasks[task.Id] = task;
        return task;
    }
}
