using InstanceTasks.Engine;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class ServerChangeTests : ApiTest
{
    [Theory]
    [InlineData("""{"os-start":null}""", "start", "2.1")]
    [InlineData("""{"os-stop":null}""", "stop", "2.1")]
    [InlineData("""{"reboot":{"type":"SOFT"}}""", "reboot", "2.1")]
    [InlineData("""{"reboot":{"type":"hard"}}""", "hard-reboot", "2.1")]
    [InlineData("""{"lock":null}""", "lock", "2.1")]
    [InlineData("""{"lock":{"locked_reason":"why"}}""", "lock", "2.73")]
    [InlineData("""{"unlock":null}""", "unlock", "2.1")]
    [InlineData("""{"pause":null}""", "pause", "2.1")]
    [InlineData("""{"unpause":null}""", "unpause", "2.1")]
    [InlineData("""{"suspend":null}""", "suspend", "2.1")]
    [InlineData("""{"resume":null}""", "resume", "2.1")]
    [InlineData("""{"unrescue":null}""", "unrescue", "2.1")]
    [InlineData("""{"changePassword":{"adminPass":"x"}}""", "change-password", "2.1")]
    [InlineData("""{"os-resetState":{"state":"active"}}""", "reset-to-active", "2.1")]
    [InlineData("""{"os-resetState":{"state":"error"}}""", "reset-to-error", "2.1")]
    [InlineData("""{"resize":{"flavorRef":"2"}}""", "resize", "2.1")]
    [InlineData("""{"resize":{"flavorRef":2,"OS-DCF:diskConfig":"AUTO"}}""", "resize", "2.1")]
    [InlineData("""{"revertResize":null}""", "revert-resize", "2.1")]
    public async Task Action_Served_202EmptyWithTaskHeaders(string body, string kind, string version)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body, version);

        Assert.Equal((202, null), (answer.Status, answer.Body));
        Assert.Equal(0, answer.Raw.Content.Headers.ContentLength);
        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((kind, server.Id), (request.Kind.Name, request.Instance));
        Assert.Equal(request.Task.ToString(), answer.Header("OpenStack-Task"));
        Assert.Equal(body.Contains("why", StringComparison.Ordinal) ? "why" : null, request.Change?.LockedReason);
    }

    [Theory]
    [InlineData("""{}""", "2.1", 400)]
    [InlineData("""{"os-start":null,"os-stop":null}""", "2.1", 400)]
    [InlineData("""{"dance":null}""", "2.1", 400)]
    [InlineData("""{"reboot":{"type":"WARM"}}""", "2.1", 400)]
    [InlineData("""{"reboot":null}""", "2.1", 400)]
    [InlineData("""{"reboot":{"type":"SOFT","x":1}}""", "2.1", 400)]
    [InlineData("""{"lock":{"reason":"x"}}""", "2.73", 400)]
    [InlineData("""{"lock":"x"}""", "2.73", 400)]
    [InlineData("""{"pause":{}}""", "2.1", 400)]
    [InlineData("""{"resume":"now"}""", "2.1", 400)]
    [InlineData("""{"changePassword":{}}""", "2.1", 400)]
    [InlineData("""{"changePassword":{"adminPass":1}}""", "2.1", 400)]
    [InlineData("""{"changePassword":{"adminPass":"x","y":1}}""", "2.1", 400)]
    [InlineData("""{"os-resetState":{"state":"stopped"}}""", "2.1", 400)]
    [InlineData("""{"os-resetState":null}""", "2.1", 400)]
    [InlineData("""{"rescue":{"rescue_image_ref":"00000000-0000-0000-0000-000000000000"}}""", "2.1", 400)]
    [InlineData("""{"rescue":{"x":1}}""", "2.1", 400)]
    [InlineData("""{"createImage":{}}""", "2.1", 400)]
    [InlineData("""{"createImage":{"name":"x","y":1}}""", "2.1", 400)]
    [InlineData("""{"rebuild":{}}""", "2.1", 400)]
    [InlineData("""{"rebuild":{"imageRef":"00000000-0000-0000-0000-000000000000"}}""", "2.1", 400)]
    [InlineData("""{"resize":{}}""", "2.1", 400)]
    [InlineData("""{"resize":{"flavorRef":"none"}}""", "2.1", 400)]
    [InlineData("""{"resize":{"flavorRef":"2","x":1}}""", "2.1", 400)]
    [InlineData("""{"resize":{"flavorRef":"2","OS-DCF:diskConfig":"x"}}""", "2.1", 400)]
    [InlineData("""{"confirmResize":{}}""", "2.1", 400)]
    [InlineData("""{"revertResize":"now"}""", "2.1", 400)]
    [InlineData("""{"addFixedIp":{}}""", "2.43", 501)]
    [InlineData("""{"addFixedIp":{}}""", "2.44", 404)]
    [InlineData("""{"trigger_crash_dump":null}""", "2.16", 404)]
    [InlineData("""{"resetNetwork":null}""", "2.1", 410)]
    public async Task Action_NotServed_SaysWhy(string body, string version, int status)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body, version);

        Assert.Equal(status, answer.Status);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Theory]
    [InlineData("""{"rescue":null}""")]
    [InlineData("""{"rescue":{}}""")]
    [InlineData("""{"rescue":{"adminPass":"given"}}""")]
    public async Task Rescue_Accepted_200WithThePasswordThatIsKeptEncryptedOnly(string body)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body);

        var password = answer.Body!["adminPass"]!.GetValue<string>();
        Assert.Equal(200, answer.Status);
        Assert.True(body.Contains("given", StringComparison.Ordinal) ? password == "given" : password.Length == 12);
        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal(("rescue", "admin_pass"), (request.Kind.Name, Assert.Single(request.Secrets).Key));
        Assert.Empty(request.Parameters);
    }

    [Fact]
    public async Task Resize_Accepted_CarriesTheFlavorAsItIsNow()
    {
        var server = Api.Add(Sample.Server());

        await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"resize":{"flavorRef":"3","OS-DCF:diskConfig":"AUTO"}}""");

        var change = Assert.Single(Api.Commands.Submitted).Change!;
        Assert.Equal(("m1.medium", 4096, "AUTO"), (change.Flavor!.Name, change.Flavor.RamMb, change.DiskConfig));
    }

    [Fact]
    public async Task ConfirmResize_Accepted_204()
    {
        var server = Api.Add(Sample.Server(state: VmState.Resized));

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"confirmResize":null}""");

        Assert.Equal((204, null), (answer.Status, answer.Body));
        Assert.Equal(Assert.Single(Api.Commands.Submitted).Task.ToString(), answer.Header("OpenStack-Task"));
    }

    [Fact]
    public async Task ChangePassword_Accepted_ThePasswordIsASecretOfTheTaskOnly()
    {
        var server = Api.Add(Sample.Server());

        await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"changePassword":{"adminPass":"open sesame"}}""");

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal("admin_pass", Assert.Single(request.Secrets).Key);
        Assert.DoesNotContain("sesame", EngineJson.Write(request with { Secrets = [] }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RefusalKind.NotFound, 404, "itemNotFound")]
    [InlineData(RefusalKind.WrongState, 409, "conflictingRequest")]
    [InlineData(RefusalKind.Locked, 409, "conflictingRequest")]
    [InlineData(RefusalKind.NotReady, 409, "conflictingRequest")]
    [InlineData(RefusalKind.NotNow, 409, "conflictingRequest")]
    [InlineData(RefusalKind.Forbidden, 403, "forbidden")]
    [InlineData(RefusalKind.Quota, 403, "forbidden")]
    [InlineData(RefusalKind.Invalid, 400, "badRequest")]
    [InlineData(RefusalKind.KeyReused, 422, "computeFault")]
    public async Task Action_Refused_StatusByKind(RefusalKind kind, int status, string key)
    {
        var server = Api.Add(Sample.Server());
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(kind, "because") };

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"os-stop":null}""");

        Assert.Equal(status, answer.Status);
        Assert.Equal(kind == RefusalKind.NotFound ? $"Instance {server.Id} could not be found." : "because", answer.Fault(key));
    }

    [Fact]
    public async Task Action_Busy_409NamesTheRunningTask()
    {
        var running = TaskId.New();
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.Busy, "Cannot 'stop' instance", running) };

        var answer = await Api.PostAsync($"/v2.1/servers/{Guid.NewGuid()}/action", """{"os-stop":null}""");

        Assert.Equal(409, answer.Status);
        Assert.Contains(running.ToString(), answer.Fault("conflictingRequest"), StringComparison.Ordinal);
        Assert.Equal(running.ToString(), answer.Header("OpenStack-Task"));
        Assert.Contains($"/v2.1/tasks/{running}>", answer.Header("Link")!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("queue", true)]
    [InlineData("Queue", true)]
    [InlineData("refuse", false)]
    public async Task Action_WhenBusyHeader_AsksToQueue(string? value, bool queues)
    {
        var server = Api.Add(Sample.Server());
        (string, string)[] headers = value is null ? [] : [("When-Busy", value)];

        await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"os-stop":null}""", null, headers);

        Assert.Equal(queues, Assert.Single(Api.Commands.Submitted).QueueWhenBusy);
    }

    [Fact]
    public async Task Delete_204WithTaskHeaders_JoinedToo()
    {
        var server = Api.Add(Sample.Server());

        var first = await Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server.Id}", null);
        var running = TaskId.New();
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Joined, Task = running };
        var second = await Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server.Id}", null);

        Assert.Equal((204, 204), (first.Status, second.Status));
        Assert.Equal(Api.Commands.Submitted[0].Task.ToString(), first.Header("OpenStack-Task"));
        Assert.Equal(running.ToString(), second.Header("OpenStack-Task"));
    }

    [Fact]
    public async Task Delete_Unknown_404()
    {
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{Guid.NewGuid()}", null)).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, "/v2.1/servers/name", null)).Status);
    }

    [Theory]
    [InlineData("""{"server":{"name":""}}""", "2.1")]
    [InlineData("""{"server":{"description":"x"}}""", "2.18")]
    [InlineData("""{"server":{"hostname":"x1"}}""", "2.89")]
    [InlineData("""{"server":{"status":"ERROR"}}""", "2.1")]
    [InlineData("""{"name":"x"}""", "2.1")]
    public async Task Update_BadRequest_400(string body, string version)
    {
        var server = Api.Add(Sample.Server());

        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}", body, version)).Status);
    }

    [Fact]
    public async Task Update_Description_CanBecomeNull()
    {
        var server = Api.Add(Sample.Server() with { Description = "old" });

        var answer = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}", """{"server":{"description":null}}""", "2.19");

        Assert.Null(answer["server"]["description"]);
        Assert.True(Api.Commands.Submitted[0].Change!.SetDescription);
        Assert.Null(Api.Cloud.Instances[server.Id].Description);
    }

    [Fact]
    public async Task Update_Nothing_200WithoutATask()
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}", """{"server":{}}""");

        Assert.Equal(200, answer.Status);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Metadata_AllCalls_AsNovas()
    {
        var server = Api.Add(Sample.Server() with { Metadata = new() { ["a"] = "1" } });
        var path = $"/v2.1/servers/{server.Id}/metadata";

        Assert.Equal("""{"metadata":{"a":"1"}}""", (await Api.GetAsync(path)).Body!.ToJsonString());
        Assert.Equal("""{"metadata":{"a":"1","b":"2"}}""", (await Api.PostAsync(path, """{"metadata":{"b":"2"}}""")).Body!.ToJsonString());
        Assert.Equal("""{"meta":{"b":"2"}}""", (await Api.GetAsync($"{path}/b")).Body!.ToJsonString());
        Assert.Equal("""{"meta":{"b":"3"}}""", (await Api.SendAsync(HttpMethod.Put, $"{path}/b", """{"meta":{"b":"3"}}""")).Body!.ToJsonString());
        Assert.Equal(204, (await Api.SendAsync(HttpMethod.Delete, $"{path}/a", null)).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, $"{path}/a", null)).Status);
        Assert.Equal(404, (await Api.GetAsync($"{path}/a")).Status);
        Assert.Equal("""{"metadata":{"c":"4"}}""", (await Api.SendAsync(HttpMethod.Put, path, """{"metadata":{"c":"4"}}""")).Body!.ToJsonString());
        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"{path}/x", """{"meta":{"y":"1"}}""")).Status);
        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"{path}/x", """{"meta":{"x":"1","y":"1"}}""")).Status);
        Assert.Equal(400, (await Api.PostAsync(path, """{"metadata":{"x":1}}""")).Status);
        Assert.All(Api.Commands.Submitted, r => Assert.Equal("metadata", r.Kind.Name));
    }

    [Fact]
    public async Task Metadata_TooManyAfterTheMerge_403()
    {
        var server = Api.Add(Sample.Server() with { Metadata = Enumerable.Range(0, 128).ToDictionary(i => $"k{i}", _ => "v") });

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/metadata", """{"metadata":{"new":"x"}}""");

        Assert.Equal(403, answer.Status);
        Assert.Equal(200, (await Api.PostAsync($"/v2.1/servers/{server.Id}/metadata", """{"metadata":{"k1":"x"}}""")).Status);
    }
}
