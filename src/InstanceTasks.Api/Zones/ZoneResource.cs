using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Zones;

/// <summary><c>/os-availability-zone</c> (nova-api §6.4), from the hosts' zones; and the empty list of extensions (§6.9).</summary>
internal sealed class ZoneResource(IQueries queries) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-availability-zone", call => ListAsync(call, detail: false)),
        new("GET", "os-availability-zone/detail", call => ListAsync(call, detail: true)),
        new("GET", "extensions", _ => Task.FromResult(ApiAnswer.Ok(new JsonObject { ["extensions"] = new JsonArray() }))),
        new("GET", "extensions/{alias}", _ => throw ApiFault.NoSuchResource()),
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call, bool detail)
    {
        if (detail)
        {
        }

        var hosts = await queries.ListHostsAsync(call.Aborted);
        var zones = hosts.GroupBy(h => h.Zone, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(zone => new JsonObject
        {
            ["zoneName"] = zone.Key,
            ["zoneState"] = new JsonObject { ["available"] = zone.Any(h => h.Disabled is null) },
            ["hosts"] = detail ? HostsOf(zone) : null,
        });
        return ApiAnswer.Ok(new JsonObject { ["availabilityZoneInfo"] = new JsonArray([.. zones]) });
    }

    private static JsonObject HostsOf(IEnumerable<HostView> hosts) => new(hosts.OrderBy(h => h.Host.Value, StringComparer.Ordinal).Select(host =>
        KeyValuePair.Create(host.Host.Value, (JsonNode?)new JsonObject
        {
            ["nova-compute"] = new JsonObject { ["available"] = true, ["active"] = host.Disabled is null, ["updated_at"] = null },
        })));
}
