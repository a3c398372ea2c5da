using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>Tasks: list, look, wait, command, follow.</summary>
public sealed class TaskClient
{
    private const int LongestWait = 30;

    private readonly Transport _transport;

    internal TaskClient(Transport transport) => _transport = transport;

    /// <summary>Tasks by filter, newest first unless it says otherwise, page by page as they are taken.</summary>
    public IAsyncEnumerable<TaskInfo> ListAsync(TaskFilter? filter = null, CancellationToken cancellationToken = default) => PagesAsync("tasks", filter ?? new(), cancellationToken);

    /// <summary>A server's tasks, newest first unless the filter says otherwise.</summary>
    public IAsyncEnumerable<TaskInfo> ListOfServerAsync(Guid server, TaskFilter? filter = null, CancellationToken cancellationToken = default) =>
        PagesAsync($"servers/{server}/tasks", filter ?? new(), cancellationToken);

    /// <summary>One page of tasks, and behind which task the next one begins; null: there is none.</summary>
    public async Task<(IReadOnlyList<TaskInfo> Tasks, Guid? Next)> PageAsync(TaskFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var page = await _transport.GetAsync<TaskPage>(filter.Of("tasks", null), cancellationToken);
        return (page.Tasks, page.Next);
    }

    /// <summary>The same of a server's tasks, also when the server is gone.</summary>
    public async Task<(IReadOnlyList<TaskInfo> Tasks, Guid? Next)> PageOfServerAsync(Guid server, TaskFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var page = await _transport.GetAsync<TaskPage>(filter.Of($"servers/{server}/tasks", null), cancellationToken);
        return (page.Tasks, page.Next);
    }

    /// <summary>One page of a task's events, oldest first.</summary>
    public async Task<EventsPage> EventsAsync(Guid task, long after = 0, int pageSize = 1000, CancellationToken cancellationToken = default) =>
        await _transport.GetAsync<EventsPage>($"tasks/{task}/events?after={after}&limit={pageSize}", cancellationToken);

    /// <summary>One page of the events of all tasks that pass the filter, oldest first.</summary>
    public async Task<EventsPage> EventsAsync(EventFilter filter, long after, int pageSize = 1000, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return await _transport.GetAsync<EventsPage>(filter.Of("tasks/events", after, pageSize), cancellationToken);
    }

    /// <summary>One task, with what may be asked of it now and where it stands in its queue.</summary>
    public async Task<TaskInfo> GetAsync(Guid task, CancellationToken cancellationToken = default) => (await _transport.GetAsync<TaskAnswer>($"tasks/{task}", cancellationToken)).Task;

    /// <summary>Where a task stands in the queue that it waits in; null: in none.</summary>
    public async Task<QueueInfo?> GetQueueAsync(Guid task, CancellationToken cancellationToken = default) => (await GetAsync(task, cancellationToken)).Queue;

    /// <summary>The task once it has ended or needs a decision. Over restarts of the service, too.</summary>
    /// <exception cref="TimeoutException">It is still under way when the time is over.</exception>
    public async Task<TaskInfo> WaitAsync(Guid task, TimeSpan? atMost = null, CancellationToken cancellationToken = default)
    {
        var began = _transport.Settings.Time.GetTimestamp();
        while (true)
        {
            var left = (atMost ?? TimeSpan.MaxValue) - _transport.Settings.Time.GetElapsedTime(began);
            var wait = (int)Math.Clamp(left.TotalSeconds, 0, LongestWait);
            var found = (await _transport.GetAsync<TaskAnswer>($"tasks/{task}?wait={wait}", cancellationToken)).Task;
            if (found.IsAtRest)
            {
                return found;
            }

            if (left < TimeSpan.FromSeconds(1))
            {
                throw new TimeoutException($"Task {task} is {found.State} still, at {found.Step ?? "no step"}.");
            }
        }
    }

    /// <summary>Gives a command.</summary>
    /// <exception cref="ApiException"><see cref="ProblemKind.Conflict"/>: not now.</exception>
    public Task<CommandResult> CommandAsync(Guid task, TaskCommand command, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        _transport.ChangeAsync<CommandResult>(ApiRequest.Change(HttpMethod.Post, $"tasks/{task}/action", CommandBody(command, reason), terms), cancellationToken);

    /// <summary>Stops it and undoes what it has done.</summary>
    public Task<CommandResult> CancelAsync(Guid task, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Cancel, reason, terms, cancellationToken);

    /// <summary>Stops it at its next safe point.</summary>
    public Task<CommandResult> PauseAsync(Guid task, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Pause, reason, terms, cancellationToken);

    /// <summary>Lets a paused one go on.</summary>
    public Task<CommandResult> ResumeAsync(Guid task, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Resume, reason, terms, cancellationToken);

    /// <summary>Tries its step again, or, when it has ended, does it all again as a new task: the one of the result.</summary>
    public Task<CommandResult> RetryAsync(Guid task, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Retry, reason, terms, cancellationToken);

    /// <summary>Leaves the step out that needs attention.</summary>
    public Task<CommandResult> SkipAsync(Guid task, string reason, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Skip, reason, terms, cancellationToken);

    /// <summary>Says that the step that needs attention was done by hand.</summary>
    public Task<CommandResult> DoneAsync(Guid task, string reason, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Done, reason, terms, cancellationToken);

    /// <summary>Gives it up as it is.</summary>
    public Task<CommandResult> AbandonAsync(Guid task, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        CommandAsync(task, TaskCommand.Abandon, reason, terms, cancellationToken);

    /// <summary>What a command would do. Nothing is done.</summary>
    public async Task<CommandDryRun> DryRunCommandAsync(Guid task, TaskCommand command, string? reason = null, CancellationToken cancellationToken = default) =>
        (await _transport.ChangeAsync<DryRunAnswer<CommandDryRun>>(ApiRequest.Change(HttpMethod.Post, $"tasks/{task}/action?dry_run=true", CommandBody(command, reason), null), cancellationToken)).DryRun;

    /// <summary>Changes the priority with which a task waits: from 0 to 9.</summary>
    public Task<CommandResult> SetPriorityAsync(Guid task, int priority, string? reason = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        _transport.ChangeAsync<CommandResult>(
            ApiRequest.Change(HttpMethod.Post, $"tasks/{task}/action", new JsonObject { ["set_priority"] = WithReason(new() { ["priority"] = priority }, reason) }, terms), cancellationToken);

    /// <summary>Asks for a task of a kind that needs nothing but a name (and, for <c>lock</c>, a reason).</summary>
    public async Task<TaskInfo> StartAsync(Guid server, string kind, JsonObject? parameters = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        (await _transport.ChangeAsync<TaskAnswer>(ApiRequest.Change(HttpMethod.Post, $"servers/{server}/tasks", StartBody(kind, parameters), terms), cancellationToken)).Task;

    /// <summary>What such a task would do. Nothing is done.</summary>
    public async Task<DryRun> DryRunAsync(Guid server, string kind, JsonObject? parameters = null, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        (await _transport.ChangeAsync<DryRunAnswer<DryRun>>(ApiRequest.Change(HttpMethod.Post, $"servers/{server}/tasks?dry_run=true", StartBody(kind, parameters), terms), cancellationToken)).DryRun;

    /// <summary>Asks for a task of a kind on each of many servers; the result is their parent.</summary>
    public async Task<TaskInfo> StartBulkAsync(BulkRequest request, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        (await _transport.ChangeAsync<TaskAnswer>(ApiRequest.Change(HttpMethod.Post, "tasks", new { task = request }, terms), cancellationToken)).Task;

    /// <summary>On which servers that would be. Nothing is done.</summary>
    public async Task<BulkDryRun> DryRunBulkAsync(BulkRequest request, CancellationToken cancellationToken = default) =>
        (await _transport.ChangeAsync<DryRunAnswer<BulkDryRun>>(ApiRequest.Change(HttpMethod.Post, "tasks?dry_run=true", new { task = request }, null), cancellationToken)).DryRun;

    /// <summary>Of every kind whether it may be asked for on a server now.</summary>
    public async Task<IReadOnlyList<AllowedTask>> AllowedAsync(Guid server, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<AllowedAnswer>($"servers/{server}/tasks?allowed=true", cancellationToken)).AllowedTasks;

    /// <summary>
    /// The events of all tasks that pass the filter: each commit once, in order, without end. Broken connections are made again where they were; what
    /// has been taken is what counts, so a caller that goes on later says the last id that it took.
    /// </summary>
    /// <param name="filter">Which tasks; null: all of the own project.</param>
    /// <param name="after">Behind which event; null: from now on; 0: from the beginning.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ApiException"><see cref="ProblemKind.Gone"/>: the stream does not have that event; <see cref="ProblemKind.Unreachable"/>: not within <see cref="ClientSettings.RetryFor"/>.</exception>
    public IAsyncEnumerable<TaskEvents> FollowAsync(EventFilter? filter = null, long? after = null, CancellationToken cancellationToken = default) =>
        new EventSource(_transport, (filter ?? new()).Of("tasks/events"), untilEnded: false).ReadAsync(after, cancellationToken);

    /// <summary>The events of one task from its first on, or behind one, until it has ended.</summary>
    public IAsyncEnumerable<TaskEvents> FollowTaskAsync(Guid task, long? after = null, CancellationToken cancellationToken = default) =>
        new EventSource(_transport, $"tasks/{task}/events", untilEnded: true).ReadAsync(after, cancellationToken);

    private async IAsyncEnumerable<TaskInfo> PagesAsync(string path, TaskFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Guid? marker = null;
        do
        {
            var page = await _transport.GetAsync<TaskPage>(filter.Of(path, marker), cancellationToken);
            foreach (var task in page.Tasks)
            {
                yield return task;
            }

            marker = page.Next;
        }
        while (marker is not null);
    }

    private static JsonObject CommandBody(TaskCommand command, string? reason) =>
        new() { [JsonNamingPolicy.SnakeCaseLower.ConvertName(command.ToString())] = reason is null ? null : WithReason([], reason) };

    private static JsonObject StartBody(string kind, JsonObject? parameters) => new() { ["task"] = new JsonObject { ["kind"] = kind, ["parameters"] = parameters?.DeepClone() ?? new JsonObject() } };

    private static JsonObject WithReason(JsonObject body, string? reason)
    {
        if (reason is not null)
        {
            body["reason"] = reason;
        }

        return body;
    }

    private sealed record TaskAnswer(TaskInfo Task);

    private sealed record TaskPage(IReadOnlyList<TaskInfo> Tasks, IReadOnlyList<JsonObject>? TasksLinks)
    {
        public Guid? Next => TasksLinks is { Count: > 0 } && Tasks.Count > 0 ? Tasks[^1].Id : null;
    }

    private sealed record DryRunAnswer<T>(T DryRun);

    private sealed record AllowedAnswer(IReadOnlyList<AllowedTask> AllowedTasks);
}
