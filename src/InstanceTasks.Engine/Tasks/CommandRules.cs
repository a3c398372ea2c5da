namespace InstanceTasks.Engine;

/// <summary>What a command leads to.</summary>
/// <param name="Events">The events to commit; none: nothing to do, or refused.</param>
/// <param name="Settles">Whether the instance's actor must commit them.</param>
/// <param name="Effect">What will happen, for people.</param>
/// <param name="Refusal">Why not.</param>
internal sealed record CommandRule(IReadOnlyList<TaskEvent> Events, bool Settles, string? Effect, Refusal? Refusal);

/// <summary>Decides on commands. Pure: what a command would do can be said without doing it.</summary>
internal static class CommandRules
{
    public static CommandRule Decide(TaskRecord task, Plan plan, TaskCommand command, DateTimeOffset now)
    {
        var record = new CommandRecord(command.Id, command.Kind, command.Caller.User, now, command.Reason);
        if (task.IsEnded)
        {
            return Refuse($"Task {task.Id} has ended: {task.State}.");
        }

        return command.Kind switch
        {
            TaskCommandKind.Cancel => Cancel(task, plan, record, now),
            TaskCommandKind.Pause => Pause(task, plan, record, now),
            TaskCommandKind.Resume => Resume(task, record, now),
            TaskCommandKind.SetPriority => SetPriority(task, record, command, now),
            _ => Attend(task, record, now),
        };
    }

    private static CommandRule Cancel(TaskRecord task, Plan plan, CommandRecord record, DateTimeOffset now)
    {
        if (task.Outcome == TaskOutcome.NeedsAttention)
        {
            return NeedsADecision(task);
        }

        if (task.Turn == 0)
        {
            return Settle(new TaskEnded { At = now, Outcome = TaskOutcome.Canceled, Command = record }, "it had not begun and is canceled");
        }

        if (task.Phase == TaskPhase.Undo || task.Intent is TaskIntent.Cancel or TaskIntent.Supersede)
        {
            return Nothing(task.Phase == TaskPhase.Undo ? "it is being undone already" : "it is being stopped already");
        }

        if (task.Step >= plan.PointOfNoReturn && plan.PointOfNoReturn < plan.Steps.Count)
        {
            return Refuse($"Task {task.Id} is past its point of no return (step '{plan.Steps[plan.PointOfNoReturn].Name}').");
        }

        return Own(new IntentSet { At = now, Intent = TaskIntent.Cancel, Command = record }, CancelEffect(task, plan));
    }

    private static string CancelEffect(TaskRecord task, Plan plan) => task.Step < plan.Steps.Count && plan.Steps[task.Step] is { Cancel: not Cancellability.Now } step
        ? $"takes effect after step '{step.Name}'; what was done is undone"
        : "takes effect now; what was done is undone";

    private static CommandRule Pause(TaskRecord task, Plan plan, CommandRecord record, DateTimeOffset now)
    {
        if (task.Outcome == TaskOutcome.NeedsAttention)
        {
            return NeedsADecision(task);
        }

        if (task.Run == TaskRun.Paused || task.Intent == TaskIntent.Pause)
        {
            return Nothing("it is paused already");
        }

        return TaskTransitions.Allows(TaskShape.Of(task), TaskTrigger.AskPause)
            ? Own(new IntentSet { At = now, Intent = TaskIntent.Pause, Command = record }, PauseEffect(task, plan))
            : Refuse($"Task {task.Id} cannot be paused while it is {task.State}{WhyNotPaused(task)}.");
    }

    private static string PauseEffect(TaskRecord task, Plan plan)
    {
        var last = plan.Steps.Count - 1;
        return task.Step > last ? "it has done its last step: it ends instead"
            : task.Step == last ? $"takes effect unless a worker has begun step '{plan.Steps[last].Name}', its last"
            : $"takes effect after step '{plan.Steps[task.Step].Name}'";
    }

    private static string WhyNotPaused(TaskRecord task) => task switch
    {
        { Turn: 0 } => ": it has not begun; cancel it, or pause the task that has the instance",
        { Intent: TaskIntent.Supersede } => $": task {task.SupersededBy} takes over",
        _ => ": half of a change is not a state to stay in",
    };

    private static CommandRule Resume(TaskRecord task, CommandRecord record, DateTimeOffset now) => task switch
    {
        { Outcome: TaskOutcome.NeedsAttention } => NeedsADecision(task),
        { Run: TaskRun.Paused } => Own(new TaskResumed { At = now, Command = record }, "it goes on"),
        { Intent: TaskIntent.Pause } => Own(new IntentTakenBack { At = now, Command = record }, "the pause is taken back"),
        _ => Refuse($"Task {task.Id} is not paused; it is {task.State}."),
    };

    private static CommandRule SetPriority(TaskRecord task, CommandRecord record, TaskCommand command, DateTimeOffset now) => command.Priority switch
    {
        null or < TaskPriorities.Lowest or > TaskPriorities.Highest => new([], false, null, new(RefusalKind.Invalid, "'set_priority' needs a priority from 0 to 9.")),
        > TaskPriorities.Normal when !command.Caller.IsAdmin =>
            new([], false, null, new(RefusalKind.Forbidden, $"A priority above {TaskPriorities.Normal} is for administrators.")),
        var same when same == TaskPriorities.Of(task) => Nothing("it has that priority already"),
        var priority => Own(new PrioritySet { At = now, Priority = priority.Value, Command = record }, "its attempts wait for workers with it from now on"),
    };

    private static CommandRule Attend(TaskRecord task, CommandRecord record, DateTimeOffset now)
    {
        if (task.Outcome != TaskOutcome.NeedsAttention)
        {
            return Refuse($"Task {task.Id} does not need attention; it is {task.State}.{InsteadOf(task, record.Kind)}");
        }

        if (record.Kind is TaskCommandKind.Skip or TaskCommandKind.Done && string.IsNullOrWhiteSpace(record.Reason))
        {
            return new([], false, null, new(RefusalKind.Invalid, $"'{record.Kind.ToString().ToLowerInvariant()}' needs a reason: it is kept with the task."));
        }

        return record.Kind == TaskCommandKind.Abandon
            ? Settle(new TaskEnded { At = now, Outcome = TaskOutcome.Failed, Failure = task.Failure, Command = record }, "it has ended as failed")
            : Settle(new AttentionDecided { At = now, Command = record }, "it goes on");
    }

    private static string InsteadOf(TaskRecord task, TaskCommandKind kind) => kind switch
    {
        TaskCommandKind.Abandon when task.Phase == TaskPhase.Forward => " To stop it, cancel it.",
        TaskCommandKind.Retry when task.FailedAttempts > 0 => " It tries again by itself.",
        _ => "",
    };

    private static CommandRule NeedsADecision(TaskRecord task) => Refuse($"Task {task.Id} needs attention: retry, skip, done or abandon.");

    private static CommandRule Own(TaskEvent e, string effect) => new([e], false, effect, null);

    private static CommandRule Settle(TaskEvent e, string effect) => new([e], true, effect, null);

    private static CommandRule Nothing(string effect) => new([], false, effect, null);

    private static CommandRule Refuse(string message) => new([], false, null, new(RefusalKind.NotNow, message));
}
