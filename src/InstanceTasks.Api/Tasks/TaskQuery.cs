using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>The query of a list of tasks.</summary>
internal static class TaskQuery
{
    private static readonly string[] Known =
        ["state", "kind", "server_id", "parent_id", "request_id", "project", "all_projects", "host", "user", "changes-since", "changes-before", "limit", "marker", "sort_key", "sort_dir"];

    private static readonly string[] SortKeys = ["created_at", "finished_at", "id", "kind", "project_id", "server_id", "state", "updated_at", "user_id"];

    public static TaskFilter Parse(ApiCall call, params string[] more)
    {
        call.Query.Only([.. Known, .. more]);
        var (since, before) = call.Query.Changes(withBefore: true);
        return new()
        {
            Project = ProjectOf(call),
            Instance = Instance(call),
            Parent = Parent(call),
            Request = call.Query.Text("request_id") is { } request ? new RequestId(request) : null,
            Kinds = Kinds(call),
            States = States(call),
            Host = HostOf(call),
            User = call.Query.Text("user") is { } user ? new UserId(user) : null,
            ChangesSince = since,
            ChangesBefore = before,
            Sort = call.Query.Sort(key => SortKeys.Contains(key) ? key : throw QueryInput.Invalid("sort_key", key, $"'{key}' is not one of [{string.Join(", ", SortKeys.Select(k => $"'{k}'"))}]")),
            Marker = Marker(call),
            Limit = call.Query.Limit(),
        };
    }

    /// <summary>The caller's own project, unless an administrator names another or all.</summary>
    public static ProjectId? ProjectOf(ApiCall call)
    {
        var asked = call.Query.Text("project") is { } text ? new ProjectId(text) : call.Caller.Project;
        var all = call.Query.Bool("all_projects") ?? false;
        if (all || asked != call.Caller.Project)
        {
            call.Need(Rules.TasksOfAllProjects);
        }

        return all ? null : asked;
    }

    public static InstanceId? Instance(ApiCall call)
    {
        if (call.Query.Text("server_id") is not { } text)
        {
            return null;
        }

        return InstanceId.TryParse(text, out var id) ? id : throw QueryInput.Invalid("server_id", text, $"'{text}' is not a 'uuid'");
    }

    public static TaskId? Parent(ApiCall call)
    {
        if (call.Query.Text("parent_id") is not { } text)
        {
            return null;
        }

        return TaskId.TryParse(text, null, out var id) ? id : throw QueryInput.Invalid("parent_id", text, $"'{text}' is not a 'uuid'");
    }

    public static IReadOnlyList<TaskKind>? Kinds(ApiCall call) => List(call, "kind") is { } kinds ? [.. kinds.Select(k => new TaskKind(k))] : null;

    private static List<string>? States(ApiCall call)
    {
        var states = List(call, "state");
        return states?.Find(s => !TaskStateNames.All.Contains(s)) is { } bad
            ? throw QueryInput.Invalid("state", bad, $"'{bad}' is not one of [{string.Join(", ", TaskStateNames.All.Select(s => $"'{s}'"))}]")
            : states;
    }

    private static HostName? HostOf(ApiCall call)
    {
        if (call.Query.Text("host") is not { } host)
        {
            return null;
        }

        call.Need(Rules.TasksOfHost);
        return new(host);
    }

    private static TaskId? Marker(ApiCall call)
    {
        if (call.Query.Text("marker") is not { } text)
        {
            return null;
        }

        return TaskId.TryParse(text, null, out var id) ? id : throw ApiFault.BadRequest($"marker [{text}] not found");
    }

    /// <summary>Repeated, or separated by commas.</summary>
    private static List<string>? List(ApiCall call, string name) =>
        call.Query.Has(name) ? [.. call.Query.All(name).SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))] : null;
}
