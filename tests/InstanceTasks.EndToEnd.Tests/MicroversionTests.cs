using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The microversions that Debian's client cannot speak (2.93 to 2.96), by raw HTTP against a real silo process.</summary>
public sealed class MicroversionTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new("microversion");
    private SiloProcess _silo = null!;

    public async Task InitializeAsync() => _silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });

    public async Task DisposeAsync()
    {
        await _silo.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Servers_MicroversionsBeyondTheClient_LiveAndDie()
    {
        var image = await _silo.Api.ReadImageAsync();
        foreach (var version in new[] { "2.93", "2.94", "2.95", "2.96" })
        {
            await LifeAsync(version, image);
        }
    }

    [Fact]
    public async Task Versions_BeyondTheMaximum_Refused()
    {
        var document = await _silo.Api.GetAsync("/v2.1/");
        Assert.Equal("2.96", document["version"]!["version"]!.GetValue<string>());
        Assert.Equal("2.1", document["version"]!["min_version"]!.GetValue<string>());
        var answer = await _silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers", microversion: "2.97");
        Assert.Equal(HttpStatusCode.NotAcceptable, answer.Status);
        Assert.Equal(406, answer.Json["computeFault"]!["code"]!.GetValue<int>());
    }

    private async Task LifeAsync(string version, string image)
    {
        var hostname = Minor(version) >= 94 ? "guest.example.org" : "guest";
        var body = ApiClient.CreateBody($"raw-{version}", "1", image);
        body["server"]!["hostname"] = hostname;
        var made = (await _silo.Api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, version)).Expect(HttpStatusCode.Accepted);
        AssertVersionHeaders(made, version);
        var id = Guid.Parse(made.Json["server"]!["id"]!.GetValue<string>());
        Assert.EndsWith($"/v2.1/servers/{id}", made.Header("location"), StringComparison.Ordinal);
        Assert.Contains($"/v2.1/tasks/{made.Task}", made.Header("link"), StringComparison.Ordinal);
        await _silo.Api.SucceedAsync(made);

        AssertShape(await _silo.Api.GetServerAsync(id, version), version, hostname);
        await ActAsync(id, version, "os-stop", "SHUTOFF");
        await ActAsync(id, version, "os-start", "ACTIVE");
        AssertVersionHeaders(await _silo.Api.SendAsync(HttpMethod.Get, $"/v2.1/servers/{Guid.NewGuid()}", microversion: version), version);
        await DeleteAsync(id, version);
    }

    private async Task ActAsync(Guid id, string version, string action, string status)
    {
        var answer = (await _silo.Api.ActionAsync(id, new JsonObject { [action] = null }, version)).Expect(HttpStatusCode.Accepted);
        await _silo.Api.SucceedAsync(answer);
        Assert.Equal(status, (await _silo.Api.GetServerAsync(id, version))["status"]!.GetValue<string>());
    }

    private async Task DeleteAsync(Guid id, string version)
    {
        var deleted = (await _silo.Api.SendAsync(HttpMethod.Delete, $"/v2.1/servers/{id}", microversion: version)).Expect(HttpStatusCode.NoContent);
        await _silo.Api.SucceedAsync(deleted);
        var gone = await _silo.Api.SendAsync(HttpMethod.Get, $"/v2.1/servers/{id}", microversion: version);
        Assert.Equal(HttpStatusCode.NotFound, gone.Status);
        Assert.Equal(404, gone.Json["itemNotFound"]!["code"]!.GetValue<int>());
    }

    private static void AssertShape(JsonNode server, string version, string hostname)
    {
        Assert.Equal("ACTIVE", server["status"]!.GetValue<string>());
        Assert.Equal("m1.tiny", server["flavor"]!["original_name"]!.GetValue<string>());
        Assert.Equal(hostname, server["OS-EXT-SRV-ATTR:hostname"]!.GetValue<string>());
        Assert.Equal(Minor(version) >= 96, server.AsObject().ContainsKey("pinned_availability_zone"));
        Assert.False(server.AsObject().ContainsKey("scheduler_hints"));
    }

    private static void AssertVersionHeaders(ApiAnswer answer, string version)
    {
        Assert.Equal($"compute {version}", answer.Header("openstack-api-version"));
        Assert.Equal(version, answer.Header("x-openstack-nova-api-version"));
        Assert.Contains("OpenStack-API-Version", answer.Header("vary"), StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("req-", answer.RequestId, StringComparison.Ordinal);
        Assert.Equal(answer.RequestId, answer.Header("x-compute-request-id"));
    }

    private static int Minor(string version) => int.Parse(version[2..]);
}
