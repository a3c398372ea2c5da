using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>The outcomes that attempts can have.</summary>
internal static class Outcomes
{
    private static readonly Failure Gone = new(FailureKinds.Lost, "lost", Retryable: true);

    /// <summary>The outcome of a task's current step.</summary>
    public static AttemptOutcome Of(TaskRecord task, Ending ending)
    {
        var steps = PlanRegistry.Of(task).Steps;
        var step = task.Step >= 0 && task.Step < steps.Count ? steps[task.Step].Name : "";
        var key = new VerbKey(task.Id, step, task.Phase == TaskPhase.Forward ? Direction.Do : Direction.Undo);
        var (result, failure) = Of(ending);
        // The power state is only told where its absence means that there is no machine: everywhere else it would only multiply the situations.
        var power = step.Length > 0 && steps[task.Step].NeedsMachine ? PowerState.Shutdown : step.Length > 0 ? steps[task.Step].Leaves : null;
        return new AttemptOutcome { Key = key, Stamp = default, Result = result, Failure = failure, Power = power };
    }

    private static (AttemptResult Result, Failure? Failure) Of(Ending ending) => ending switch
    {
        Ending.Succeeded => (AttemptResult.Succeeded, null),
        Ending.Retryable => (AttemptResult.Failed, new Failure(FailureKinds.Hypervisor, "a glitch", Retryable: true)),
        Ending.Final => (AttemptResult.Failed, new Failure(FailureKinds.Guest, "it does not work")),
        Ending.Aborted => (AttemptResult.Failed, Gone),
        Ending.Lost => (AttemptResult.Abandoned, Gone),
        Ending.TimedOut => (AttemptResult.Abandoned, new Failure(FailureKinds.Timeout, "too slow", Retryable: true)),
        Ending.NotBegun => (AttemptResult.NotBegun, null),
        Ending.Fenced => (AttemptResult.Fenced, new Failure(FailureKinds.Fenced, "newer")),
        Ending.Impossible => (AttemptResult.Failed, new Failure(FailureKinds.MachineMissing, "not possible")),
        _ => throw new InvalidOperationException($"'{ending}' is no outcome."),
    };
}
