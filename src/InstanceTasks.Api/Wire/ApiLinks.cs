using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>Hrefs as the asking client can reach them (nova-api §1.1, §1.8).</summary>
/// <param name="BaseUrl">Scheme, host and path prefix, without a slash at the end.</param>
/// <param name="Project">The project id, when the request's path named it: then links name it too.</param>
internal sealed record ApiLinks(string BaseUrl, string? Project)
{
    private string ProjectPart => Project is null ? "" : Project + "/";

    public static string BaseOf(HttpRequest request, ApiOptions options)
    {
        if (options.PublicUrl is { Length: > 0 } fixedUrl)
        {
            return fixedUrl.TrimEnd('/');
        }

        var scheme = Forwarded(request, options, "X-Forwarded-Proto") ?? request.Scheme;
        var host = Forwarded(request, options, "X-Forwarded-Host") ?? request.Host.Value ?? "localhost";
        var prefix = Forwarded(request, options, "X-Forwarded-Prefix")?.Trim('/');
        var url = $"{scheme}://{host}{request.PathBase}{(prefix is { Length: > 0 } ? "/" + prefix : "")}";
        // A header of the answer may hold visible ASCII only, and the Location is made from this.
        return url.All(c => c is > ' ' and < '\x7f') && Uri.TryCreate(url, UriKind.Absolute, out _) ? url : $"{request.Scheme}://{request.Host}{request.PathBase}";
    }

    public string Versioned(string path) => $"{BaseUrl}/v2.1/{ProjectPart}{path}";

    public string Bookmark(string path) => $"{BaseUrl}/{ProjectPart}{path}";

    public JsonArray SelfAndBookmark(string path) => [Link("self", Versioned(path)), Link("bookmark", Bookmark(path))];

    public JsonArray OnlyBookmark(string path) => [Link("bookmark", Bookmark(path))];

    public static JsonObject Link(string rel, string href) => new() { ["rel"] = rel, ["href"] = href };

    private static string? Forwarded(HttpRequest request, ApiOptions options, string header)
    {
        var value = options.UseForwardedHeaders ? request.Headers[header].ToString().Split(',')[0].Trim() : "";
        return value.Length == 0 ? null : value;
    }
}
