using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>What may be done now, and refusals that say so.</summary>
public sealed class AllowedTests : ApiTest
{
    [Fact]
    public async Task Allowed_IdleServer_SaysOfEveryKindTheModeOrTheReason()
    {
        var server = Api.Add(Sample.Server());

        var kinds = await KindsAsync(server);

        Assert.Equal(("now", true, "stop"), ((string)kinds["stop"]["mode"]!, (bool)kinds["stop"]["allowed"]!, (string)kinds["stop"]["action"]!));
        Assert.Equal((null, false), ((string?)kinds["start"]["mode"], (bool)kinds["start"]["allowed"]!));
        Assert.Equal($"Cannot 'start' instance {server.Id} while it is in vm_state active", (string)kinds["start"]["reason"]!);
        Assert.Equal("now", (string)kinds["lock"]["mode"]!);
    }

    [Fact]
    public async Task Allowed_BusyServer_NamesTheTaskAndTheHeader()
    {
        var server = Sample.Server();
        var holder = Sample.Task(server, "reboot");
        Api.Add(server, holder);

        var kinds = await KindsAsync(server);

        Assert.Equal(("queue", "queue", holder.Id.ToString()), ((string)kinds["stop"]["mode"]!, (string)kinds["stop"]["when_busy"]!, (string)kinds["stop"]["task_id"]!));
        Assert.Equal(("supersede", holder.Id.ToString()), ((string)kinds["delete"]["mode"]!, (string)kinds["delete"]["task_id"]!));
        Assert.Equal("alongside", (string)kinds["lock"]["mode"]!);
    }

    [Fact]
    public async Task Allowed_LockedServer_IsAnsweredForTheCaller()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        var server = Sample.Server() with { LockedBy = "admin" };
        Api.Add(server);
        forUser.Add(server);

        var mine = (await forUser.GetAsync($"/v2.1/servers/{server.Id}/tasks?allowed=true")).List("allowed_tasks").Single(k => (string)k!["kind"]! == "stop")!;

        Assert.Equal((false, $"Instance {server.Id} is locked"), ((bool)mine["allowed"]!, (string)mine["reason"]!));
        Assert.True((bool)(await KindsAsync(server))["stop"]["allowed"]!);
    }

    [Theory]
    [InlineData("allowed=perhaps")]
    [InlineData("allowed=true&state=running")]
    public async Task Allowed_BadQuery_400(string query)
    {
        var server = Api.Add(Sample.Server());

        Assert.Equal(400, (await Api.GetAsync($"/v2.1/servers/{server.Id}/tasks?{query}")).Status);
    }

    [Fact]
    public async Task Allowed_False_IsTheList_AndDeletedServersHaveNone()
    {
        var server = Api.Add(Sample.Server());
        var deleted = Api.Add(Sample.Server(state: VmState.Deleted));

        Assert.Empty((await Api.GetAsync($"/v2.1/servers/{server.Id}/tasks?allowed=false")).List("tasks"));
        Assert.Equal(404, (await Api.GetAsync($"/v2.1/servers/{deleted.Id}/tasks?allowed=true")).Status);
    }

    [Fact]
    public async Task Refused_SaysWhatWouldBeAcceptedNow()
    {
        var (server, running) = (Api.Add(Sample.Server()), TaskId.New());
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.Busy, "busy", running, ["delete", "lock"], CanQueue: true) };

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"os-stop":null}""");

        Assert.Equal((409, running.ToString()), (answer.Status, answer.Header("OpenStack-Task")));
        Assert.Equal($"busy (task {running}) (accepted now: delete, lock); with 'When-Busy: queue' it would wait for its turn", answer.Fault("conflictingRequest"));
    }

    [Fact]
    public async Task Command_Refused_SaysWhichCommandsWouldBeAccepted()
    {
        var server = Api.Add(Sample.Server());
        var task = Sample.Task(server, "stop");
        Api.Cloud.Tasks[task.Id] = task;
        Api.Commands.OnCommand = _ => new() { Accepted = false, Refusal = new(RefusalKind.NotNow, "not paused"), Record = task };

        var answer = await Api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"resume":null}""");

        Assert.StartsWith("not paused (accepted now: cancel, pause", answer.Fault("conflictingRequest"), StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, System.Text.Json.Nodes.JsonObject>> KindsAsync(InstanceRecord server) =>
        (await Api.GetAsync($"/v2.1/servers/{server.Id}/tasks?allowed=true")).List("allowed_tasks").ToDictionary(k => (string)k!["kind"]!, k => k!.AsObject());
}
