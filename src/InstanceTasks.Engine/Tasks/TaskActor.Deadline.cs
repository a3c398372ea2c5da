namespace InstanceTasks.Engine;

/// <content>Deadlines. Wherever the task is looked at, one that has passed is noted first; a task that rests is looked at when it is due.</content>
public sealed partial class TaskActor
{
    private TimeSpan? DeadlineLeft => _deadline is { } at ? time.GetElapsedTime(time.GetTimestamp(), at) : null;

    private long? DeadlineOf(TaskRecord task, TimeSpan age) =>
        task.DeadlineIn is { } after ? time.GetTimestamp() + (long)((after - age).TotalSeconds * time.TimestampFrequency) : null;

    private TimeSpan BeforeDeadline(TimeSpan delay) => DeadlineLeft is { } left && left > TimeSpan.Zero && left < delay ? left : delay;

    private async Task ExpireAsync()
    {
        for (var attempt = 0; attempt < Tries && !_dropped && _task is not null && DeadlineLeft <= TimeSpan.Zero; attempt++)
        {
            if (DeadlineRules.Decide(_task, PlanRegistry.Of(_task), time.GetUtcNow()) is not { } rule || await CarryOutAsync(rule, "deadline") is not null)
            {
                return;
            }
        }
    }
}
