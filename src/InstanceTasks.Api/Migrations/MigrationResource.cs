using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Hosts;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Migrations;

/// <summary>
/// <c>/os-migrations</c> (nova-api §6.8): a view over the tasks that resize, with what confirmed or reverted them. A migration's uuid is its task's id, its number follows from that.
/// </summary>
internal sealed class MigrationResource(IQueries queries, ServerReader reader) : IApiResource
{
    private static readonly string[] Known =
        ["host", "instance_uuid", "migration_type", "source_compute", "status", "hidden", "limit", "marker", "changes-since", "changes-before", "user_id", "project_id"];

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-migrations", ListAsync),
        new("GET", "servers/{id}/migrations", OfServerAsync, From: 23),
        new("GET", "servers/{id}/migrations/{migration}", NoneOfServerAsync, From: 23),
        new("POST", "servers/{id}/migrations/{migration}/action", NoneOfServerAsync, From: 22) { RecordsKey = true },
        new("DELETE", "servers/{id}/migrations/{migration}", NoneOfServerAsync, From: 24) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        if (call.AtLeast(59))
        {
            call.Query.Only(call.AtLeast(80) ? Known : call.AtLeast(66) ? Known[..^2] : Known[..^3]);
        }

        var tasks = await queries.ListTasksAsync(FilterOf(call), call.Aborted);
        var shown = new List<Migration>();
        foreach (var task in tasks)
        {
            shown.Add(new(task, task.Outcome == TaskOutcome.Succeeded ? await EndOfAsync(call, task) : null));
        }

        var body = new JsonObject { ["migrations"] = new JsonArray([.. shown.Where(m => Matches(call, m)).Select(m => m.ToBody(call))]) };
        if (call.AtLeast(59) && tasks.Count > 0)
        {
            Paging.AddNext(body, "migrations_links", call, tasks.Count, call.Query.Limit(), tasks[^1].Id.Value.ToString());
        }

        return ApiAnswer.Ok(body);
    }

    private static TaskFilter FilterOf(ApiCall call)
    {
        var (query, paged) = (call.Query, call.AtLeast(59));
        var (since, before) = paged ? query.Changes(withBefore: call.AtLeast(66)) : default;
        return new()
        {
            Kinds = [TaskKinds.Resize],
            Project = call.May(Rules.MigrationsOfAllProjects) ? (call.AtLeast(80) && query.Text("project_id") is { } project ? new ProjectId(project) : null) : call.Caller.Project,
            User = call.AtLeast(80) && query.Text("user_id") is { } user ? new UserId(user) : null,
            Instance = query.Text("instance_uuid") is not { } text ? null : InstanceId.TryParse(text, out var id) ? id : throw ApiFault.BadRequest($"Invalid uuid {text}"),
            ChangesSince = since,
            ChangesBefore = before,
            Marker = !paged || query.Text("marker") is not { } marker ? null : Guid.TryParse(marker, out var task) ? new TaskId(task) : throw ApiFault.BadRequest($"Marker {marker} could not be found."),
            Limit = paged ? query.Limit() : QueryInput.MaxLimit,
        };
    }

    private static bool Matches(ApiCall call, Migration migration)
    {
        var query = call.Query;
        var host = migration.Host;
        return (query.Text("host") is not { } h || h == host) && (query.Text("source_compute") is not { } s || s == host)
            && (query.Text("status") is not { } status || status == migration.Status) && query.Text("migration_type") is null or "resize" && query.Bool("hidden") != true;
    }

    /// <summary>The first task that confirmed, reverted or tried to after the resize, before there was another resize.</summary>
    private async Task<TaskRecord?> EndOfAsync(ApiCall call, TaskRecord resize)
    {
        var later = await queries.ListTasksAsync(new() { Instance = resize.Instance, Kinds = [TaskKinds.Resize, TaskKinds.ConfirmResize, TaskKinds.RevertResize] }, call.Aborted);
        var after = later.Where(t => t.CreatedAt > resize.CreatedAt && t.Outcome is not (TaskOutcome.Canceled or TaskOutcome.Refused)).OrderBy(t => t.CreatedAt)
            .TakeWhile(t => t.Kind != TaskKinds.Resize).ToList();
        return after.Find(t => t.Outcome == TaskOutcome.Succeeded) ?? after.LastOrDefault();
    }

    /// <summary>Nova lists live migrations under way here, and there are none.</summary>
    private async Task<ApiAnswer> OfServerAsync(ApiCall call)
    {
        await reader.GetAsync(call);
        return ApiAnswer.Ok(new JsonObject { ["migrations"] = new JsonArray() });
    }

    private async Task<ApiAnswer> NoneOfServerAsync(ApiCall call)
    {
        await reader.GetAsync(call);
        throw ApiFault.NotFound($"Migration {call.Value("migration")} for server {call.Value("id")} could not be found.");
    }
}

/// <summary>A resize with what ended it.</summary>
/// <param name="Resize">The task that resizes.</param>
/// <param name="End">The task that confirms or reverts it; null: nobody has asked for one.</param>
internal sealed record Migration(TaskRecord Resize, TaskRecord? End)
{
    public string? Host => Resize.Host?.Value;

    /// <summary>nova-api §4.5.</summary>
    public string Status => (Resize.Outcome, End) switch
    {
        (TaskOutcome.Succeeded, null) => "finished",
        (TaskOutcome.Succeeded, { Outcome: TaskOutcome.Succeeded } end) => end.Kind == TaskKinds.ConfirmResize ? "confirmed" : "reverted",
        (TaskOutcome.Succeeded, { IsEnded: false } end) => end.Kind == TaskKinds.ConfirmResize ? "confirming" : "reverting",
        (TaskOutcome.Succeeded, _) => "finished",
        (TaskOutcome.None, _) => Resize.TaskState switch { "resize_migrating" => "migrating", "resize_migrated" or "resize_finish" => "post-migrating", _ => "pre-migrating" },
        _ => "error",
    };

    public JsonObject ToBody(ApiCall call)
    {
        var host = call.May(Rules.MigrationHosts) ? Host : null;
        var body = new JsonObject
        {
            ["id"] = HostIds.Number(Resize.Id.Value),
            ["instance_uuid"] = Resize.Instance.ToString(),
            ["status"] = Status,
            ["source_compute"] = host,
            ["source_node"] = host,
            ["dest_compute"] = host,
            ["dest_node"] = host,
            ["dest_host"] = null,
            ["old_instance_type_id"] = Number(Resize.OldFlavor?.Id),
            ["new_instance_type_id"] = Number(Resize.Change?.Flavor?.Id),
            ["created_at"] = WireTime.Micros(Resize.CreatedAt),
            ["updated_at"] = WireTime.Micros((End ?? Resize).UpdatedAt),
        };
        AddSince(call, body);
        return body;
    }

    private void AddSince(ApiCall call, JsonObject body)
    {
        if (call.AtLeast(23))
        {
            body["migration_type"] = "resize";
        }

        if (call.AtLeast(59))
        {
            body["uuid"] = Resize.Id.Value.ToString();
        }

        if (call.AtLeast(80))
        {
            (body["user_id"], body["project_id"]) = (Resize.User.Value, Resize.Project.Value);
        }
    }

    // Nova has the number of a row here, which no call takes.
    private static int Number(string? flavor) => int.TryParse(flavor, out var number) ? number : HostIds.NumberOf(flavor ?? "");
}
