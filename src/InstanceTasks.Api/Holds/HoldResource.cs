using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Holds;

/// <summary>
/// <c>/tasks/holds</c>, for administrators: keeps the tasks of a host, project or kind from starting their next step until it is removed, also
/// over restarts. Takes effect in every process within two seconds. Who made and removed one, when and why, stays.
/// </summary>
internal sealed class HoldResource(IHoldStore holds) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "tasks/holds", ListAsync),
        new("POST", "tasks/holds", AddAsync) { RecordsKey = true },
        new("DELETE", "tasks/holds/{hold}", RemoveAsync) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        call.Query.Only("removed");
        var all = await holds.ListHoldsAsync(call.Query.Bool("removed") ?? false, call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["holds"] = new JsonArray([.. all.Select(BodyOf)]) });
    }

    private async Task<ApiAnswer> AddAsync(ApiCall call)
    {
        var hold = Parse(call, (await call.BodyAsync()).Only("hold").Object("hold").Only("host", "project_id", "kind", "reason"));
        return new(201, new JsonObject { ["hold"] = BodyOf(await holds.AddHoldAsync(hold, call.Aborted)) });
    }

    private static Hold Parse(ApiCall call, JsonInput input)
    {
        var (host, project, kind) = (input.NullableText("host", Lexical.NonEmpty), input.NullableText("project_id", Lexical.NonEmpty), input.NullableText("kind", Lexical.NonEmpty));
        if (host is null && project is null && kind is null)
        {
            throw ApiFault.BadRequest("A hold needs a host, a project_id or a kind.");
        }

        if (kind is not null && PlanRegistry.Find(new(kind)) is null)
        {
            throw ApiFault.BadRequest($"There is no such kind of task: {kind}.");
        }

        return new()
        {
            Id = Guid.NewGuid(), By = call.Caller.User, Reason = input.NeedText("reason", Lexical.NonEmpty), Host = host is null ? null : new HostName(host),
            Project = project is null ? null : new ProjectId(project), Kind = kind is null ? null : new TaskKind(kind),
        };
    }

    private async Task<ApiAnswer> RemoveAsync(ApiCall call)
    {
        var text = call.Value("hold");
        return Guid.TryParse(text, out var id) && await holds.RemoveHoldAsync(id, call.Caller.User, call.Aborted)
            ? new(204)
            : throw ApiFault.NotFound($"Hold {text} could not be found.");
    }

    private static JsonObject BodyOf(Hold hold) => new()
    {
        ["id"] = hold.Id.ToString(),
        ["host"] = hold.Host?.Value,
        ["project_id"] = hold.Project?.Value,
        ["kind"] = hold.Kind?.Name,
        ["reason"] = hold.Reason,
        ["user_id"] = hold.By.Value,
        ["created_at"] = WireTime.Precise(hold.At),
        ["removed_by"] = hold.RemovedBy?.Value,
        ["removed_at"] = WireTime.Precise(hold.RemovedAt),
    };
}
