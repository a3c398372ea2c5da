namespace InstanceTasks.Engine;

/// <summary>Decides about attempts that are out, or may be. Pure.</summary>
internal static class AttemptRules
{
    /// <summary>
    /// Whether an attempt that is out is no longer wanted. What no runner has begun yet is a safe point: a queue that does not move holds up
    /// neither a cancel nor a pause.
    /// </summary>
    public static bool MustStop(TaskRecord task, bool begun) => task.Intent switch
    {
        TaskIntent.Supersede => true,
        TaskIntent.Pause => task.Phase == TaskPhase.Forward && !begun,
        TaskIntent.Cancel => task.Phase == TaskPhase.Forward && (!begun || PlanRegistry.Of(task).Steps[task.Step].Cancel == Cancellability.Now),
        _ => false,
    };

    /// <summary>
    /// Whether every runner must stop older work before the task gives the machine back: an attempt that an earlier activation has granted, and
    /// whose runner lives, would otherwise start its effect after the end.
    /// </summary>
    /// <param name="last">The task as it is before its end.</param>
    /// <param name="fenced">Whether this activation has fenced the machine already.</param>
    public static bool MustFenceBeforeEnd(TaskRecord last, bool fenced) => last is { MustFence: true, Host: not null } && !fenced;
}
