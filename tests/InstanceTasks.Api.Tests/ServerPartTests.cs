using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests;

/// <summary>What is below a server: tags and the small resources; and the groups that servers are in.</summary>
public sealed class ServerPartTests : ApiTest
{
    [Fact]
    public async Task Tags_OfAServer_AreWrittenByTasks()
    {
        var server = Api.Add(Sample.Server() with { Tags = ["a"] });

        Assert.Equal(["a"], (await Api.GetAsync($"/v2.1/servers/{server.Id}/tags", "2.26")).List("tags").Select(t => (string)t!));
        Assert.Equal((204, 404), ((await TagAsync(HttpMethod.Get, server, "a")).Status, (await TagAsync(HttpMethod.Get, server, "b")).Status));
        var added = await TagAsync(HttpMethod.Put, server, "b");
        Assert.Equal((201, $"{Api.BaseUrl}/v2.1/servers/{server.Id}/tags/b"), (added.Status, added.Raw.Headers.Location!.ToString()));
        Assert.Equal(204, (await TagAsync(HttpMethod.Put, server, "a")).Status);
        Assert.Equal((204, 404), ((await TagAsync(HttpMethod.Delete, server, "a")).Status, (await TagAsync(HttpMethod.Delete, server, "x")).Status));
        var replaced = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}/tags", """{"tags":["x","y","x"]}""", "2.26");
        Assert.Equal(["x", "y"], replaced.List("tags").Select(t => (string)t!));
        Assert.Equal(204, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server.Id}/tags", null, "2.26")).Status);
        Assert.Equal(["b", "a"], Api.Commands.Submitted.Select(s => s.Change?.AddTag).OfType<string>());
        Assert.Equal(["a"], Api.Commands.Submitted.Select(s => s.Change?.RemoveTag).OfType<string>());
        Assert.All(Api.Commands.Submitted, s => Assert.Equal(TaskKinds.Metadata, s.Kind));
        Assert.Equal(404, (await Api.GetAsync($"/v2.1/servers/{server.Id}/tags", "2.25")).Status);
    }

    [Theory]
    [InlineData("""{"tags":["a,b"]}""")]
    [InlineData("""{"tags":[""]}""")]
    [InlineData("""{"tags":[1]}""")]
    [InlineData("""{"tags":"a"}""")]
    [InlineData("""{}""")]
    [InlineData("""{"tags":[],"x":1}""")]
    public async Task Tags_BadList_IsRefused(string body)
    {
        var server = Api.Add(Sample.Server());

        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}/tags", body, "2.26")).Status);
    }

    [Fact]
    public async Task Tags_MoreThanFifty_AreRefused()
    {
        var full = Api.Add(Sample.Server() with { Tags = [.. Enumerable.Range(0, 50).Select(i => $"t{i}")] });
        var many = string.Join(',', Enumerable.Range(0, 51).Select(i => $"\"t{i}\""));

        Assert.Equal(400, (await TagAsync(HttpMethod.Put, full, "one-more")).Status);
        Assert.Equal(204, (await TagAsync(HttpMethod.Put, full, "t7")).Status);
        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{full.Id}/tags", $$"""{"tags":[{{many}}]}""", "2.26")).Status);
        Assert.Equal(400, (await TagAsync(HttpMethod.Put, Api.Add(Sample.Server()), new string('x', 61))).Status);
    }

    [Theory]
    [InlineData("GET", "ips", 200)]
    [InlineData("GET", "ips/private", 404)]
    [InlineData("GET", "os-server-password", 200)]
    [InlineData("DELETE", "os-server-password", 204)]
    [InlineData("GET", "os-security-groups", 200)]
    [InlineData("GET", "topology", 200)]
    [InlineData("GET", "diagnostics", 501)]
    [InlineData("GET", "os-volume_attachments", 200)]
    [InlineData("GET", "os-volume_attachments/5", 404)]
    [InlineData("DELETE", "os-volume_attachments/5", 404)]
    [InlineData("POST", "os-volume_attachments", 501)]
    [InlineData("GET", "os-interface", 200)]
    [InlineData("GET", "os-interface/5", 404)]
    [InlineData("DELETE", "os-interface/5", 404)]
    [InlineData("POST", "os-interface", 501)]
    public async Task Parts_OfAServer_AnswerAndOfNoneAreNotFound(string method, string part, int status)
    {
        var server = Api.Add(Sample.Server());

        Assert.Equal(status, (await Api.SendAsync(new(method), $"/v2.1/servers/{server.Id}/{part}", null, "2.90")).Status);
        Assert.Equal(404, (await Api.SendAsync(new(method), $"/v2.1/servers/{InstanceId.New()}/{part}", null, "2.90")).Status);
    }

    [Fact]
    public async Task Console_OfAnyType_IsUnavailable()
    {
        var (there, nowhere) = (Api.Add(Sample.Server()), Api.Add(Sample.Server() with { Host = null }));
        const string Body = """{"remote_console":{"protocol":"vnc","type":"novnc"}}""";

        Assert.Equal(400, (await Api.PostAsync($"/v2.1/servers/{there.Id}/remote-consoles", Body, "2.6")).Status);
        Assert.Equal(409, (await Api.PostAsync($"/v2.1/servers/{nowhere.Id}/remote-consoles", Body, "2.6")).Status);
        Assert.Equal(400, (await Api.PostAsync($"/v2.1/servers/{there.Id}/remote-consoles", """{"remote_console":{"protocol":"fax","type":"novnc"}}""", "2.6")).Status);
    }

    [Fact]
    public async Task Group_Create_ByMicroversion()
    {
        var old = (await Api.PostAsync("/v2.1/os-server-groups", """{"server_group":{"name":"g","policies":["anti-affinity"]}}"""))["server_group"];
        var now = (await Api.PostAsync("/v2.1/os-server-groups", """{"server_group":{"name":"g","policy":"anti-affinity","rules":{"max_server_per_host":2}}}""", "2.64"))["server_group"];

        Assert.Equal(["id", "members", "metadata", "name", "policies"], old.Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["id", "members", "name", "policy", "project_id", "rules", "user_id"], now.Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(2, (int)now["rules"]!["max_server_per_host"]!);
        Assert.Equal(2, (await Api.GetAsync("/v2.1/os-server-groups")).List("server_groups").Count);
        Assert.Equal((string)old["id"]!, (string)(await Api.GetAsync("/v2.1/os-server-groups?limit=1")).List("server_groups")[0]!["id"]!);
        Assert.Equal((204, 404), (await DeleteAsync((string)old["id"]!), await DeleteAsync((string)old["id"]!)));
        Assert.Equal(1, (int)(await Api.GetAsync("/v2.1/limits"))["limits"]["absolute"]!["totalServerGroupsUsed"]!);
    }

    [Theory]
    [InlineData("2.1", """{"name":"g","policies":["soft-affinity"]}""", 400)]
    [InlineData("2.15", """{"name":"g","policies":["soft-affinity"]}""", 200)]
    [InlineData("2.15", """{"name":"g","policies":["affinity","anti-affinity"]}""", 400)]
    [InlineData("2.15", """{"name":"g","policy":"affinity"}""", 400)]
    [InlineData("2.64", """{"name":"g","policies":["affinity"]}""", 400)]
    [InlineData("2.64", """{"name":"g","policy":"affinity","rules":{"max_server_per_host":2}}""", 400)]
    [InlineData("2.64", """{"name":"g","policy":"anti-affinity","rules":{"max_server_per_host":0}}""", 400)]
    [InlineData("2.64", """{"name":"","policy":"affinity"}""", 400)]
    [InlineData("2.64", """{"name":"g","policy":"random"}""", 400)]
    public async Task Group_Create_ClosedSchema(string version, string body, int status) =>
        Assert.Equal(status, (await Api.PostAsync("/v2.1/os-server-groups", $$"""{"server_group":{{body}} }""", version)).Status);

    [Fact]
    public async Task Server_MadeInAGroup_IsAMemberUntilItIsGone()
    {
        var group = await GroupAsync();

        var made = await CreateAsync(group);

        Assert.Equal(202, made.Status);
        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal(group, request.NewInstance!.ServerGroup.ToString());
        Api.Add(request.NewInstance with { VmState = VmState.Active });
        Assert.Equal((string)made["server"]["id"]!, (string)Assert.Single((await GroupBodyAsync(group))["members"]!.AsArray())!);
        Assert.Equal(group, (string)(await Api.GetAsync($"/v2.1/servers/{request.Instance}", "2.71"))["server"]["server_groups"]![0]!);
        Api.Add(request.NewInstance with { VmState = VmState.Deleted });
        Assert.Empty((await GroupBodyAsync(group))["members"]!.AsArray());
        Assert.Equal(400, (await CreateAsync(Guid.NewGuid().ToString())).Status);
    }

    [Fact]
    public async Task Server_RefusedInAGroup_IsNoMember()
    {
        var group = await GroupAsync();
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.Quota, "Quota exceeded for instances") };

        Assert.Equal(403, (await CreateAsync(group)).Status);

        Assert.DoesNotContain(Api.Commands.Submitted[^1].Instance.ToString(), (await Api.Operators.GetDocumentAsync(ServerGroup.DocumentKind, group))!.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Group_ElevenServers_AreOneTooMany()
    {
        var group = await GroupAsync();

        var statuses = new List<int>();
        for (var i = 0; i < 11; i++)
        {
            statuses.Add((await CreateAsync(group)).Status);
        }

        Assert.Equal([.. Enumerable.Repeat(202, 10), 403], statuses);
    }

    private Task<Answer> TagAsync(HttpMethod method, InstanceRecord server, string tag) => Api.SendAsync(method, $"/v2.1/servers/{server.Id}/tags/{tag}", null, "2.26");

    private async Task<int> DeleteAsync(string group) => (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/os-server-groups/{group}", null)).Status;

    private async Task<string> GroupAsync() => (string)(await Api.PostAsync("/v2.1/os-server-groups", """{"server_group":{"name":"g","policies":["affinity"]}}"""))["server_group"]["id"]!;

    private async Task<System.Text.Json.Nodes.JsonObject> GroupBodyAsync(string group) => (await Api.GetAsync($"/v2.1/os-server-groups/{group}"))["server_group"];

    private Task<Answer> CreateAsync(string group) =>
        Api.PostAsync("/v2.1/servers", $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"},"os:scheduler_hints":{"group":"{{{group}}}"}}""");
}
