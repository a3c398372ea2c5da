using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>Reads tasks for one caller.</summary>
internal sealed class TaskReader(IQueries queries)
{
    public static string UnknownText(TaskId id) => $"Task {id} could not be found. If its server was deleted long ago, it may have been archived.";

    /// <summary>The task from the path, if the caller may see it.</summary>
    public async Task<TaskRecord> GetAsync(ApiCall call)
    {
        var text = call.Value("task");
        return !TaskId.TryParse(text, null, out var id) ? throw ApiFault.NotFound($"Task {text} could not be found.")
            : await queries.GetTaskAsync(id, call.Aborted) is { } task && call.Sees(task.Project) ? task
            : throw ApiFault.NotFound(UnknownText(id));
    }

    /// <summary>An answer that names a task with the task as its body: as it is now, which for a repeat may be later.</summary>
    public async Task<ApiAnswer> RenderAsync(ApiCall call, ApiAnswer answer, DateTimeOffset now)
    {
        var task = answer.Headers.TryGetValue("OpenStack-Task", out var text) ? await queries.GetTaskAsync(TaskId.Parse(text), call.Aborted) : null;
        return answer with { Body = task is null ? null : new JsonObject { ["task"] = TaskBody.Full(call, task, now) } };
    }
}
