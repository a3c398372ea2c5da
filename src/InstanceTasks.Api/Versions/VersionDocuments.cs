using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Versions;

/// <summary>The discovery documents (nova-api §1.1). v2.0 is not served and so not listed.</summary>
internal sealed class VersionDocuments
{
    private const string Describedby = "https://docs.openstack.org/api-ref/compute/";

    public ApiAnswer List(ApiLinks links) => Described(new JsonObject { ["versions"] = new JsonArray(Element(links)) }, links);

    public ApiAnswer Detail(ApiLinks links)
    {
        var version = Element(links);
        version["links"]!.AsArray().Add((JsonNode)new JsonObject { ["rel"] = "describedby", ["type"] = "text/html", ["href"] = Describedby });
        version["media-types"] = MediaTypes();
        return Described(new JsonObject { ["version"] = version }, links);
    }

    // RFC 8631: where a program looks for the description of what it has found.
    private static ApiAnswer Described(JsonObject body, ApiLinks links) => ApiAnswer.Ok(body).With("Link", $"<{links.BaseUrl}/openapi.json>; rel=\"service-desc\"");

    /// <summary>A path without a version: 300 with where it could be.</summary>
    public ApiAnswer Choices(ApiLinks links, string path) => new(300, new JsonObject
    {
        ["choices"] = new JsonArray(new JsonObject
        {
            ["id"] = "v2.1",
            ["status"] = "CURRENT",
            ["links"] = new JsonArray(ApiLinks.Link("self", $"{links.BaseUrl}/v2.1/{Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal)}")),
            ["media-types"] = MediaTypes(),
        }),
    });

    private static JsonObject Element(ApiLinks links) => new()
    {
        ["id"] = "v2.1",
        ["status"] = "CURRENT",
        ["version"] = ApiVersion.Max.ToString(),
        ["min_version"] = ApiVersion.Min.ToString(),
        ["updated"] = "2013-07-23T11:33:21Z",
        ["links"] = new JsonArray(ApiLinks.Link("self", $"{links.BaseUrl}/v2.1/")),
    };

    private static JsonArray MediaTypes() =>
        [new JsonObject { ["base"] = "application/json", ["type"] = "application/vnd.openstack.compute+json;version=2.1" }];
}
