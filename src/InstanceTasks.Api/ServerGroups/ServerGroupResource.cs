using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.ServerGroups;

/// <summary><c>/os-server-groups</c> (nova-api §6.6). The policy holds when a host is chosen: at create and unshelve.</summary>
internal sealed class ServerGroupResource(IDocumentStore documents, GroupMembers members, TimeProvider time, IOptions<ApiOptions> options) : IApiResource
{
    private static readonly (string Name, GroupPolicy Policy, int From)[] Policies =
    [
        ("affinity", GroupPolicy.Affinity, 1), ("anti-affinity", GroupPolicy.AntiAffinity, 1), ("soft-affinity", GroupPolicy.SoftAffinity, 15), ("soft-anti-affinity", GroupPolicy.SoftAntiAffinity, 15),
    ];

    private readonly Records<ServerGroup> _groups = new(documents, ServerGroup.DocumentKind);

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-server-groups", ListAsync),
        new("POST", "os-server-groups", CreateAsync) { RecordsKey = true },
        new("GET", "os-server-groups/{group}", async call => ApiAnswer.Ok(new JsonObject { ["server_group"] = await BodyAsync(call, await NeedAsync(call)) })),
        new("DELETE", "os-server-groups/{group}", DeleteAsync) { RecordsKey = true },
    ];

    private async Task<ServerGroup> NeedAsync(ApiCall call) =>
        (Guid.TryParse(call.Value("group"), out var id) ? await members.FindAsync(call, id) : null) ?? throw Unknown(call);

    private static ApiFault Unknown(ApiCall call) => ApiFault.NotFound($"Instance group {call.Value("group")} could not be found.");

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only("all_projects", "limit", "offset");
        }

        var everybody = call.Query.Has("all_projects") && call.May(Rules.GroupsOfAllProjects);
        var offset = call.Query.Int("offset") ?? 0;
        var groups = (await _groups.ListAsync(call.Aborted)).Where(g => everybody || g.Project == call.Caller.Project)
            .OrderBy(g => g.CreatedAt).ThenBy(g => g.Id).Skip(offset).Take(call.Query.Limit());
        var bodies = new JsonArray();
        foreach (var group in groups)
        {
            bodies.Add((JsonNode)await BodyAsync(call, group));
        }

        return ApiAnswer.Ok(new JsonObject { ["server_groups"] = bodies });
    }

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var body = (await call.BodyAsync()).Only("server_group").Object("server_group");
        var group = call.AtLeast(64) ? ReadOne(body) : ReadList(call, body);
        group = group with { Project = call.Caller.Project, User = call.Caller.User, CreatedAt = time.GetUtcNow() };
        if (await members.CountAsync(group.Project, call.Aborted) >= options.Value.MaxServerGroups)
        {
            throw new ApiFault(403, "Quota exceeded, too many server groups.");
        }

        await _groups.AddAsync(group.Id.ToString(), group, call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["server_group"] = await BodyAsync(call, group) });
    }

    /// <summary>Since 2.64: one policy, with rules.</summary>
    private static ServerGroup ReadOne(JsonInput body)
    {
        var input = body.Only("name", "policy", "rules");
        var policy = PolicyOf(input.Fault, "policy", input.Need("policy"), 64);
        var rules = input.OptionalObject("rules")?.Only("max_server_per_host");
        var most = rules?.Int("max_server_per_host", 1);
        return most is not null && policy != GroupPolicy.AntiAffinity
            ? throw ApiFault.BadRequest($"Invalid input for field/attribute rules. Only anti-affinity policy supports rules.")
            : New(input, policy) with { MaxPerHost = most };
    }

    private static ServerGroup ReadList(ApiCall call, JsonInput body)
    {
        var input = body.Only("name", "policies");
        var policies = input.Array("policies") ?? throw ApiFault.BadRequest("'policies' is a required property");
        return policies.Count == 1
            ? New(input, PolicyOf(input.Fault, "policies", policies[0], call.Version.Minor))
            : throw input.Fault("policies", input.Need("policies"), "It must have exactly one item");
    }

    private static GroupPolicy PolicyOf(Func<string, JsonElement, string, ApiFault> fault, string name, JsonElement value, int minor)
    {
        var known = Policies.Where(p => p.From <= minor).ToList();
        var index = value.ValueKind == JsonValueKind.String ? known.FindIndex(p => p.Name == value.GetString()) : -1;
        return index >= 0 ? known[index].Policy : throw fault(name, value, $"It is not one of [{string.Join(", ", known.Select(p => $"'{p.Name}'"))}]");
    }

    private static ServerGroup New(JsonInput input, GroupPolicy policy) => new()
    {
        Id = Guid.NewGuid(), Name = input.NeedText("name", Lexical.Name), Policy = policy, Project = default, User = default,
    };

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var group = await NeedAsync(call);
        return await _groups.DeleteAsync(group.Id.ToString(), call.Aborted) ? new ApiAnswer(204) : throw Unknown(call);
    }

    private async Task<JsonObject> BodyAsync(ApiCall call, ServerGroup group)
    {
        var living = await members.LivingAsync(group, call.Aborted);
        var policy = Policies.First(p => p.Policy == group.Policy).Name;
        var body = new JsonObject { ["id"] = group.Id.ToString(), ["name"] = group.Name, ["members"] = new JsonArray([.. living.Select(m => JsonValue.Create(m.ToString()))]) };
        if (call.AtLeast(13))
        {
            (body["project_id"], body["user_id"]) = (group.Project.Value, group.User.Value);
        }

        if (call.AtLeast(64))
        {
            body["policy"] = policy;
            body["rules"] = group.MaxPerHost is { } most ? new JsonObject { ["max_server_per_host"] = most } : new JsonObject();
        }
        else
        {
            body["policies"] = new JsonArray(policy);
            body["metadata"] = new JsonObject();
        }

        return body;
    }
}
