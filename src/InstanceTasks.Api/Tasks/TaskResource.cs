using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tasks;

/// <summary>The Tasks API (design §8).</summary>
internal sealed class TaskResource(
    IQueries queries, IJournal journal, ServerReader reader, TaskReader tasks, TaskQueues queues, TimeProvider time, IHostApplicationLifetime lifetime, IOptions<ApiOptions> options)
    : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "tasks", call => ListAsync(call, TaskQuery.Parse(call))),
        new("GET", "servers/{id}/tasks", ListOfServerAsync),
        new("GET", "tasks/{task}", ShowAsync),
    ];

    private async Task<ApiAnswer> ListOfServerAsync(ApiCall call)
    {
        if (call.Query.Bool("allowed") == true)
        {
            call.Query.Only("allowed");
            return ApiAnswer.Ok(new JsonObject { ["allowed_tasks"] = AllowedBody.Of(call, await reader.GetAsync(call)) });
        }

        var view = await reader.GetAsync(call, call.ServerId(), orDeleted: true);
        return await ListAsync(call, TaskQuery.Parse(call, "allowed") with { Instance = view.Instance.Id, Project = view.Instance.Project });
    }

    private async Task<ApiAnswer> ListAsync(ApiCall call, TaskFilter filter)
    {
        var page = filter.Limit == 0 ? [] : await queries.ListTasksAsync(filter, call.Aborted);
        var body = new JsonObject { ["tasks"] = new JsonArray([.. page.Select(t => TaskBody.Of(call, t))]) };
        Paging.AddNext(body, "tasks_links", call, page.Count, filter.Limit, page.Count == 0 ? "" : page[^1].Id.ToString());
        return ApiAnswer.Ok(body);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        call.Query.Only("wait");
        var wait = Wait(call);
        var task = await tasks.GetAsync(call);
        task = await WaitAsync(task, wait, call.Aborted);
        var body = TaskBody.Full(call, task, time.GetUtcNow());
        body["queue"] = await queues.OfAsync(call, task);
        if (task.Children is not null && await journal.ReadTaskAsync(task.Id, call.Aborted) is { Children: { } counts })
        {
            TaskBody.AddCounts(body, counts);
        }

        return ApiAnswer.Ok(new JsonObject { ["task"] = body }).WithTask(call.Links, task.Id);
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
}

