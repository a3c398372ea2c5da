using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Servers;

/// <summary>
/// The small resources below a server (nova-api §2.8). Networks, volumes and graphical consoles are not served by this deployment: their lists are empty, and whoever wants one is told so.
/// </summary>
internal sealed class ServerParts(ServerReader reader) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers/{id}/ips", call => EmptyAsync(call, "addresses", new JsonObject())),
        new("GET", "servers/{id}/ips/{label}", call => MissingAsync(call, "Network not found for instance")),
        new("GET", "servers/{id}/os-server-password", call => EmptyAsync(call, "password", "")),
        new("DELETE", "servers/{id}/os-server-password", call => DoneAsync(call, 204)) { RecordsKey = true },
        new("GET", "servers/{id}/os-security-groups", SecurityGroupsAsync),
        new("GET", "servers/{id}/topology", TopologyAsync, From: 78),
        new("GET", "servers/{id}/diagnostics", call => UnsupportedAsync(call, "The hypervisor has no diagnostics of its machines.")),
        new("POST", "servers/{id}/remote-consoles", ConsoleAsync, From: 6) { RecordsKey = true },
        new("GET", "servers/{id}/os-volume_attachments", call => EmptyAsync(call, "volumeAttachments", new JsonArray())),
        new("POST", "servers/{id}/os-volume_attachments", call => UnsupportedAsync(call, "Volumes are not supported by this deployment.")) { RecordsKey = true },
        new("GET", "servers/{id}/os-volume_attachments/{volume}", NoVolumeAsync),
        new("PUT", "servers/{id}/os-volume_attachments/{volume}", NoVolumeAsync) { RecordsKey = true },
        new("DELETE", "servers/{id}/os-volume_attachments/{volume}", NoVolumeAsync) { RecordsKey = true },
        new("GET", "servers/{id}/os-interface", call => EmptyAsync(call, "interfaceAttachments", new JsonArray())),
        new("POST", "servers/{id}/os-interface", call => UnsupportedAsync(call, "Networks are not supported by this deployment.")) { RecordsKey = true },
        new("GET", "servers/{id}/os-interface/{port}", NoPortAsync),
        new("DELETE", "servers/{id}/os-interface/{port}", NoPortAsync) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> EmptyAsync(ApiCall call, string name, JsonNode empty)
    {
        await reader.GetAsync(call);
        return ApiAnswer.Ok(new JsonObject { [name] = empty });
    }

    private async Task<ApiAnswer> DoneAsync(ApiCall call, int status)
    {
        await reader.GetAsync(call);
        return new(status);
    }

    private async Task<ApiAnswer> MissingAsync(ApiCall call, string message)
    {
        await reader.GetAsync(call);
        throw ApiFault.NotFound(message);
    }

    private Task<ApiAnswer> NoVolumeAsync(ApiCall call) => MissingAsync(call, $"volume_id not found: {call.Value("volume")}");

    private Task<ApiAnswer> NoPortAsync(ApiCall call) => MissingAsync(call, $"Port {call.Value("port")} could not be found.");

    private async Task<ApiAnswer> UnsupportedAsync(ApiCall call, string message)
    {
        await reader.GetAsync(call);
        throw new ApiFault(501, message);
    }

    private async Task<ApiAnswer> SecurityGroupsAsync(ApiCall call)
    {
        var instance = (await reader.GetAsync(call)).Instance;
        var groups = instance.SecurityGroups.Select(name => new JsonObject
        {
            ["id"] = name, ["name"] = name, ["description"] = "", ["tenant_id"] = instance.Project.Value, ["rules"] = new JsonArray(),
        });
        return ApiAnswer.Ok(new JsonObject { ["security_groups"] = new JsonArray([.. groups]) });
    }

    /// <summary>No machine here has a NUMA topology of its own.</summary>
    private async Task<ApiAnswer> TopologyAsync(ApiCall call)
    {
        await reader.GetAsync(call);
        return ApiAnswer.Ok(new JsonObject { ["nodes"] = new JsonArray(), ["pagesize_kb"] = null });
    }

    private async Task<ApiAnswer> ConsoleAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("remote_console").Object("remote_console").Only("protocol", "type");
        var protocol = input.NeedText("protocol", p => p is "vnc" or "spice" or "rdp" or "serial" or "mks" ? null : "is not one of ['vnc', 'spice', 'rdp', 'serial', 'mks']");
        var type = input.NeedText("type", Lexical.NonEmpty);
        var instance = (await reader.GetAsync(call)).Instance;
        throw instance.Host is null
            ? ApiFault.Conflict($"Instance {instance.Id} is not ready")
            : ApiFault.BadRequest($"Unavailable console type {type} of protocol {protocol}.");
    }
}
