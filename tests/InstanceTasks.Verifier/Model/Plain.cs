namespace InstanceTasks.Verifier.Model;

/// <summary>Records without what no decision looks at: times, texts, logs.</summary>
internal static class Plain
{
    /// <summary>The steps that a decision may look at: the last one done, the last one undone, and what is open.</summary>
    public static IEnumerable<StepRecord> Telling(List<StepRecord> steps)
    {
        var lastDo = steps.FindLastIndex(s => s.Direction == Direction.Do);
        var lastUndo = steps.FindLastIndex(s => s.Direction == Direction.Undo);
        var open = steps.FindLastIndex(s => s.FinishedAt is null);
        for (var i = 0; i < steps.Count; i++)
        {
            if (i == lastDo || i == lastUndo || i == open)
            {
                yield return steps[i];
            }
        }
    }

    public static TaskRecord Of(TaskRecord task) => task with
    {
        Seq = 1,
        Steps = [.. Telling(task.Steps).Select(Of)],
        Generation = task.Generation == 0 ? 0 : 1,
        Token = task.Token is null ? null : Names.Token,
        Power = null,
        WaitReason = task.WaitReason is null ? null : "",
        NotBefore = task.NotBefore is null ? null : Names.Now,
        Failure = Of(task.Failure),
        Commands = [],
        RefusedHosts = [],
        CreatedAt = Names.Now,
        UpdatedAt = Names.Now,
        StartedAt = task.StartedAt is null ? null : Names.Now,
        FinishedAt = task.FinishedAt is null ? null : Names.Now,
        TaskState = null,
    };

    public static InstanceRecord Of(InstanceRecord instance) => instance with
    {
        Version = 1,
        Power = PowerState.NoState,
        CreatedAt = Names.Now,
        UpdatedAt = Names.Now,
        LaunchedAt = instance.LaunchedAt is null ? null : Names.Now,
        TerminatedAt = instance.TerminatedAt is null ? null : Names.Now,
        LockedReason = null,
    };

    private static StepRecord Of(StepRecord step) => new()
    {
        Name = "", Direction = step.Direction, StartedAt = Names.Now, FinishedAt = step.FinishedAt is null ? null : Names.Now, Result = step.Result,
        Failure = step.Result == "failed" ? Of(step.Failure) : null,
    };

    private static Failure? Of(Failure? failure) => failure is null ? null : new(failure.Kind, failure.Kind);
}
