namespace InstanceTasks.Engine;

/// <summary>What an attempt's outcome means for its task. Pure.</summary>
internal static class OutcomeRules
{
    /// <summary>The decision that follows from an outcome of the current step; null: try again with a new stamp, nothing to note.</summary>
    public static TaskDecision? Decide(TaskRecord task, Plan plan, AttemptOutcome outcome, DateTimeOffset now)
    {
        var step = plan.Steps[task.Step];
        return outcome.Result switch
        {
            AttemptResult.Succeeded when Unmet(task, step, outcome) is { } unmet => Failed(task, step, outcome with { Failure = unmet }, now),
            AttemptResult.Succeeded => new TaskDecision.Note(Done(task, outcome, now)),
            AttemptResult.NotBegun => null,
            _ => Failed(task, step, outcome, now),
        };
    }

    private static Failure NoMachine { get; } =
        new(FailureKinds.MachineMissing, "The hypervisor does not know the machine; it cannot be left in a state of its own. Delete the server, or have an administrator look at it.");

    private static Failure OtherPower(PowerState? power) =>
        new(FailureKinds.Hypervisor, $"The machine is not as this task should have left it: its power state is {power}. Reboot the server hard, or delete it.");

    /// <summary>Why a verb that converged has failed all the same; null: it has not. Undoing converges on whatever there is.</summary>
    private static Failure? Unmet(TaskRecord task, Step step, AttemptOutcome outcome) =>
        task.Phase != TaskPhase.Forward ? null
        : (step.NeedsMachine || step.Leaves is not null) && outcome.Power is null or PowerState.NoState ? NoMachine
        : step.Leaves is { } needed && outcome.Power != needed ? OtherPower(outcome.Power)
        : null;

    private static StepDone Done(TaskRecord task, AttemptOutcome outcome, DateTimeOffset now) => new()
    {
        At = now,
        Step = task.Step,
        Direction = outcome.Key.Direction,
        Power = outcome.Power,
        Note = outcome.Observed ? "found done: not repeated" : null,
    };

    private static TaskDecision Failed(TaskRecord task, Step step, AttemptOutcome outcome, DateTimeOffset now)
    {
        var failure = outcome.Failure ?? new Failure(FailureKinds.Internal, "The attempt failed without a reason.");
        // Stopped, given up or out of sight: the operation may even be under way, so what comes next fences and looks first.
        var lost = outcome.Result == AttemptResult.Abandoned || failure.Kind is FailureKinds.Lost or FailureKinds.Unreachable or FailureKinds.Internal;
        if (task.Intent == TaskIntent.Supersede || task is { Phase: TaskPhase.Forward, Intent: TaskIntent.Cancel })
        {
            return Stopped(task, failure, lost, now);
        }

        if (failure.Kind == FailureKinds.Lost || (failure.Retryable && task.FailedAttempts + 1 < step.Retry.MaxAttempts))
        {
            return new TaskDecision.Note(Attempt(task, failure, lost, now, BackOff(task, step, failure)));
        }

        return task.Phase == TaskPhase.Forward
            ? Exhausted(task, step, failure, lost, now)
            : new TaskDecision.Settle(new AttentionNeeded { At = now, Failure = failure with { Message = $"Could not undo step '{step.Name}': {failure.Message}" } });
    }

    // The attempt was aborted on purpose: its end is no failure of the task.
    private static TaskDecision Stopped(TaskRecord task, Failure failure, bool lost, DateTimeOffset now) => task.Intent == TaskIntent.Cancel
        ? new TaskDecision.Note(new UndoBegun { At = now, Failure = task.Failure, FromStep = task.Step, MustFence = lost })
        : new TaskDecision.Note(Attempt(task, failure, mustFence: true, now, TimeSpan.Zero));

    private static TaskDecision Exhausted(TaskRecord task, Step step, Failure failure, bool lost, DateTimeOffset now) => step.OnExhausted switch
    {
        Engine.Exhausted.Hold => new TaskDecision.Settle(new AttentionNeeded { At = now, Failure = failure }),
        Engine.Exhausted.GoOn => new TaskDecision.Note(
            Attempt(task, failure, lost, now, TimeSpan.Zero),
            new StepDone { At = now, Step = task.Step, Skipped = true, Failure = failure, Note = "gave up: the next step does it by stronger means" }),
        _ => new TaskDecision.Note(new UndoBegun { At = now, Failure = failure, FromStep = step.OnHost ? task.Step : task.Step - 1, MustFence = lost }),
    };

    private static AttemptFailed Attempt(TaskRecord task, Failure failure, bool mustFence, DateTimeOffset now, TimeSpan backOff) => new()
    {
        At = now,
        Step = task.Step,
        Direction = task.Phase == TaskPhase.Forward ? Direction.Do : Direction.Undo,
        Failure = failure,
        RetryAt = now + backOff,
        MustFence = mustFence,
    };

    private static TimeSpan BackOff(TaskRecord task, Step step, Failure failure) =>
        failure.Kind == FailureKinds.Lost ? TimeSpan.Zero : step.Retry.BackOff(task.FailedAttempts + 1);
}
