using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests;

/// <summary>What a task says about commands, and repeats of ended tasks.</summary>
public sealed class TaskCommandTests : ApiTest
{
    private readonly InstanceRecord _server = Sample.Server();

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Api.Add(_server);
    }

    [Fact]
    public async Task Show_Commands_SaysWhoWhenAndWhy()
    {
        var command = new CommandRecord(Guid.NewGuid(), TaskCommandKind.Pause, new("ann"), Sample.Time, "lunch");
        var task = Add("stop", t => t with { Commands = [command] });

        var shown = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["commands"]![0]!.AsObject();

        Assert.Equal(
            (command.Id.ToString(), "pause", "ann", "2026-01-31T10:11:12.345000Z", "lunch"),
            ((string)shown["id"]!, (string)shown["command"]!, (string)shown["user_id"]!, (string)shown["at"]!, (string)shown["reason"]!));
    }

    [Fact]
    public async Task Show_AllowedCommands_SaysOfEachWhatItWouldDoOrWhyNot()
    {
        var task = Add("stop");

        var allowed = (await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["allowed_commands"]!.AsObject();

        Assert.Equal(Enum.GetValues<TaskCommandKind>().Length, allowed.Count);
        Assert.True((bool)allowed["pause"]!["allowed"]!);
        Assert.Equal("takes effect after step 'shut-down-guest'", (string)allowed["pause"]!["effect"]!);
        Assert.False((bool)allowed["resume"]!["allowed"]!);
        Assert.Equal($"Task {task.Id} is not paused; it is running.", (string)allowed["resume"]!["reason"]!);
        Assert.True((bool)allowed["skip"]!["needs_reason"]!);
    }

    [Fact]
    public async Task Show_AKindOfANewerRelease_OffersNothing()
    {
        var task = Add("levitate");

        Assert.Empty((await Api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["allowed_commands"]!.AsObject());
    }

    [Fact]
    public async Task List_Tasks_SaysNothingOfWhatIsAllowed()
    {
        Add("stop");

        Assert.False((await Api.GetAsync("/v2.1/tasks")).List("tasks")[0]!.AsObject().ContainsKey("allowed_commands"));
    }

    [Theory]
    [InlineData(TaskOutcome.Failed)]
    [InlineData(TaskOutcome.Canceled)]
    public async Task Retry_OfAnEndedTask_MakesANewOne(TaskOutcome outcome)
    {
        var task = Add("reboot", t => t.Ended(outcome) with { Parameters = new() { ["a"] = "b" } });

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":{"reason":"repaired"}}""", null, ("When-Busy", "queue"));

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((task.Id, "reboot", "repaired", "b", true), (request.RetryOf!.Value, request.Kind.Name, request.Reason, request.Parameters["a"], request.QueueWhenBusy));
        Assert.Equal((202, request.Task.ToString(), request.Task.ToString()), (answer.Status, (string)answer["task"]["id"]!, answer.Header("OpenStack-Task")));
        Assert.Empty(Api.Commands.Commands);
    }

    // Found in review: the repeat of a rebuild had no password, shut the server off, and stopped there each time.
    [Theory]
    [InlineData(true, 202)]
    [InlineData(false, 409)]
    public async Task Retry_OfATaskWithAPassword_TakesItAlongOrIsRefused(bool kept, int status)
    {
        var protector = new FakeProtector();
        var task = Sample.Task(Api.Add(Sample.Server()), "rebuild").Ended(TaskOutcome.Failed);
        Api.Cloud.Tasks[task.Id] = task;
        if (kept)
        {
            Api.Cloud.Secrets[(task.Id.Value, SecretNames.AdminPassword)] = protector.Protect(task.Id.Value, SecretNames.AdminPassword, "given");
        }

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":null}""");

        Assert.Equal(status, answer.Status);
        var passwords = Api.Commands.Submitted.Select(r => protector.Unprotect(r.Task.Value, SecretNames.AdminPassword, r.Secrets[SecretNames.AdminPassword]));
        Assert.Equal(kept ? new[] { "given" } : [], passwords);
    }

    [Fact]
    public async Task Retry_OfASucceededTask_409()
    {
        var task = Add("reboot", t => t.Ended(TaskOutcome.Succeeded));

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":null}""");

        Assert.Equal(409, answer.Status);
        Assert.StartsWith($"Task {task.Id} has succeeded: there is nothing to retry.", answer.Fault("conflictingRequest"), StringComparison.Ordinal);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Retry_Refused_409NamesTheRunningTask()
    {
        var (task, running) = (Add("reboot", t => t.Ended(TaskOutcome.Failed)), TaskId.New());
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.Busy, "busy", running) };

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":null}""");

        Assert.Equal((409, running.ToString()), (answer.Status, answer.Header("OpenStack-Task")));
    }

    private TaskRecord Add(string kind, Func<TaskRecord, TaskRecord>? change = null)
    {
        var task = Sample.Task(_server, kind);
        task = change?.Invoke(task) ?? task;
        Api.Cloud.Tasks[task.Id] = task;
        return task;
    }
}
