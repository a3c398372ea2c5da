using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary>Which projects may use a private flavor (nova-api §6.1).</summary>
internal sealed class FlavorAccess(VisibleFlavors flavors) : IApiResource
{
    /// <summary>What <c>action</c> takes.</summary>
    public static IReadOnlyList<string> ActionNames { get; } = ["addTenantAccess", "removeTenantAccess"];

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "flavors/{flavor}/os-flavor-access", async call => await AnswerAsync(call, await NeedPrivateAsync(call, 404, "Access list not available for public flavors."))),
        new("POST", "flavors/{flavor}/action", ActAsync) { RecordsKey = true },
    ];

    private async Task<Flavor> NeedPrivateAsync(ApiCall call, int status, string message) =>
        await flavors.NeedAsync(call) is { IsPublic: false } flavor ? flavor : throw new ApiFault(status, message);

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var name = body.OnlyName();
        return name switch
        {
            "addTenantAccess" => await AddAsync(call, ProjectOf(call, body, name)),
            "removeTenantAccess" => await RemoveAsync(call, ProjectOf(call, body, name)),
            _ => throw ApiFault.BadRequest($"There is no such action: {name}"),
        };
    }

    private static string ProjectOf(ApiCall call, JsonInput body, string action)
    {
        call.NeedAction(action);
        return body.Object(action).Only("tenant").NeedText("tenant", Lexical.NonEmpty);
    }

    private async Task<ApiAnswer> AddAsync(ApiCall call, string project)
    {
        var flavor = await NeedPrivateAsync(call, 409, "Can not add access to a public flavor.");
        return await flavors.AddAsync(flavor, project, call.Aborted)
            ? await AnswerAsync(call, flavor)
            : throw ApiFault.Conflict($"Flavor access already exists for flavor {flavor.Id} and project {project} combination.");
    }

    private async Task<ApiAnswer> RemoveAsync(ApiCall call, string project)
    {
        var flavor = await NeedPrivateAsync(call, 409, "Can not remove access from a public flavor.");
        return await flavors.RemoveAsync(flavor, project, call.Aborted)
            ? await AnswerAsync(call, flavor)
            : throw ApiFault.NotFound($"Flavor access not found for {flavor.Id} / {project} combination.");
    }

    private async Task<ApiAnswer> AnswerAsync(ApiCall call, Flavor flavor)
    {
        var projects = await flavors.ProjectsAsync(flavor, call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["flavor_access"] = new JsonArray([.. projects.Select(p => new JsonObject { ["flavor_id"] = flavor.Id, ["tenant_id"] = p })]) });
    }
}
