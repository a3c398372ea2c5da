using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InstanceTasks.Api.Actions;
using InstanceTasks.Api.Aggregates;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Tasks;
using Microsoft.OpenApi;

namespace InstanceTasks.Api.Tests.OpenApi;

/// <summary>The document has what is served and nothing more.</summary>
public sealed class OpenApiDocumentTests(DescribedApi described) : IClassFixture<DescribedApi>
{
    [Fact]
    public void Document_Operations_AreTheRoutesAndDiscovery()
    {
        var versioned = described.Api.Routes.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var routes = described.Routes.Select(r => $"{r.Method} /{(versioned.Contains(r.Name) ? "v2.1/" : "")}{r.Template}").Concat(["GET /", "GET /v2.1"]);

        Assert.Equal(routes.Distinct().Order(StringComparer.Ordinal), Operations().Select(o => $"{o.Method.ToUpperInvariant()} {o.Path}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Calls_Actions_AreThoseThatAreServedAndHaveAPolicy()
    {
        var served = ActionParsers.Names.Select(n => $"POST servers/{{id}}/action#{n}").Concat(Enum.GetValues<TaskCommandKind>().Select(k => $"POST tasks/{{task}}/action#{CommandNames.Of(k)}"))
            .Concat(AggregateResource.ActionNames.Select(n => $"POST os-aggregates/{{aggregate}}/action#{n}")).Concat(FlavorAccess.ActionNames.Select(n => $"POST flavors/{{flavor}}/action#{n}")).ToList();
        var declared = described.Docs.Calls.Keys.Where(n => n.Contains('#', StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(served.Order(StringComparer.Ordinal), declared);
        Assert.Equal(PolicyTable.Default.Whats.Where(w => w.Contains('#', StringComparison.Ordinal)).Order(StringComparer.Ordinal), declared);
    }

    [Fact]
    public void Calls_Declarations_BelongToARoute() =>
        Assert.Empty(described.Docs.Calls.Values.Where(c => !c.IsUnrouted && described.Routes.All(r => r.Name != c.Call)).Select(c => c.Name));

    [Fact]
    public void Document_MicroversionsRulesAndRoles_AreThoseOfTheRoute()
    {
        var tags = described.Document["paths"]!["/v2.1/servers/{id}/tags"]!["put"]!;
        var statistics = described.Document["paths"]!["/v2.1/os-hypervisors/statistics"]!["get"]!;
        var reboot = described.Document["paths"]!["/v2.1/servers/{id}/action"]!["post"]!["requestBody"]!["content"]!["application/json"]!["schema"]!["oneOf"]!.AsArray().Single(s => (string)s!["title"]! == "reboot")!;

        Assert.Equal(("2.26", "os-server-tags:update_all", "member"), ((string)tags["x-openstack"]!["min-ver"]!, (string)tags["x-openstack-rule"]!, (string)tags["x-openstack-role"]!));
        Assert.Equal("2.87", (string)statistics["x-openstack"]!["max-ver"]!);
        Assert.Equal(("reboot", "servers:reboot", "member"), ((string)reboot["x-openstack"]!["action-name"]!, (string)reboot["x-openstack-rule"]!, (string)reboot["x-openstack-role"]!));
    }

    [Fact]
    public void Document_References_LeadToWhatIsThereAndNothingIsLeftOver()
    {
        var references = References().Matches(described.Document.ToJsonString()).Select(m => m.Groups["to"].Value).ToHashSet(StringComparer.Ordinal);
        var components = described.Document["components"]!.AsObject().Where(c => c.Key != "securitySchemes").SelectMany(c => c.Value!.AsObject().Select(v => $"{c.Key}/{v.Key}")).ToHashSet(StringComparer.Ordinal);

        Assert.Empty(references.Except(components));
        Assert.Empty(components.Except(references));
    }

    [Fact]
    public void Document_OperationIds_AreDistinct()
    {
        var ids = Operations().Select(o => (string)o.Operation["operationId"]!).ToList();

        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task Document_AsReadByAnOpenApiReader_HasNoErrors()
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(described.Document.ToJsonString()));

        var read = await Microsoft.OpenApi.OpenApiDocument.LoadAsync(stream, "json");

        Assert.Empty(read.Diagnostic!.Errors.Select(e => $"{e.Pointer}: {e.Message}"));
        Assert.Empty(read.Diagnostic.Warnings.Select(e => $"{e.Pointer}: {e.Message}"));
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        Assert.Equal(Operations().Count(), read.Document!.Paths.Sum(p => p.Value.Operations!.Count));
    }

    [Fact]
    public async Task Document_WithoutAuthentication_LeavesOutWhatIsNotServed()
    {
        await using var api = await ApiHost.StartAsync();

        var document = (await api.GetAsync("/openapi.json")).Body!;

        Assert.Empty(document["security"]!.AsArray());
        Assert.DoesNotContain(document["paths"]!.AsObject(), p => p.Key.StartsWith("/identity", StringComparison.Ordinal));
        Assert.DoesNotContain(document["tags"]!.AsArray(), t => (string)t!["name"]! == "identity");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v2.1")]
    public async Task Discovery_Answers_LinkToTheDocument(string path)
    {
        var answer = await described.Api.GetAsync(path);

        Assert.Equal($"<{described.Api.BaseUrl}/openapi.json>; rel=\"service-desc\"", answer.Header("Link"));
    }

    private IEnumerable<(string Path, string Method, JsonNode Operation)> Operations() =>
        described.Document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(o => (p.Key, o.Key, o.Value!)));

    private static Regex References() => new("\"\\$ref\":\"#/components/(?<to>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(5));
}
