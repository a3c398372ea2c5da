namespace InstanceTasks.Engine;

/// <summary>What a task does next.</summary>
internal abstract record TaskDecision
{
    /// <summary>Nothing until somebody wakes it.</summary>
    public sealed record Rest : TaskDecision;

    /// <summary>Nothing until a time.</summary>
    public sealed record WaitUntil(DateTimeOffset Time) : TaskDecision;

    /// <summary>Note these events, then decide again.</summary>
    public sealed record Note(params IReadOnlyList<TaskEvent> Events) : TaskDecision;

    /// <summary>Ask the instance's actor to commit these events with the instance.</summary>
    public sealed record Settle(params IReadOnlyList<TaskEvent> Events) : TaskDecision;

    /// <summary>Start an attempt on a host.</summary>
    public sealed record StartAttempt(Step Step, Verb Verb, Direction Direction) : TaskDecision;

    /// <summary>Run a control step here.</summary>
    public sealed record RunControl(Step Step, Direction Direction) : TaskDecision;
}

/// <summary>Decides what a task does next, from its record alone. Pure: recovery, simulation and normal running share it.</summary>
internal static class TaskDecider
{
    /// <summary>Decides. Must not be asked while an attempt is out.</summary>
    public static TaskDecision Next(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        if (task.Turn == 0 || task.Run is TaskRun.Ended or TaskRun.Paused or TaskRun.Queued)
        {
            return new TaskDecision.Rest();
        }

        if (task.Intent == TaskIntent.Supersede)
        {
            return new TaskDecision.Settle(new TaskEnded { At = now, Outcome = TaskOutcome.Canceled });
        }

        return task.Phase == TaskPhase.Forward ? Forward(task, plan, now) : Undo(task, plan, now);
    }

    private static TaskDecision Forward(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        // A cancel is only accepted before the point of no return. One that was wins, also when the step it waited for led up to that point.
        if (task.Intent == TaskIntent.Cancel)
        {
            return new TaskDecision.Note(new UndoBegun { At = now, Failure = task.Failure, FromStep = Touched(task, plan) ? task.Step : task.Step - 1 });
        }

        if (task.Step >= plan.Steps.Count)
        {
            return new TaskDecision.Settle(new TaskEnded { At = now, Outcome = TaskOutcome.Succeeded });
        }

        if (task.Intent == TaskIntent.Pause)
        {
            return new TaskDecision.Note(new TaskPaused { At = now });
        }

        var step = plan.Steps[task.Step];
        if (step.OnlyWithHost && task.Host is null)
        {
            return Skip(task, Direction.Do, "the instance has no machine", now);
        }

        if (!step.IsTakenFrom(Origin(task)))
        {
            return Skip(task, Direction.Do, $"not needed: the instance was {ServerStatus.WireName(Origin(task))}", now);
        }

        return Ready(task, plan, now) ?? (step.Do is { } verb ? new TaskDecision.StartAttempt(step, verb, Direction.Do) : new TaskDecision.RunControl(step, Direction.Do));
    }

    private static TaskDecision Undo(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        if (task.Step < 0)
        {
            return new TaskDecision.Settle(new TaskEnded { At = now, Outcome = task.Failure is null ? TaskOutcome.Canceled : TaskOutcome.Failed, Failure = task.Failure });
        }

        var step = plan.Steps[task.Step];
        if (step is { OnHost: true, Undo: null })
        {
            return Skip(task, Direction.Undo, step.NoUndoBecause ?? "nothing to undo", now);
        }

        if (step.OnHost && task.Host is null)
        {
            return Skip(task, Direction.Undo, "the instance has no machine", now);
        }

        if (step.UndoOnlyFrom?.Contains(Origin(task)) == false || !step.IsTakenFrom(Origin(task)))
        {
            return Skip(task, Direction.Undo, $"nothing to undo: the instance was {ServerStatus.WireName(Origin(task))}", now);
        }

        return Ready(task, plan, now) ?? (step.Undo is { } verb ? new TaskDecision.StartAttempt(step, verb, Direction.Undo) : new TaskDecision.RunControl(step, Direction.Undo));
    }

    /// <summary>What a task goes by that ends a resize is how the machine was before that.</summary>
    private static VmState Origin(TaskRecord task) => task.ReturnsTo ?? task.FromState;

    private static TaskDecision? Ready(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        var remaining = BackOffs.Remaining(task, plan, now);
        if (remaining > TimeSpan.Zero)
        {
            return new TaskDecision.WaitUntil(now + remaining);
        }

        // A retry is shown: the first attempt of a step is not worth a commit of its own.
        return task.Run == TaskRun.Waiting && task.NotBefore is not null ? new TaskDecision.Note(new TaskProceeded { At = now }) : null;
    }

    private static TaskDecision.Note Skip(TaskRecord task, Direction direction, string note, DateTimeOffset now) =>
        new(new StepDone { At = now, Step = task.Step, Direction = direction, Skipped = true, Note = note });

    /// <summary>Whether an attempt of the current step may have left something behind.</summary>
    private static bool Touched(TaskRecord task, Plan plan) =>
        task.Step < plan.Steps.Count
        && (plan.Steps[task.Step].Control == ControlWork.Children || (plan.Steps[task.Step].OnHost && (task.MustFence || task.FailedAttempts > 0)));
}
