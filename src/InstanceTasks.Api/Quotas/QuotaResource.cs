using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Quotas;

/// <summary>
/// <c>/os-quota-sets</c> (nova-api §6.5). Servers, cores and memory have a limit for each project; the other limits are this deployment's, the same for all, and what it does not have is
/// unlimited and unused.
/// </summary>
internal sealed class QuotaResource(IQueries queries, IQuotaLimits limits, IOptions<ApiOptions> options) : IApiResource
{
    private const int Unlimited = -1;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-quota-sets/{project}", ShowAsync),
        new("GET", "os-quota-sets/{project}/detail", DetailAsync),
        new("GET", "os-quota-sets/{project}/defaults", call => Task.FromResult(Answer(Set(call, new(0, 0, 0)), ProjectOf(call)))),
        new("PUT", "os-quota-sets/{project}", UpdateAsync) { RecordsKey = true },
        new("DELETE", "os-quota-sets/{project}", ResetAsync) { RecordsKey = true },
    ];

    private static ApiAnswer Answer(JsonObject set, ProjectId? project)
    {
        if (project is { } id)
        {
            set["id"] = id.Value;
        }

        return ApiAnswer.Ok(new JsonObject { ["quota_set"] = set });
    }

    private static ProjectId ProjectOf(ApiCall call) => new(call.Value("project"));

    private static ProjectId Seen(ApiCall call) => ProjectOf(call) is var project && call.Sees(project) ? project : throw ApiFault.Policy("os-quota-sets:show");

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var project = Seen(call);
        return Answer(Set(call, await queries.GetUsageAsync(project, call.Aborted)), project);
    }

    private async Task<ApiAnswer> DetailAsync(ApiCall call)
    {
        var project = Seen(call);
        var usage = await queries.GetUsageAsync(project, call.Aborted);
        var used = new Dictionary<string, int>(StringComparer.Ordinal) { ["instances"] = usage.Instances, ["cores"] = usage.Cores, ["ram"] = usage.RamMb };
        var set = new JsonObject(Set(call, usage).Select(limit => KeyValuePair.Create(
            limit.Key, (JsonNode?)new JsonObject { ["limit"] = (int)limit.Value!, ["in_use"] = used.GetValueOrDefault(limit.Key), ["reserved"] = 0 })));
        return Answer(set, project);
    }

    private async Task<ApiAnswer> UpdateAsync(ApiCall call)
    {
        var project = ProjectOf(call);
        var usage = await queries.GetUsageAsync(project, call.Aborted);
        var fixedOnes = Set(call, usage);
        var input = (await call.BodyAsync()).Only("quota_set").Object("quota_set").Only([.. fixedOnes.Select(s => s.Key), "force", "tenant_id"]);
        var force = input.Bool("force") ?? false;
        var wanted = usage with
        {
            MaxInstances = Wanted(input, "instances", usage.MaxInstances, usage.Instances, force),
            MaxCores = Wanted(input, "cores", usage.MaxCores, usage.Cores, force),
            MaxRamMb = Wanted(input, "ram", usage.MaxRamMb, usage.RamMb, force),
        };
        foreach (var (name, value) in fixedOnes.Where(s => s.Key is not ("instances" or "cores" or "ram")))
        {
            if (input.Int(name, Unlimited) is { } asked && asked != (int)value!)
            {
                throw ApiFault.Unsupported($"Another limit of {name} than {value}, which is the configured one of every project,");
            }
        }

        await limits.SetLimitsAsync(project, wanted.MaxInstances, wanted.MaxCores, wanted.MaxRamMb, call.Aborted);
        return Answer(Set(call, wanted), null);
    }

    private static int Wanted(JsonInput input, string name, int now, int used, bool force)
    {
        var wanted = input.Int(name, Unlimited) ?? now;
        return wanted == Unlimited || wanted >= used || force || wanted == now
            ? wanted
            : throw ApiFault.BadRequest($"Quota limit {wanted} for {name} must be greater than or equal to already used and reserved {used}.");
    }

    private async Task<ApiAnswer> ResetAsync(ApiCall call)
    {
        await limits.SetLimitsAsync(ProjectOf(call), Unlimited, Unlimited, Unlimited, call.Aborted);
        return new ApiAnswer(202);
    }

    private JsonObject Set(ApiCall call, QuotaUsage usage)
    {
        var set = new JsonObject
        {
            ["instances"] = usage.MaxInstances,
            ["cores"] = usage.MaxCores,
            ["ram"] = usage.MaxRamMb,
            ["key_pairs"] = options.Value.MaxKeyPairs,
            ["metadata_items"] = options.Value.MaxMetadataItems,
            ["server_groups"] = options.Value.MaxServerGroups,
            ["server_group_members"] = options.Value.MaxServerGroupMembers,
        };
        AddUpTo(call, 56, set, ["injected_files", "injected_file_content_bytes", "injected_file_path_bytes"], 0);
        AddUpTo(call, 35, set, ["fixed_ips", "floating_ips", "security_groups", "security_group_rules"], Unlimited);
        return set;
    }

    internal static void AddUpTo(ApiCall call, int last, JsonObject body, string[] names, int value)
    {
        foreach (var name in call.AtLeast(last + 1) ? [] : names)
        {
            body[name] = value;
        }
    }
}
