using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Quotas;
using InstanceTasks.Api.ServerGroups;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Limits;

/// <summary><c>/limits</c> (nova-api §6.5). What this deployment does not have is unlimited and unused.</summary>
internal sealed class LimitsResource(IQueries queries, GroupMembers members, IOptions<ApiOptions> options) : IApiResource
{
    private const int Unlimited = -1;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "limits", LimitsAsync),
    ];

    private async Task<ApiAnswer> LimitsAsync(ApiCall call)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only("tenant_id", "reserved");
        }

        var project = ProjectOf(call, call.Query.Text("tenant_id"));
        var usage = await queries.GetUsageAsync(project, call.Aborted);
        var absolute = new JsonObject
        {
            ["maxTotalInstances"] = usage.MaxInstances,
            ["maxTotalCores"] = usage.MaxCores,
            ["maxTotalRAMSize"] = usage.MaxRamMb,
            ["maxTotalKeypairs"] = options.Value.MaxKeyPairs,
            ["maxServerMeta"] = options.Value.MaxMetadataItems,
            ["maxServerGroups"] = options.Value.MaxServerGroups,
            ["maxServerGroupMembers"] = options.Value.MaxServerGroupMembers,
            ["totalInstancesUsed"] = usage.Instances,
            ["totalCoresUsed"] = usage.Cores,
            ["totalRAMUsed"] = usage.RamMb,
            ["totalServerGroupsUsed"] = await members.CountAsync(project, call.Aborted),
        };
        QuotaResource.AddUpTo(call, 35, absolute, ["maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules"], Unlimited);
        QuotaResource.AddUpTo(call, 35, absolute, ["totalFloatingIpsUsed", "totalSecurityGroupsUsed"], 0);
        QuotaResource.AddUpTo(call, 38, absolute, ["maxImageMeta"], options.Value.MaxMetadataItems);
        QuotaResource.AddUpTo(call, 56, absolute, ["maxPersonality", "maxPersonalitySize"], 0);
        return ApiAnswer.Ok(new JsonObject { ["limits"] = new JsonObject { ["rate"] = new JsonArray(), ["absolute"] = absolute } });
    }

    private static ProjectId ProjectOf(ApiCall call, string? asked)
    {
        var project = asked is null ? call.Caller.Project : new ProjectId(asked);
        if (project != call.Caller.Project)
        {
            call.Need(Rules.LimitsOfOthers);
        }

        return project;
    }
}
