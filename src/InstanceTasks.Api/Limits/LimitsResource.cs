using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Limits;

/// <summary><c>/limits</c> and a project's quota (nova-api §6.5). What this deployment does not have is unlimited and unused.</summary>
internal sealed class LimitsResource(IQueries queries, IOptions<ApiOptions> options) : IApiResource
{
    private const int Unlimited = -1;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "limits", LimitsAsync),
        new("GET", "os-quota-sets/{project}", QuotaAsync),
        new("GET", "os-quota-sets/{project}/defaults", QuotaAsync),
    ];

    private async Task<ApiAnswer> LimitsAsync(ApiCall call)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only("tenant_id", "reserved");
        }

        var usage = await queries.GetUsageAsync(ProjectOf(call, call.Query.Text("tenant_id")), call.Aborted);
        var absolute = new JsonObject
        {
            ["maxTotalInstances"] = usage.MaxInstances,
            ["maxTotalCores"] = usage.MaxCores,
            ["maxTotalRAMSize"] = usage.MaxRamMb,
            ["maxTotalKeypairs"] = options.Value.MaxKeyPairs,
            ["maxServerMeta"] = options.Value.MaxMetadataItems,
            ["maxServerGroups"] = 0,
            ["maxServerGroupMembers"] = 0,
            ["totalInstancesUsed"] = usage.Instances,
            ["totalCoresUsed"] = usage.Cores,
            ["totalRAMUsed"] = usage.RamMb,
            ["totalServerGroupsUsed"] = 0,
        };
        AddUpTo(call, 35, absolute, ["maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules"], Unlimited);
        AddUpTo(call, 35, absolute, ["totalFloatingIpsUsed", "totalSecurityGroupsUsed"], 0);
        AddUpTo(call, 38, absolute, ["maxImageMeta"], options.Value.MaxMetadataItems);
        AddUpTo(call, 56, absolute, ["maxPersonality", "maxPersonalitySize"], 0);
        return ApiAnswer.Ok(new JsonObject { ["limits"] = new JsonObject { ["rate"] = new JsonArray(), ["absolute"] = absolute } });
    }

    private async Task<ApiAnswer> QuotaAsync(ApiCall call)
    {
        var project = ProjectOf(call, call.Value("project"));
        var usage = await queries.GetUsageAsync(project, call.Aborted);
        var set = new JsonObject
        {
            ["id"] = project.Value,
            ["instances"] = usage.MaxInstances,
            ["cores"] = usage.MaxCores,
            ["ram"] = usage.MaxRamMb,
            ["key_pairs"] = options.Value.MaxKeyPairs,
            ["metadata_items"] = options.Value.MaxMetadataItems,
            ["server_groups"] = 0,
            ["server_group_members"] = 0,
        };
        AddUpTo(call, 56, set, ["injected_files", "injected_file_content_bytes", "injected_file_path_bytes"], 0);
        AddUpTo(call, 35, set, ["fixed_ips", "floating_ips", "security_groups", "security_group_rules"], Unlimited);
        return ApiAnswer.Ok(new JsonObject { ["quota_set"] = set });
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

    private static void AddUpTo(ApiCall call, int last, JsonObject body, string[] names, int value)
    {
        foreach (var name in call.AtLeast(last + 1) ? [] : names)
        {
            body[name] = value;
        }
    }
}
