namespace InstanceTasks.Engine;

/// <summary>
/// Repeats of ended tasks. A terminal state is never left: a repeat is a new task with <see cref="TaskRecord.RetryOf"/>, which goes through the
/// conflict table like any other. A task that needs attention has not ended: it is retried in place.
/// </summary>
public static class Retries
{
    /// <summary>Why an ended task cannot be repeated; null when it can be asked for.</summary>
    public static Refusal? Check(TaskRecord task) => task switch
    {
        { IsEnded: false } => new(RefusalKind.NotNow, $"Task {task.Id} has not ended; it is {task.State}."),
        { Children: not null } => new(RefusalKind.NotNow, $"Task {task.Id} is the parent of others: retry those that failed, or ask for it once more."),
        { Outcome: TaskOutcome.Succeeded } => new(RefusalKind.NotNow, $"Task {task.Id} has succeeded: there is nothing to retry. To do it once more, ask for it once more."),
        _ => null,
    };

    /// <summary>The request for the repeat.</summary>
    /// <param name="ended">The task to repeat.</param>
    /// <param name="id">The id of the new task.</param>
    /// <param name="request">The API request.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="reason">Why, if he says so.</param>
    public static SubmitTask Of(TaskRecord ended, TaskId id, RequestId request, Caller caller, string? reason) => new()
    {
        Task = id, Kind = ended.Kind, Instance = ended.Instance, Request = request, Caller = caller, Parameters = ended.Parameters, Change = ended.Change, RetryOf = ended.Id, Reason = reason,
    };
}
