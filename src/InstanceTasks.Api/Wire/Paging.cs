using System.Text.Json.Nodes;

namespace InstanceTasks.Api.Wire;

/// <summary>The link to the next page (nova-api §1.8).</summary>
internal static class Paging
{
    /// <summary>Adds the link when the page is full: the client then asks on, and may get an empty page.</summary>
    public static void AddNext(JsonObject body, string key, ApiCall call, int count, int limit, string lastId)
    {
        if (count > 0 && count == limit)
        {
            body[key] = new JsonArray(ApiLinks.Link("next", NextHref(call, lastId)));
        }
    }

    private static string NextHref(ApiCall call, string lastId)
    {
        var pairs = call.Query.Pairs.Where(p => p.Key != "marker").Append(KeyValuePair.Create("marker", lastId));
        var query = pairs.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{Uri.EscapeDataString(p.Key)}={Uri.EscapeDataString(p.Value)}");
        return $"{call.Links.BaseUrl}{call.Http.Request.Path.ToUriComponent()}?{string.Join('&', query)}";
    }
}
