using System.Net.Http.Headers;
using System.Text;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tests;

public sealed class VersionTests : ApiTest
{
    private const string Old = "X-OpenStack-Nova-API-Version";
    private const string New = "OpenStack-API-Version";

    [Fact]
    public async Task Root_AlsoForBrowsers_ListsTheVersion()
    {
        var answer = await Api.SendAsync(HttpMethod.Get, "/", null, null, ("Accept", "text/html"));

        Assert.Equal(200, answer.Status);
        var version = Assert.Single(answer.List("versions"))!.AsObject();
        Assert.Equal(["id", "status", "version", "min_version", "updated", "links"], version.Select(p => p.Key));
        Assert.Equal("2.96", (string)version["version"]!);
        Assert.Equal($"{Api.BaseUrl}/v2.1/", (string)version["links"]![0]!["href"]!);
    }

    [Theory]
    [InlineData("/v2.1")]
    [InlineData("/v2.1/")]
    public async Task VersionDocument_IsNovas(string path)
    {
        var version = (await Api.GetAsync(path))["version"];

        Assert.Equal("v2.1", (string)version["id"]!);
        Assert.Equal("CURRENT", (string)version["status"]!);
        Assert.Equal("2.1", (string)version["min_version"]!);
        Assert.Equal("describedby", (string)version["links"]![1]!["rel"]!);
        Assert.Equal("application/vnd.openstack.compute+json;version=2.1", (string)version["media-types"]![0]!["type"]!);
    }

    [Fact]
    public async Task UnversionedPath_300WithChoices()
    {
        var answer = await Api.GetAsync("/servers");

        Assert.Equal(300, answer.Status);
        Assert.Equal($"{Api.BaseUrl}/v2.1/servers", (string)answer.List("choices")[0]!["links"]![0]!["href"]!);
    }

    [Theory]
    [InlineData(null, null, "2.1")]
    [InlineData("compute 2.53", null, "2.53")]
    [InlineData("volume 3.1, compute 2.9", "2.3", "2.9")]
    [InlineData("volume 3.1", "2.3", "2.3")]
    [InlineData(null, "2.60", "2.60")]
    [InlineData("compute latest", null, "2.96")]
    [InlineData(null, "latest", "2.96")]
    public async Task Microversion_BothFamilies_AreReadAndEchoed(string? asNew, string? asOld, string served)
    {
        (string, string)[] headers = [.. asNew is null ? [] : new[] { (New, asNew) }, .. asOld is null ? [] : new[] { (Old, asOld) }];

        var answer = await Api.SendAsync(HttpMethod.Get, "/v2.1/servers", null, null, headers);

        Assert.Equal(200, answer.Status);
        Assert.Equal($"compute {served}", answer.Header(New));
        Assert.Equal(served, answer.Header(Old));
        Assert.Equal([New, Old], answer.Raw.Headers.Vary);
    }

    [Theory]
    [InlineData("2")]
    [InlineData("abc")]
    [InlineData("2.01")]
    [InlineData("2.1.1")]
    [InlineData("-2.1")]
    public async Task Microversion_Malformed_400(string version)
    {
        var answer = await Api.GetAsync("/v2.1/servers", version);

        Assert.Equal(400, answer.Status);
        Assert.Equal($"API Version String {version} is of invalid format. Must be of format MajorNum.MinorNum.", answer.Fault("badRequest"));
        Assert.Null(answer.Header(Old));
    }

    [Theory]
    [InlineData("2.97")]
    [InlineData("2.0")]
    [InlineData("3.1")]
    [InlineData("2.99999999999999")]
    public async Task Microversion_OutOfRange_406(string version)
    {
        var answer = await Api.GetAsync("/v2.1/servers", version);

        Assert.Equal(406, answer.Status);
        Assert.Equal($"Version {version} is not supported by the API. Minimum is 2.1 and maximum is 2.96.", answer.Fault("computeFault"));
    }

    [Theory]
    [InlineData("GET", "/v2.1/nothing", 404, "itemNotFound")]
    [InlineData("PATCH", "/v2.1/servers", 405, "badMethod")]
    [InlineData("POST", "/v2.1/servers/detail", 405, "badMethod")]
    [InlineData("GET", "/v2.1/servers/vm1", 404, "itemNotFound")]
    public async Task Unknown_InTheEnvelopeWithVersionHeaders(string method, string path, int status, string key)
    {
        var answer = await Api.SendAsync(new(method), path, null, "2.60");

        Assert.Equal(status, answer.Status);
        Assert.Equal(status, (int)answer[key]["code"]!);
        Assert.Equal("2.60", answer.Header(Old));
        Assert.Equal("application/json", answer.Raw.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task RouteOfAnotherMicroversion_404()
    {
        var at54 = await Api.SendAsync(HttpMethod.Put, "/v2.1/flavors/1", """{"flavor":{"description":"x"}}""", "2.54");
        var at55 = await Api.SendAsync(HttpMethod.Put, "/v2.1/flavors/1", """{"flavor":{"description":"x"}}""", "2.55");

        Assert.Equal((404, 200), (at54.Status, at55.Status));
        Assert.Equal(404, (await Api.GetAsync("/v2.1/images", "2.36")).Status);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v2.1/servers")]
    [InlineData("/v2.1/nothing")]
    [InlineData("/image/v2/images")]
    public async Task RequestId_OnEveryAnswer_LocalAndNew(string path)
    {
        var global = $"req-{Guid.NewGuid()}";

        var answer = await Api.SendAsync(HttpMethod.Get, path, null, null, ("X-Openstack-Request-Id", global));

        var id = answer.Header("x-openstack-request-id");
        Assert.Matches("^req-[0-9a-f-]{36}$", id);
        Assert.Equal(id, answer.Header("x-compute-request-id"));
        Assert.NotEqual(global, id);
    }

    [Fact]
    public async Task ProjectInPath_MustBeTheCallers()
    {
        var own = await Api.GetAsync("/v2.1/demo-project/servers");
        var other = await Api.GetAsync("/v2.1/0123-abc/servers");

        Assert.Equal(200, own.Status);
        Assert.Equal(400, other.Status);
        Assert.Equal("Malformed request URL: URL's project_id '0123-abc' doesn't match Context's project_id 'demo-project'", other.Fault("badRequest"));
        Assert.Equal(200, (await Api.GetAsync("/v2.1/demo-project")).Status);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"server":{"name":"\ud800"}}""")]
    [InlineData("""{"server":{},"server":{}}""")]
    public async Task Body_Malformed_400(string body)
    {
        var answer = await Api.PostAsync("/v2.1/servers", body);

        Assert.Equal(400, answer.Status);
        Assert.Equal("Malformed request body", answer.Fault("badRequest"));
    }

    [Theory]
    [InlineData("text/plain", 415)]
    [InlineData("application/xml", 415)]
    [InlineData("application/json; charset=UTF-8", 202)]
    [InlineData("application/vnd.openstack.compute+json", 202)]
    public async Task Body_ContentType_MustBeJson(string type, int status)
    {
        using var content = new StringContent("""{"os-stop":null}""", Encoding.UTF8);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        var server = Api.Add(Fakes.Sample.Server());

        var answer = await ApiHost.ReadAsync(await Api.Client.PostAsync($"/v2.1/servers/{server.Id}/action", content));

        Assert.Equal(status, answer.Status);
        if (status == 415)
        {
            Assert.Equal("Unsupported Content-Type", answer.Fault("badMediaType"));
        }
    }

    [Fact]
    public async Task Body_TooLarge_413WithRetryAfter()
    {
        var answer = await Api.PostAsync("/v2.1/servers", $$"""{"server":"{{new string('x', 120_000)}}"}""");

        Assert.Equal(413, answer.Status);
        Assert.NotNull(answer["overLimit"]["retryAfter"]);
    }

    [Fact]
    public async Task Unexpected_500InTheEnvelopeAndLoggedOnceWithTheRequestId()
    {
        Api.Cloud.Broken = new InvalidDataException("secret detail");

        var answer = await Api.GetAsync($"/v2.1/servers/{Guid.NewGuid()}");

        Assert.Equal(500, answer.Status);
        Assert.DoesNotContain("secret detail", answer.Fault("computeFault"), StringComparison.Ordinal);
        var entry = Assert.Single(Api.Logs.Entries);
        Assert.Equal(LogLevel.Error, entry.Level);
        Assert.Contains(answer.Header("x-openstack-request-id")!, entry.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StoreIsAway_503WithRetryAfterAndNoError()
    {
        Api.Cloud.Broken = new StoreUnavailableException("secret detail");

        var answer = await Api.GetAsync($"/v2.1/servers/{Guid.NewGuid()}");

        Assert.Equal((503, "5"), (answer.Status, answer.Header("Retry-After")));
        Assert.Contains("ask again", answer.Fault("serviceUnavailable"), StringComparison.Ordinal);
        Assert.Equal(LogLevel.Warning, Assert.Single(Api.Logs.Entries).Level);
    }

    [Fact]
    public async Task Links_BehindAProxy_UseTheForwardedAddress()
    {
        var answer = await Api.SendAsync(HttpMethod.Get, "/v2.1", null, null, ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "cloud.example"), ("X-Forwarded-Prefix", "/compute"));

        Assert.Equal("https://cloud.example/compute/v2.1/", (string)answer["version"]["links"]![0]!["href"]!);
    }

    [Fact]
    public async Task Links_ForwardedHostThatIsNoHost_IsIgnored()
    {
        var answer = await Api.SendAsync(HttpMethod.Get, "/v2.1", null, null, ("X-Forwarded-Host", "a b%"), ("X-Forwarded-Prefix", "/a\tb"));

        Assert.Equal($"{Api.BaseUrl}/v2.1/", (string)answer["version"]["links"]![0]!["href"]!);
    }

    [Fact]
    public async Task Fault_ValueCutInsideACharacter_IsStillJson()
    {
        var name = "x" + string.Concat(Enumerable.Repeat("\U0001F600", 300));

        var answer = await Api.PostAsync("/v2.1/servers", $"{{\"server\":{{\"name\":\"{name}\",\"imageRef\":\"{Fakes.Sample.ImageId}\",\"flavorRef\":\"1\"}}}}");

        Assert.Equal(400, answer.Status);
        Assert.Contains("is too long", answer.Fault("badRequest"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_WithPublicUrl_IgnoreTheRequest()
    {
        await using var api = await ApiHost.StartAsync(o => o.PublicUrl = "https://public.example:8774/");

        var answer = await api.SendAsync(HttpMethod.Get, "/v2.1", null, null, ("X-Forwarded-Host", "evil.example"));

        Assert.Equal("https://public.example:8774/v2.1/", (string)answer["version"]["links"]![0]!["href"]!);
    }

    [Fact]
    public async Task Head_AsGetWithoutBody()
    {
        var answer = await Api.SendAsync(HttpMethod.Head, "/v2.1/servers", null);

        Assert.Equal((200, null), (answer.Status, answer.Body));
    }
}
