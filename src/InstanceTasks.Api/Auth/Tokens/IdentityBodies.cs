using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>The documents of the identity façade (nova-api §7.2).</summary>
internal static class IdentityBodies
{
    private const string Region = "RegionOne";

    public static JsonObject Version(ApiLinks links) => new()
    {
        ["id"] = "v3.14",
        ["status"] = "stable",
        ["updated"] = "2020-04-07T00:00:00Z",
        ["links"] = new JsonArray(ApiLinks.Link("self", $"{links.BaseUrl}/identity/v3/")),
        ["media-types"] = new JsonArray(new JsonObject { ["base"] = "application/json", ["type"] = "application/vnd.openstack.identity-v3+json" }),
    };

    public static JsonObject Token(TokenSession session, ApiLinks links, bool withCatalog)
    {
        var token = session.Token;
        var body = new JsonObject
        {
            ["methods"] = new JsonArray([.. token.Methods.Select(m => JsonValue.Create(m))]),
            ["expires_at"] = WireTime.Precise(token.ExpiresAt),
            ["issued_at"] = WireTime.Precise(token.IssuedAt),
            ["audit_ids"] = token.From is { } from ? new JsonArray(token.Id, from) : new JsonArray(token.Id),
            ["user"] = Named(session.User.Name, ("password_expires_at", null)),
            ["project"] = Named(session.Membership.Project),
            ["is_domain"] = false,
            ["roles"] = new JsonArray([.. Roles(session.Who.Standing).Select(r => new JsonObject { ["id"] = r, ["name"] = r })]),
        };
        if (withCatalog)
        {
            body["catalog"] = Catalog(links);
        }

        return new() { ["token"] = body };
    }

    // A role has those below it, and clients are told so.
    private static IEnumerable<string> Roles(LeastRole standing) =>
        new[] { LeastRole.Admin, LeastRole.Manager, LeastRole.Member, LeastRole.Reader }.Where(r => r <= standing).Select(r => r.ToString().ToLowerInvariant());

    private static JsonObject Named(string name, params (string Key, JsonNode? Value)[] more)
    {
        var body = new JsonObject { ["id"] = name, ["name"] = name, ["domain"] = new JsonObject { ["id"] = "default", ["name"] = "Default" } };
        foreach (var (key, value) in more)
        {
            body[key] = value;
        }

        return body;
    }

    private static JsonArray Catalog(ApiLinks links) =>
    [
        Service("compute", "nova", $"{links.BaseUrl}/v2.1"),
        Service("image", "glance", $"{links.BaseUrl}/image"),
        Service("identity", "keystone", $"{links.BaseUrl}/identity/v3"),
    ];

    private static JsonObject Service(string type, string name, string url) => new()
    {
        ["type"] = type,
        ["name"] = name,
        ["id"] = type,
        ["endpoints"] = new JsonArray([.. new[] { "public", "internal", "admin" }.Select(i => new JsonObject
        {
            ["id"] = $"{type}-{i}", ["interface"] = i, ["region"] = Region, ["region_id"] = Region, ["url"] = url,
        })]),
    };
}
