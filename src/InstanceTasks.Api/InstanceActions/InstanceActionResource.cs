using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.InstanceActions;

/// <summary><c>/servers/{id}/os-instance-actions</c> (nova-api §5): computed from tasks, one action per request.</summary>
internal sealed class InstanceActionResource(IQueries queries, ServerReader reader) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers/{id}/os-instance-actions", ListAsync),
        new("GET", "servers/{id}/os-instance-actions/{request}", ShowAsync),
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        CheckQuery(call);
        var id = await VisibleServerAsync(call);
        var actions = await ActionsAsync(id, call.Aborted);
        if (!call.AtLeast(58))
        {
            return ApiAnswer.Ok(new JsonObject { ["instanceActions"] = new JsonArray([.. actions.Select(a => BodyOf(call, a))]) });
        }

        var limit = call.Query.Limit();
        var page = Page(call, actions).Take(limit).ToList();
        var body = new JsonObject { ["instanceActions"] = new JsonArray([.. page.Select(a => BodyOf(call, a))]) };
        Paging.AddNext(body, "links", call, page.Count, limit, page.Count == 0 ? "" : page[^1].Request.Value);
        return ApiAnswer.Ok(body);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var id = await VisibleServerAsync(call);
        var request = call.Value("request");
        var task = (await ActionsAsync(id, call.Aborted)).FirstOrDefault(a => a.Request.Value == request)
            ?? throw ApiFault.NotFound($"Action {request} not found");
        var body = BodyOf(call, task);
        if (call.May(Rules.ActionEvents) || call.AtLeast(51))
        {
            body["events"] = new JsonArray([.. ActionEvent.Of(task).Reverse().Select(e => EventOf(call, task, e))]);
        }

        return ApiAnswer.Ok(new JsonObject { ["instanceAction"] = body });
    }

    /// <summary>Deleted servers keep their actions from 2.21 on.</summary>
    private async Task<InstanceId> VisibleServerAsync(ApiCall call) =>
        (await reader.GetAsync(call, call.ServerId(), orDeleted: call.AtLeast(21))).Instance.Id;

    private static void CheckQuery(ApiCall call)
    {
        if (call.AtLeast(58))
        {
            string[] since66 = call.AtLeast(66) ? ["changes-before"] : [];
            call.Query.Only(["limit", "marker", "changes-since", .. since66]);
        }
    }

    private static IEnumerable<TaskRecord> Page(ApiCall call, IReadOnlyList<TaskRecord> actions)
    {
        var (since, before) = call.Query.Changes(withBefore: call.AtLeast(66));
        var found = actions.Where(a => (since is null || a.UpdatedAt >= since) && (before is null || a.UpdatedAt <= before)).ToList();
        if (call.Query.Text("marker") is not { } marker)
        {
            return found;
        }

        var index = found.FindIndex(a => a.Request.Value == marker);
        return index >= 0 ? found.Skip(index + 1) : throw ApiFault.BadRequest($"marker [{marker}] not found");
    }

    /// <summary>For each request the outermost task, which is the one accepted first; newest request first.</summary>
    private async Task<IReadOnlyList<TaskRecord>> ActionsAsync(InstanceId id, CancellationToken cancellationToken)
    {
        var tasks = new List<TaskRecord>();
        var filter = new TaskFilter { Instance = id };
        IReadOnlyList<TaskRecord> page;
        do
        {
            page = await queries.ListTasksAsync(filter, cancellationToken);
            tasks.AddRange(page);
            filter = filter with { Marker = page.Count == 0 ? null : page[^1].Id };
        }
        while (page.Count == filter.Limit);

        return [.. tasks.Where(t => ActionNames.Of(t.Kind) is not null)
            .GroupBy(t => t.Request)
            .Select(g => g.OrderBy(t => t.CreatedAt).First())
            .OrderByDescending(t => t.CreatedAt).ThenByDescending(t => t.Id.Value)];
    }

    private static JsonObject BodyOf(ApiCall call, TaskRecord task)
    {
        var body = new JsonObject
        {
            ["action"] = ActionNames.Of(task.Kind),
            ["instance_uuid"] = task.Instance.ToString(),
            ["request_id"] = task.Request.Value,
            ["user_id"] = task.User.Value,
            ["project_id"] = task.Project.Value,
            ["start_time"] = WireTime.Micros(task.CreatedAt),
            ["message"] = task.Outcome is TaskOutcome.Failed or TaskOutcome.NeedsAttention ? "Error" : null,
        };
        if (call.AtLeast(58))
        {
            body["updated_at"] = WireTime.Micros(task.UpdatedAt);
        }

        return body;
    }

    private static JsonObject EventOf(ApiCall call, TaskRecord task, ActionEvent found)
    {
        var body = new JsonObject
        {
            ["event"] = found.Name,
            ["start_time"] = WireTime.Micros(found.Start),
            ["finish_time"] = WireTime.Micros(found.Finish),
            ["result"] = found.Result,
        };
        if (call.May(Rules.ActionEvents))
        {
            body["traceback"] = found.Traceback;
        }

        if (call.AtLeast(62))
        {
            body["hostId"] = found.Host?.HostIdFor(task.Project) ?? "";
            if (call.May(Rules.ActionEvents))
            {
                body["host"] = found.Host?.Value;
            }
        }

        if (call.AtLeast(84) && call.May(Rules.ActionEventDetails))
        {
            body["details"] = found.Details;
        }

        return body;
    }
}
