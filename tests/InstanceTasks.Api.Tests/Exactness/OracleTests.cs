using System.Text.Json.Nodes;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>The oracle refuses what is not exact: an answer that it takes is spoilt in one place.</summary>
public sealed class OracleTests(Oracle oracle) : IClassFixture<Oracle>
{
    private static readonly Exchange Show = new("GET servers/{id}", $"/v2.1/servers/{World.Active}");
    private static readonly Exchange Stop = new("POST servers/{id}/action os-stop", $"/v2.1/servers/{World.Active}/action", _ => """{"os-stop":null}""");
    private static readonly Exchange SaveImage = new("POST servers/{id}/action createImage", $"/v2.1/servers/{World.Active}/action", _ => """{"createImage":{"name":"saved"}}""");
    private static readonly Exchange Unknown = new("GET servers/{id}", $"/v2.1/servers/{World.Nowhere}") { Fault = 404 };

    private static readonly Dictionary<string, Action<JsonObject>> Spoilings = new()
    {
        ["a field too much"] = server => server["extra"] = 1,
        ["a field of a later version"] = server => server["scheduler_hints"] = new JsonObject(),
        ["a missing field"] = server => server.Remove("updated"),
        ["a missing field of a later version"] = server => server.Remove("locked_reason"),
        ["a wrong type"] = server => server["locked"] = "false",
        ["a field too much inside"] = server => server["image"]!["name"] = "tiny",
        ["a missing field inside"] = server => server["flavor"]!.AsObject().Remove("vcpus"),
    };

    public static IEnumerable<object[]> Cases() => from spoiling in Spoilings.Keys from version in new[] { 79, 96 } select new object[] { spoiling, version };

    [OracleTheory]
    [MemberData(nameof(Cases))]
    public async Task Body_Spoilt_IsRefused(string spoiling, int version)
    {
        var good = await RecordAsync(Show, version);
        var body = JsonNode.Parse(good.Body)!.AsObject();
        Spoilings[spoiling](body["server"]!.AsObject());

        var verdict = await JudgeAsync(Resized(good, body.ToJsonString()));

        Assert.Contains("nova-api §2.3", verdict.Source, StringComparison.Ordinal);
        Assert.NotEqual("ok", verdict.Own);
        if (version == 79)
        {
            Assert.Contains("HTTP response body is invalid", verdict.Tempest, StringComparison.Ordinal);
        }
        else
        {
            Assert.Null(verdict.Tempest);
        }
    }

    [OracleTheory]
    [InlineData(200)]
    [InlineData(204)]
    [InlineData(201)]
    public async Task Status_AnotherThanTheContracts_IsRefusedByBoth(int status)
    {
        var good = await RecordAsync(Stop, 79);

        var verdict = await JudgeAsync(good with { Status = status });

        Assert.Contains("nova-api §3.1 has 202", verdict.Own, StringComparison.Ordinal);
        Assert.Contains($"Unexpected http success status code {status}", verdict.Tempest, StringComparison.Ordinal);
    }

    [OracleTheory]
    [InlineData("x-openstack-nova-api-version", "2.78")]
    [InlineData("x-compute-request-id", "req-00000000-0000-4000-8000-000000000000")]
    [InlineData("vary", "Accept")]
    [InlineData("content-type", "text/html")]
    [InlineData("content-length", "1")]
    [InlineData("openstack-task", null)]
    [InlineData("location", "http://127.0.0.1:1/v2.1/servers/x")]
    public async Task Header_Spoilt_IsRefused(string name, string? value)
    {
        var good = await RecordAsync(SaveImage, 79);
        var headers = new Dictionary<string, string>(good.Headers);
        headers.Remove(name);
        if (value is not null)
        {
            headers[name] = value;
        }

        Assert.False((await JudgeAsync(good with { Headers = headers })).IsGood);
    }

    [OracleTheory]
    [InlineData(44)]
    public async Task Location_MissingBefore45_IsRefusedByBoth(int version)
    {
        var good = await RecordAsync(SaveImage, version);

        var verdict = await JudgeAsync(good with { Headers = good.Headers.Where(h => h.Key != "location").ToDictionary() });

        Assert.Contains("header location", verdict.Own, StringComparison.Ordinal);
        Assert.Contains("HTTP response header is invalid", verdict.Tempest, StringComparison.Ordinal);
    }

    [OracleTheory]
    [InlineData("""{"badRequest":{"code":404,"message":"m"}}""")]
    [InlineData("""{"itemNotFound":{"code":400,"message":"m"}}""")]
    [InlineData("""{"itemNotFound":{"code":404}}""")]
    [InlineData("""{"itemNotFound":{"code":404,"message":"m","more":1}}""")]
    [InlineData("""{"itemNotFound":{"code":404,"message":"m"},"more":1}""")]
    public async Task Fault_InAnotherEnvelope_IsRefused(string body)
    {
        var verdict = await JudgeAsync(Resized(await RecordAsync(Unknown, 79), body));

        Assert.Equal("nova-api §1.5", verdict.Source);
        Assert.NotEqual("ok", verdict.Own);
    }

    [OracleTheory]
    [InlineData(79)]
    public async Task Call_WithoutASchema_IsRefused(int version)
    {
        var good = await RecordAsync(Show, version);

        var verdict = await JudgeAsync(good with { Row = Show with { As = "GET something new" } });

        Assert.Equal("there is no schema of GET something new at 2.79", verdict.Own);
    }

    private static Recorded Resized(Recorded recorded, string body) =>
        recorded with { Body = body, Headers = new Dictionary<string, string>(recorded.Headers) { ["content-length"] = $"{System.Text.Encoding.UTF8.GetByteCount(body)}" } };

    private async Task<Verdict> JudgeAsync(Recorded spoilt)
    {
        var verdict = await oracle.JudgeAsync(spoilt);
        Assert.DoesNotContain("the oracle failed", verdict.Own, StringComparison.Ordinal);
        return verdict;
    }

    /// <summary>A good answer, which the oracle takes.</summary>
    private async Task<Recorded> RecordAsync(Exchange row, int version)
    {
        await using var api = await ApiHost.StartAsync();
        var recorder = new Recorder(api, admin: true);
        var recorded = await recorder.RecordAsync(row, version);
        Assert.Empty(recorder.Unexpected);
        Assert.True((await oracle.JudgeAsync(recorded)).IsGood);
        return recorded;
    }
}
