namespace InstanceTasks.Engine;

/// <summary>Events decided but not committed, and the task they would lead to.</summary>
internal sealed class EventBatch(TaskRecord task)
{
    private readonly List<TaskEvent> _events = [];

    /// <summary>The task as it would be.</summary>
    public TaskRecord Task { get; private set; } = task;

    /// <summary>The events.</summary>
    public IReadOnlyList<TaskEvent> Events => _events;

    /// <summary>Adds events.</summary>
    public void Add(IReadOnlyList<TaskEvent> events)
    {
        _events.AddRange(events);
        Task = TaskMachine.Preview(Task, events);
    }
}

/// <summary>When recovery looks at a task that nobody has woken: after its current step should have been over.</summary>
internal static class DueTimes
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Resting = TimeSpan.FromMinutes(10);

    public static TimeSpan? Of(TaskRecord task, DateTimeOffset now)
    {
        if (task.IsEnded)
        {
            return null;
        }

        if (task.Run == TaskRun.Paused || task.Turn == 0)
        {
            return Resting;
        }

        var plan = PlanRegistry.Of(task);
        var timeout = task.Step >= 0 && task.Step < plan.Steps.Count ? plan.Steps[task.Step].Timeout : TimeSpan.Zero;
        return timeout + Slack + (task.NotBefore is { } time && time > now ? time - now : TimeSpan.Zero);
    }
}
