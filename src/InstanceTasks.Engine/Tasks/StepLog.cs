namespace InstanceTasks.Engine;

/// <summary>Keeps the list of step records: one per step and direction that became current.</summary>
internal static class StepLog
{
    /// <summary>Adds an entry for the step that is current now, if there is one and it has none open.</summary>
    public static TaskRecord Open(TaskRecord task, DateTimeOffset at)
    {
        var plan = PlanRegistry.Of(task);
        if (task.Turn == 0 || task.Step < 0 || task.Step >= plan.Steps.Count || OpenIndex(task) >= 0)
        {
            return task;
        }

        var step = plan.Steps[task.Step];
        var direction = task.Phase == TaskPhase.Forward ? Direction.Do : Direction.Undo;
        var entry = new StepRecord { Name = step.Name, Direction = direction, StartedAt = at, NovaEvent = step.NovaEvent, Host = step.OnHost ? task.Host : null };
        return task with { Steps = [.. task.Steps, entry] };
    }

    /// <summary>Closes the open entry as done or skipped.</summary>
    public static TaskRecord Close(TaskRecord task, StepDone e) => Edit(task, s => s with
    {
        FinishedAt = e.At,
        Result = e.Skipped ? "skipped" : "done",
        Attempts = s.Attempts + (e.Skipped ? 0 : 1),
        Note = e.Note ?? s.Note,
        Failure = e.Failure ?? s.Failure,
        Host = e.Host ?? s.Host,
    });

    /// <summary>Records a failed attempt; closes the entry when it was the last.</summary>
    public static TaskRecord Fail(TaskRecord task, Failure failure, DateTimeOffset at, bool final) => Edit(task, s => s with
    {
        Attempts = s.Attempts + 1,
        Failure = failure,
        FinishedAt = final ? at : null,
        Result = final ? "failed" : null,
    });

    /// <summary>Closes the open entry because the task turns round before the step was done.</summary>
    public static TaskRecord Abort(TaskRecord task, DateTimeOffset at) => Edit(task, s => s with { FinishedAt = at, Result = "skipped", Note = "not finished: the task was canceled" });

    /// <summary>Closes the open entry because the time is over before the step was done: the failure is the task's, no attempt had it.</summary>
    public static TaskRecord Stop(TaskRecord task, Failure failure, DateTimeOffset at) =>
        Edit(task, s => s with { FinishedAt = at, Result = "failed", Failure = failure, Note = "not finished: the deadline passed" });

    /// <summary>Records what an operator decided about the step that needed attention.</summary>
    public static TaskRecord Decide(TaskRecord task, CommandRecord command)
    {
        var last = task.Steps.Count - 1;
        return last < 0 ? task : Replace(task, last, task.Steps[last] with
        {
            Result = command.Kind == TaskCommandKind.Skip ? "skipped" : "done",
            Note = $"{command.Kind.ToString().ToLowerInvariant()} by {command.By}: {command.Reason}",
        });
    }

    /// <summary>Closes whatever is open at the task's end.</summary>
    public static TaskRecord Finish(TaskRecord task, TaskEnded e) => Edit(task, s => s with
    {
        FinishedAt = e.At,
        Result = e.Outcome == TaskOutcome.Failed ? "failed" : "skipped",
        Failure = e.Failure ?? s.Failure,
    });

    private static TaskRecord Edit(TaskRecord task, Func<StepRecord, StepRecord> edit)
    {
        var index = OpenIndex(task);
        return index < 0 ? task : Replace(task, index, edit(task.Steps[index]));
    }

    private static TaskRecord Replace(TaskRecord task, int index, StepRecord entry)
    {
        var steps = new List<StepRecord>(task.Steps) { [index] = entry };
        return task with { Steps = steps };
    }

    private static int OpenIndex(TaskRecord task) => task.Steps.FindLastIndex(s => s.FinishedAt is null);
}
