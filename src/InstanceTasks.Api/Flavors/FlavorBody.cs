using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary>The JSON of a flavor (nova-api §6.1).</summary>
internal static class FlavorBody
{
    public static JsonObject Brief(ApiCall call, Flavor flavor)
    {
        var body = new JsonObject
        {
            ["id"] = flavor.Id,
            ["name"] = flavor.Name,
            ["links"] = call.Links.SelfAndBookmark($"flavors/{Uri.EscapeDataString(flavor.Id)}"),
        };
        if (call.AtLeast(55))
        {
            body["description"] = flavor.Description;
        }

        return body;
    }

    public static JsonObject Full(ApiCall call, Flavor flavor)
    {
        var body = Brief(call, flavor);
        body["ram"] = flavor.RamMb;
        body["disk"] = flavor.DiskGb;
        body["vcpus"] = flavor.Vcpus;
        body["swap"] = flavor.SwapMb == 0 && !call.AtLeast(75) ? "" : flavor.SwapMb;
        body["OS-FLV-EXT-DATA:ephemeral"] = flavor.EphemeralGb;
        body["OS-FLV-DISABLED:disabled"] = false;
        body["os-flavor-access:is_public"] = flavor.IsPublic;
        body["rxtx_factor"] = flavor.RxtxFactor;
        if (call.AtLeast(61))
        {
            body["extra_specs"] = ServerBody.MapOf(flavor.ExtraSpecs);
        }

        return body;
    }
}
