using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class CreateServerTests : ApiTest
{
    private const string Minimal = $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"}}""";

    [Fact]
    public async Task Create_Minimal_202WithNovasBodyAndTaskHeaders()
    {
        var answer = await Api.PostAsync("/v2.1/servers", Minimal);

        Assert.Equal(202, answer.Status);
        var server = answer["server"];
        Assert.Equal(["id", "links", "OS-DCF:diskConfig", "security_groups", "adminPass"], server.Select(p => p.Key));
        Assert.Equal("MANUAL", (string)server["OS-DCF:diskConfig"]!);
        Assert.Matches("^[A-Za-z2-9]{12}$", (string)server["adminPass"]!);
        Assert.Equal($"{Api.BaseUrl}/v2.1/servers/{server["id"]}", answer.Header("Location"));
        var task = Assert.Single(Api.Commands.Submitted).Task;
        Assert.Equal(task.ToString(), answer.Header("OpenStack-Task"));
        Assert.Equal($"<{Api.BaseUrl}/v2.1/tasks/{task}>; rel=\"task\"", answer.Header("Link"));
    }

    [Fact]
    public async Task Create_EveryField_ReachesTheEngine()
    {
        Api.Catalog.Pairs.Add(new(new("demo-user"), "k", "ssh-rsa x", "f", "ssh", Sample.Time));
        var body = Body("""
            "networks":"auto","metadata":{"a":"b"},"key_name":"k","security_groups":[{"name":"default"}],"availability_zone":"nova","config_drive":"True",
            "min_count":1,"max_count":"1","OS-DCF:diskConfig":"AUTO","accessIPv4":"192.0.2.1","accessIPv6":"2001:db8::1","description":"d","tags":["z","y"],
            "hostname":"host.example","user_data":"ZGF0YQ==","adminPass":"mine","block_device_mapping_v2":[],"trusted_image_certificates":null
            """);

        var answer = await Api.PostAsync("/v2.1/servers", body, "2.96");

        Assert.Equal(202, answer.Status);
        Assert.Equal("mine", (string)answer["server"]["adminPass"]!);
        var request = Assert.Single(Api.Commands.Submitted);
        var instance = request.NewInstance!;
        Assert.Equal(answer.Header("x-openstack-request-id"), request.Request.Value);
        Assert.Equal(new Caller(new("demo-user"), new("demo-project"), true), request.Caller);
        Assert.Equal("create", request.Kind.Name);
        Assert.Equal(("a", "d", "k", "nova", true, "AUTO", "192.0.2.1", "2001:db8::1", "host.example", true),
            (instance.Name, instance.Description, instance.KeyName, instance.PinnedZone, instance.ConfigDrive, instance.DiskConfig, instance.AccessIPv4, instance.AccessIPv6, instance.Hostname, instance.UserDataSet));
        Assert.Equal(["y", "z"], instance.Tags);
        Assert.Equal("b", instance.Metadata["a"]);
        Assert.Equal(512, instance.Flavor.RamMb);
        Assert.Matches("^r-[0-9a-z]{8}$", instance.ReservationId);
        Assert.Equal("user_data", Assert.Single(request.Secrets).Key);
        Assert.Equal("ZGF0YQ==", new FakeProtector().Unprotect(instance.Id.Value, "user_data", request.Secrets["user_data"]));
    }

    [Theory]
    [InlineData("2.1", "My Server_1", "a", "my-server-1")]
    [InlineData("2.18", "x", "x", "x")]
    [InlineData("2.19", "x", null, "x")]
    public async Task Create_Defaults_ByMicroversion(string version, string name, string? description, string hostname)
    {
        var body = $$$"""{"server":{"name":"{{{name}}}","imageRef":"{{{Sample.ImageId}}}","flavorRef":1}}""";

        await Api.PostAsync("/v2.1/servers", body, version);

        var instance = Assert.Single(Api.Commands.Submitted).NewInstance!;
        Assert.Equal(description is null ? null : name, instance.Description);
        Assert.Equal(hostname, instance.Hostname);
    }

    [Theory]
    [InlineData("2.1", """ "networks":null """)]
    [InlineData("2.36", """ "networks":[] """)]
    [InlineData("2.37", """ "networks":"none" """)]
    [InlineData("2.37", """ "networks":"auto" """)]
    [InlineData("2.56", """ "networks":"none","personality":[] """)]
    [InlineData("2.1", """ "flavorRef":"http://x/flavors/1" """)]
    [InlineData("2.1", """ "key_name":null """)]
    [InlineData("2.52", """ "networks":"none","tags":[] """)]
    public async Task Create_Accepted(string version, string extra) =>
        Assert.Equal(202, (await Api.PostAsync("/v2.1/servers", Body(extra), version)).Status);

    [Theory]
    [InlineData("2.1", """ "name":"" """)]
    [InlineData("2.1", """ "name":" a" """)]
    [InlineData("2.1", """ "name":"a\u0007" """)]
    [InlineData("2.1", """ "name":5 """)]
    [InlineData("2.1", """ "flavorRef":"nope" """)]
    [InlineData("2.1", """ "flavorRef":null """)]
    [InlineData("2.1", """ "imageRef":"" """)]
    [InlineData("2.1", """ "imageRef":"http://x/images/6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60" """)]
    [InlineData("2.1", """ "imageRef":"00000000-0000-0000-0000-000000000000" """)]
    [InlineData("2.1", """ "networks":[{"uuid":"00000000-0000-0000-0000-000000000000"}] """)]
    [InlineData("2.1", """ "networks":"auto" """)]
    [InlineData("2.37", "")]
    [InlineData("2.37", """ "networks":null """)]
    [InlineData("2.37", """ "networks":"some" """)]
    [InlineData("2.1", """ "metadata":{"a":1} """)]
    [InlineData("2.1", """ "metadata":{"a/b":"c"} """)]
    [InlineData("2.1", """ "metadata":[] """)]
    [InlineData("2.1", """ "key_name":"unknown" """)]
    [InlineData("2.1", """ "security_groups":[{"name":"web"}] """)]
    [InlineData("2.1", """ "availability_zone":"moon" """)]
    [InlineData("2.1", """ "availability_zone":"nova:host-1" """)]
    [InlineData("2.1", """ "user_data":"%%%" """)]
    [InlineData("2.1", """ "config_drive":"maybe" """)]
    [InlineData("2.1", """ "min_count":0 """)]
    [InlineData("2.1", """ "max_count":1001 """)]
    [InlineData("2.90", """ "networks":"none","max_count":2,"hostname":"h" """)]
    [InlineData("2.1", """ "min_count":"x" """)]
    [InlineData("2.1", """ "min_count":3,"max_count":1 """)]
    [InlineData("2.1", """ "OS-DCF:diskConfig":"auto" """)]
    [InlineData("2.1", """ "accessIPv4":"1.2.3" """)]
    [InlineData("2.1", """ "accessIPv6":"1.2.3.4" """)]
    [InlineData("2.1", """ "personality":[{"path":"/x","contents":""}] """)]
    [InlineData("2.57", """ "networks":"none","personality":[] """)]
    [InlineData("2.1", """ "block_device_mapping_v2":[{}] """)]
    [InlineData("2.1", """ "block_device_mapping":[{}] """)]
    [InlineData("2.18", """ "description":"x" """)]
    [InlineData("2.51", """ "networks":"none","tags":[] """)]
    [InlineData("2.52", """ "networks":"none","tags":["a/b"] """)]
    [InlineData("2.62", """ "networks":"none","trusted_image_certificates":null """)]
    [InlineData("2.63", """ "networks":"none","trusted_image_certificates":["x"] """)]
    [InlineData("2.73", """ "networks":"none","host":"host-1" """)]
    [InlineData("2.74", """ "networks":"none","host":"host-1" """)]
    [InlineData("2.89", """ "networks":"none","hostname":"h1" """)]
    [InlineData("2.90", """ "networks":"none","hostname":"h1.example" """)]
    [InlineData("2.1", """ "unknown":1 """)]
    public async Task Create_BadRequest_400AndNothingSubmitted(string version, string extra)
    {
        var answer = await Api.PostAsync("/v2.1/servers", Body(extra), version);

        Assert.Equal(400, answer.Status);
        Assert.NotEmpty(answer.Fault("badRequest"));
        Assert.Empty(Api.Commands.Submitted);
    }

    [Theory]
    [InlineData("""{}""", "'server' is a required property")]
    [InlineData("""{"server":{},"x":1}""", "Additional properties are not allowed ('x' was unexpected)")]
    [InlineData("""{"server":{"name":"a","flavorRef":"1"}}""", "Missing imageRef attribute")]
    [InlineData($$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"9"}}""", "Flavor 9 could not be found.")]
    [InlineData($$$"""{"server":{"name":"a","imageRef":"00000000-0000-0000-0000-000000000000","flavorRef":"1"}}""", "Can not find requested image")]
    [InlineData($$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1","key_name":"k"}}""", "Invalid key_name provided.")]
    [InlineData($$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"},"os:scheduler_hints":{"same_host":"x"}}""", "The scheduler hint same_host is not supported by this deployment.")]
    [InlineData("""{"server":5}""", "Invalid input for field/attribute server. Value: 5. 5 is not of type 'object'")]
    public async Task Create_Messages_AreNovas(string body, string message)
    {
        var answer = await Api.PostAsync("/v2.1/servers", body);

        Assert.Equal((400, message), (answer.Status, answer.Fault("badRequest")));
    }

    /// <summary>The hints under Nova's old name were not looked at when those under the new one named a group: whatever stood there was taken.</summary>
    [Fact]
    public async Task Create_HintsUnderBothNames_AreBothChecked()
    {
        var answer = await Api.PostAsync(
            "/v2.1/servers",
            $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"},"os:scheduler_hints":{"group":"{{{Guid.NewGuid()}}}"},"OS-SCH-HNT:scheduler_hints":"1"}""");

        Assert.Equal((400, "Invalid input for field/attribute OS-SCH-HNT:scheduler_hints. Value: \"1\". \"1\" is not of type 'object'"), (answer.Status, answer.Fault("badRequest")));
    }

    [Fact]
    public async Task Create_TooMuchMetadata_403()
    {
        var metadata = string.Join(',', Enumerable.Range(0, 129).Select(i => $"\"k{i}\":\"v\""));

        var answer = await Api.PostAsync("/v2.1/servers", Body($$""" "metadata":{{{metadata}}} """));

        Assert.Equal(403, answer.Status);
        Assert.Equal("Maximum number of metadata items exceeds 128", answer.Fault("forbidden"));
    }

    [Fact]
    public async Task Create_ReturnReservationId_OnlyThat()
    {
        var answer = await Api.PostAsync("/v2.1/servers", Body(""" "return_reservation_id":true """));

        Assert.Equal(202, answer.Status);
        Assert.Equal("reservation_id", Assert.Single(answer.Body!).Key);
        Assert.Equal(Api.Commands.Submitted[0].NewInstance!.ReservationId, (string)answer.Body!["reservation_id"]!);
    }

    [Fact]
    public async Task Create_PrivateFlavor_NotForUsers()
    {
        await using var api = await ApiHost.StartAsync(admin: false);

        var answer = await api.PostAsync("/v2.1/servers", Body(""" "flavorRef":"p" """));

        Assert.Equal(400, answer.Status);
    }

    [Fact]
    public async Task Create_OverQuota_403()
    {
        Api.Commands.Decide = _ => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.Quota, "Quota exceeded for cores: Requested 1, but already used 20 of 20 cores") };

        var answer = await Api.PostAsync("/v2.1/servers", Minimal);

        Assert.Equal((403, "Quota exceeded for cores: Requested 1, but already used 20 of 20 cores"), (answer.Status, answer.Fault("forbidden")));
    }

    /// <summary>The minimal body with more fields, which replace those of the same name.</summary>
    private static string Body(string extra)
    {
        var server = JsonNode.Parse(Minimal)!["server"]!.AsObject();
        foreach (var (name, value) in JsonNode.Parse("{" + extra + "}")!.AsObject())
        {
            server[name] = value?.DeepClone();
        }

        return new JsonObject { ["server"] = server.DeepClone() }.ToJsonString();
    }

    // An object of hints with no known one in it was an unexpected error.
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"one_of_the_operators":"x"}""")]
    public async Task Create_HintsThatNobodyKnows_AreAllowed(string hints) =>
        Assert.Equal(202, (await Api.PostAsync("/v2.1/servers", $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"},"os:scheduler_hints":{{{hints}}} }""")).Status);

    // PostgreSQL has no NUL: it was an unexpected error wherever a text was looked up.
    // What a fault repeats of the input would otherwise be the only place where a password is written down.
    [Theory]
    [InlineData("""{"changePassword": {"adminPass": ["hush"]}}""", "adminPass. Value: ***.")]
    [InlineData("""{"changePassword": {"admin\u0050ass": "hush", "more": 1}}""", """Value: {"adminPass":"***","more":1}.""")]
    [InlineData("""{"rescue": [{"a": {"adminPass": "hush"}}]}""", """Value: [{"a":{"adminPass":"***"}}].""")]
    public async Task Fault_AboutASecret_DoesNotRepeatIt(string body, string shown)
    {
        var server = Api.Add(Sample.Server());
        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body);

        Assert.Equal(400, answer.Status);
        Assert.Contains(shown, answer.Fault("badRequest"), StringComparison.Ordinal);
        Assert.DoesNotContain("hush", answer.Fault("badRequest"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"server":{"name":"a","imageRef":"x","flavorRef":"\u0000"}}""")]
    [InlineData("""{"server":{"name":"a","imageRef":"x","flavorRef":"1","key_name":"a\u0000"}}""")]
    [InlineData("""{"server":{"name":"a","\u0000":"x"}}""")]
    public async Task Create_NulInTheBody_IsRefused(string body)
    {
        var answer = await Api.PostAsync("/v2.1/servers", body);

        Assert.Equal((400, "The character NUL is not allowed in a body."), (answer.Status, answer.Fault("badRequest")));
        Assert.Equal(400, (await Api.GetAsync("/v2.1/servers?flavor=%00")).Status);
    }
}
