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

/// <summary>How long a task still waits for its next attempt.</summary>
internal static class BackOffs
{
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The time was written by some process's wall clock and is read by another's, or by the same after a jump: it is never taken for longer
    /// than the plan allows, or a clock that was wrong for a moment would hold up a task for as long as it was wrong.
    /// </summary>
    public static TimeSpan Remaining(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        if (task.NotBefore is not { } time || time <= now || task.Step < 0 || task.Step >= plan.Steps.Count)
        {
            return TimeSpan.Zero;
        }

        var longest = plan.Steps[task.Step].Retry.Max;
        return time - now <= (longest > Usual ? longest : Usual) ? time - now : TimeSpan.Zero;
    }
}

/// <summary>When recovery looks at a task that nobody has woken: after its current step should have been over.</summary>
internal static class DueTimes
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Resting = TimeSpan.FromMinutes(10);

    /// <param name="task">The task.</param>
    /// <param name="now">The time.</param>
    /// <param name="deadlineIn">How long until its deadline, if it has one that has not passed.</param>
    public static TimeSpan? Of(TaskRecord task, DateTimeOffset now, TimeSpan? deadlineIn = null)
    {
        if (task.IsEnded)
        {
            return null;
        }

        var due = Usual(task, now);
        return deadlineIn > TimeSpan.Zero && deadlineIn < due ? deadlineIn.Value : due;
    }

    private static TimeSpan Usual(TaskRecord task, DateTimeOffset now)
    {
        if (task.Run == TaskRun.Paused || task.Turn == 0)
        {
            return Resting;
        }

        var plan = PlanRegistry.Of(task);
        var timeout = task.Step >= 0 && task.Step < plan.Steps.Count ? plan.Steps[task.Step].Timeout : TimeSpan.Zero;
        return timeout + Slack + BackOffs.Remaining(task, plan, now);
    }
}

/// <summary>
/// What this activation last wrote as the task's due time. A due time is only for the case that nobody works on the task any more, so one
/// that is still far enough away is left alone: most steps then change no column that an index holds.
/// </summary>
/// <param name="In">How long until it is due, from the moment it was written; zero: not known.</param>
/// <param name="WrittenAt">That moment, as a timestamp.</param>
/// <param name="ToWrite">What the next commit is to say; null: leave it as it is.</param>
internal readonly record struct WrittenDue(TimeSpan In, long WrittenAt, TimeSpan? ToWrite)
{
    /// <summary>What to write when the task should be due after <paramref name="wanted"/>; never later than that, at most half as early.</summary>
    public WrittenDue Next(TimeSpan? wanted, TimeProvider time)
    {
        if (wanted is not { } due)
        {
            return default;
        }

        var left = In == TimeSpan.Zero ? TimeSpan.Zero : In - time.GetElapsedTime(WrittenAt);
        return left <= due && left >= due / 2 && left > TimeSpan.Zero
            ? this with { ToWrite = null }
            : new WrittenDue(due, time.GetTimestamp(), due);
    }
}
