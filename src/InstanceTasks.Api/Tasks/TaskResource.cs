using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tasks;

/// <summary>The Tasks API (design §8).</summary>
internal sealed class TaskResource(
    IQueries queries, ServerReader reader, TaskCommands commands, IHostApplicationLifetime lifetime, IOptions<ApiOptions> options)
    : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "tasks", call => ListAsync(call, TaskQuery.Parse(call))),
        new("GET", "servers/{id}/tasks", ListOfServerAsync),
        new("GET", "tasks/{task}", ShowAsync),
        new("POST", "tasks/{task}/action", ActAsync),
    ];

    internal static string UnknownText(TaskId id) => $"Task {id} could not be found.";

    private async Task<ApiAnswer> ListOfServerAsync(ApiCall call)
    {
        var view = await reader.GetAsync(call, call.ServerId(), orDeleted: true);
        return await ListAsync(call, TaskQuery.Parse(call) with { Instance = view.Instance.Id, Project = view.Instance.Project });
    }

    private async Task<ApiAnswer> ListAsync(ApiCall call, TaskFilter filter)
    {
        var tasks = filter.Limit == 0 ? [] : await queries.ListTasksAsync(filter, call.Aborted);
        var body = new JsonObject { ["tasks"] = new JsonArray([.. tasks.Select(t => TaskBody.Of(call, t))]) };
        Paging.AddNext(body, "tasks_links", call, tasks.Count, filter.Limit, tasks.Count == 0 ? "" : tasks[^1].Id.ToString());
        return ApiAnswer.Ok(body);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        call.Query.Only("wait");
        var wait = Wait(call);
        var task = await FindAsync(call);
        task = await WaitAsync(task, wait, call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["task"] = TaskBody.Of(call, task) }).WithTask(call.Links, task.Id);
    }

    private TimeSpan Wait(ApiCall call)
    {
        if (call.Query.Int("wait") is not { } seconds)
        {
            return TimeSpan.Zero;
        }

        var most = (int)options.Value.MaxTaskWait.TotalSeconds;
        return seconds <= most ? TimeSpan.FromSeconds(seconds) : throw QueryInput.Invalid("wait", seconds.ToString(), $"{seconds} is greater than the maximum of {most}");
    }

    /// <summary>The task once it has ended, or needs a decision, or the time is over.</summary>
    private async Task<TaskRecord> WaitAsync(TaskRecord task, TimeSpan wait, CancellationToken aborted)
    {
        if (task.IsAtRest || wait == TimeSpan.Zero)
        {
            return task;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted, lifetime.ApplicationStopping);
        try
        {
            return await queries.WaitForRestAsync(task.Id, wait, stop.Token) ?? task;
        }
        catch (OperationCanceledException) when (!aborted.IsCancellationRequested)
        {
            // The process is being stopped and must not be held up: what is known now is the answer.
            return await queries.GetTaskAsync(task.Id, aborted) ?? task;
        }
    }

    private async Task<TaskRecord> FindAsync(ApiCall call)
    {
        var text = call.Value("task");
        return TaskId.TryParse(text, null, out var id) && await queries.GetTaskAsync(id, call.Aborted) is { } task && call.Sees(task.Project)
            ? task
            : throw ApiFault.NotFound($"Task {text} could not be found.");
    }

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var command = Parse(call, await call.BodyAsync());
        var task = await FindAsync(call);
        var answer = await commands.SendAsync(call, task.Id, command);
        var now = answer.Record ?? await FindAsync(call);
        return new ApiAnswer(202, new JsonObject { ["task"] = TaskBody.Of(call, now), ["effect"] = answer.Effect }).WithTask(call.Links, task.Id);
    }

    private static TaskCommand Parse(ApiCall call, JsonInput body)
    {
        var properties = body.Properties.ToList();
        if (properties.Count != 1)
        {
            throw ApiFault.MalformedBody();
        }

        var (name, value) = (properties[0].Name, properties[0].Value);
        var kind = KindOf(name);
        var reason = value.ValueKind == JsonValueKind.Null ? null : body.Object(name).Only("reason").NullableText("reason", Lexical.NonEmpty);
        return kind is TaskCommandKind.Skip or TaskCommandKind.Done && string.IsNullOrWhiteSpace(reason)
            ? throw ApiFault.BadRequest($"The command {name} needs a reason.")
            : new() { Id = Guid.NewGuid(), Kind = kind, Caller = call.Caller, Reason = reason };
    }

    private static TaskCommandKind KindOf(string name) => name switch
    {
        "cancel" => TaskCommandKind.Cancel,
        "pause" => TaskCommandKind.Pause,
        "resume" => TaskCommandKind.Resume,
        "retry" => TaskCommandKind.Retry,
        "skip" => TaskCommandKind.Skip,
        "done" => TaskCommandKind.Done,
        "abandon" => TaskCommandKind.Abandon,
        _ => throw ApiFault.BadRequest($"There is no such action: {name}"),
    };
}
