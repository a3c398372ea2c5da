namespace InstanceTasks.Engine;

/// <summary>
/// Folds events into tasks. Pure: the same code runs when a commit is composed, when a task is rebuilt from its events, and in simulation.
/// </summary>
public static class TaskMachine
{
    /// <summary>Rebuilds a task from all its events.</summary>
    /// <exception cref="InvalidOperationException">The first event is not an accept.</exception>
    public static TaskRecord Fold(IEnumerable<IReadOnlyList<TaskEvent>> rows)
    {
        TaskRecord? task = null;
        foreach (var row in rows)
        {
            task = task is null ? Begin(row) : Commit(task, row);
        }

        return task ?? throw new InvalidOperationException("A task without events.");
    }

    /// <summary>The task after one more event row: applies the events and raises the sequence number.</summary>
    public static TaskRecord Commit(TaskRecord task, IReadOnlyList<TaskEvent> events) => Preview(task, events) with { Seq = task.Seq + 1 };

    /// <summary>The task after events that are not committed yet; the sequence number stays.</summary>
    public static TaskRecord Preview(TaskRecord task, IReadOnlyList<TaskEvent> events)
    {
        foreach (var e in events)
        {
            task = Apply(task, e);
        }

        return task;
    }

    /// <summary>The task as its accept makes it.</summary>
    public static TaskRecord Accept(TaskAccepted accepted) => Project(StepLog.Open(accepted.Initial, accepted.At)) with { Seq = 1 };

    private static TaskRecord Begin(IReadOnlyList<TaskEvent> row) =>
        row[0] is TaskAccepted accepted
            ? Preview(Accept(accepted), [.. row.Skip(1)]) with { Seq = 1 }
            : throw new InvalidOperationException($"The first event is '{row[0].GetType().Name}', not an accept.");

    private static TaskRecord Apply(TaskRecord task, TaskEvent e)
    {
        if (e is PrioritySet priority && !task.IsEnded)
        {
            // No edge: the order of a queue is no state of the task.
            return Commanded(task, priority.Command) with { Priority = priority.Priority, UpdatedAt = e.At };
        }

        if (e is ChildrenMoved moved && !task.IsEnded)
        {
            // No edge either: how far the children are is told by counts.
            return ParentRules.Moved(task, moved) with { UpdatedAt = e.At };
        }

        var shape = TaskTransitions.Next(TaskShape.Of(task), TriggerOf(e));
        var changed = Change(task, e) with { Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome, UpdatedAt = e.At };
        changed = changed.WaitReason is null && changed.Wait is not null ? changed with { Wait = null } : changed;
        return Project(shape.HasMachine ? changed : changed with { Turn = 0 });
    }

    /// <summary>The transition that an event is.</summary>
    internal static TaskTrigger TriggerOf(TaskEvent e) => e switch
    {
        TaskGranted => TaskTrigger.Grant,
        TaskClaimed => TaskTrigger.Claim,
        StepDone => TaskTrigger.StepEnds,
        AttemptFailed => TaskTrigger.AttemptFails,
        TaskWaiting => TaskTrigger.Wait,
        TaskProceeded => TaskTrigger.Proceed,
        HostRefused => TaskTrigger.RefuseHost,
        IntentSet { Intent: TaskIntent.Pause } => TaskTrigger.AskPause,
        IntentSet { Intent: TaskIntent.Cancel } => TaskTrigger.AskCancel,
        DeadlinePassed => TaskTrigger.AskCancel,
        IntentSet { Intent: TaskIntent.Supersede } => TaskTrigger.Supersede,
        IntentTakenBack => TaskTrigger.TakeBack,
        TaskPaused => TaskTrigger.ReachPause,
        TaskResumed => TaskTrigger.Resume,
        UndoBegun => TaskTrigger.BeginUndo,
        AttentionNeeded => TaskTrigger.NeedAttention,
        AttentionDecided => TaskTrigger.Decide,
        TaskEnded { Outcome: TaskOutcome.Succeeded } => TaskTrigger.Succeed,
        TaskEnded { Outcome: TaskOutcome.Failed } => TaskTrigger.Fail,
        TaskEnded { Outcome: TaskOutcome.Canceled } => TaskTrigger.EndCanceled,
        _ => throw new InvalidOperationException($"'{e.GetType().Name}' is no transition."),
    };

    private static TaskRecord Change(TaskRecord task, TaskEvent e) => e switch
    {
        TaskGranted g => StepLog.Open(Granted(task, g), g.At),
        TaskClaimed c => task with { Epoch = c.Epoch, Generation = c.Generation, Token = null, MustFence = true },
        StepDone s => StepEnded(task, s),
        AttemptFailed a => AttemptEnded(task, a),
        TaskWaiting w => task with { WaitReason = w.Reason, NotBefore = w.Until, Wait = w.Detail },
        DeadlinePassed d => task with { Failure = d.Failure, NotBefore = null },
        TaskProceeded => task with { WaitReason = null, NotBefore = null },
        HostRefused h => task with { RefusedHosts = new Dictionary<string, string>(task.RefusedHosts) { [h.Host.Value] = h.Reason } },
        IntentSet i => Commanded(i.Successor is null ? task : task with { SupersededBy = i.Successor, TaskState = i.ShownTaskState }, i.Command) with { NotBefore = null },
        IntentTakenBack t => Commanded(task, t.Command),
        TaskResumed r => Commanded(task, r.Command),
        UndoBegun u => Undoing(task, u),
        AttentionNeeded n => StepLog.Fail(task with { Failure = n.Failure, WaitReason = null, NotBefore = null, Generation = 0 }, n.Failure, n.At, final: true),
        AttentionDecided d => Decided(task, d),
        TaskEnded end => Ended(task, end),
        _ => task,
    };

    private static TaskRecord Granted(TaskRecord task, TaskGranted e) => task with
    {
        Turn = e.Turn, Host = e.Host, Zone = e.Zone, FromState = e.FromState, MustFence = task.MustFence || e.MustFence,
        Machine = e.Machine ?? task.Machine, StartedAt = task.StartedAt ?? e.At, WaitReason = null, NotBefore = null,
    };

    private static TaskRecord StepEnded(TaskRecord task, StepDone e)
    {
        var moved = task with
        {
            Step = e.Direction == Direction.Do ? e.Step + 1 : e.Step - 1,
            FailedAttempts = 0,
            Host = e.FreesHost ? null : e.Host ?? task.Host,
            Zone = e.FreesHost ? "" : e.Zone ?? task.Zone,
            Power = e.Power ?? task.Power,
            // A claim that changes says nothing about older work on the machine.
            MustFence = task.MustFence && (e.Skipped || StepAt(PlanRegistry.Of(task), e.Step) is { Control: ControlWork.GrowClaim }),
            WaitReason = null,
            NotBefore = null,
        };
        return StepLog.Open(StepLog.Close(moved, e), e.At);
    }

    private static TaskRecord AttemptEnded(TaskRecord task, AttemptFailed e)
    {
        // A lost runner says nothing about the step: it does not use up a retry.
        var counts = e.Failure.Kind != FailureKinds.Lost;
        var failed = task with
        {
            FailedAttempts = task.FailedAttempts + (counts ? 1 : 0),
            MustFence = task.MustFence || e.MustFence,
            WaitReason = e.Failure.Message,
            Wait = null,
            NotBefore = e.RetryAt,
        };
        return StepLog.Fail(failed, e.Failure, e.At, final: false);
    }

    private static TaskRecord Undoing(TaskRecord task, UndoBegun e)
    {
        var closed = e.Failure switch
        {
            null => StepLog.Abort(task, e.At),
            { Kind: FailureKinds.Deadline } late => StepLog.Stop(task, late, e.At),
            var failure => StepLog.Fail(task, failure, e.At, final: true),
        };
        return StepLog.Open(
            closed with
            {
                Failure = e.Failure ?? task.Failure, Step = e.FromStep, FailedAttempts = 0, Phase = TaskPhase.Undo, WaitReason = null, NotBefore = null,
                MustFence = task.MustFence || e.MustFence,
            },
            e.At);
    }

    private static TaskRecord Decided(TaskRecord task, AttentionDecided e)
    {
        var decided = Commanded(task, e.Command) with { Failure = CauseOfUndo(task), FailedAttempts = 0, MustFence = true };
        if (e.Command.Kind == TaskCommandKind.Retry)
        {
            return decided;
        }

        var passed = decided with { Step = task.Phase == TaskPhase.Forward ? task.Step + 1 : task.Step - 1 };
        return StepLog.Decide(passed, e.Command);
    }

    /// <summary>Why the task undoes what it did, which its end depends on: the failed undo that needed attention was another failure. Null: it was asked to.</summary>
    private static Failure? CauseOfUndo(TaskRecord task) =>
        task.Phase == TaskPhase.Undo && task.Steps.FindLast(s => s.Direction == Direction.Do) is { Result: "failed" } turned ? turned.Failure : null;

    private static TaskRecord Ended(TaskRecord task, TaskEnded e) => StepLog.Finish(Commanded(task, e.Command), e) with
    {
        Failure = e.Failure ?? (e.Outcome == TaskOutcome.Succeeded ? null : task.Failure),
        SupersededBy = e.SupersededBy ?? task.SupersededBy,
        FinishedAt = e.At, TaskState = null, WaitReason = null, NotBefore = null, Generation = 0, Token = null,
    };

    private static TaskRecord Commanded(TaskRecord task, CommandRecord? command) =>
        command is null ? task : task with { Commands = [.. task.Commands, command] };

    /// <summary>The shown task_state follows from plan and step: nothing else writes it.</summary>
    private static TaskRecord Project(TaskRecord task)
    {
        if (task.Turn == 0 || task.IsEnded)
        {
            return task.TaskState is null ? task : task with { TaskState = null };
        }

        // Once superseded, the machine shows what its successor does (Nova: deleting), although the old task still has it.
        var plan = PlanRegistry.Of(task);
        var shown = task.Intent == TaskIntent.Supersede ? task.TaskState : StepAt(plan, task.Step)?.TaskState ?? plan.TaskState;
        return shown == task.TaskState ? task : task with { TaskState = shown };
    }

    private static Step? StepAt(Plan plan, int index) => index >= 0 && index < plan.Steps.Count ? plan.Steps[index] : null;
}
