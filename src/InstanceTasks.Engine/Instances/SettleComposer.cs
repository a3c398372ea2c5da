namespace InstanceTasks.Engine;

/// <summary>Composes what the end (or hold, or return) of a task does to its instance. Pure.</summary>
internal static class SettleComposer
{
    /// <summary>The instance after a task that held it, or waited for it, has ended, needs attention, or got it back.</summary>
    public static InstanceRecord Apply(InstanceRecord instance, TaskRecord after, DateTimeOffset now) => after switch
    {
        { Outcome: TaskOutcome.NeedsAttention } => Hold(instance, after, now),
        { Run: TaskRun.Ended } when instance.Holder?.Id == after.Id => End(instance, after, now),
        { Run: TaskRun.Ended } => Leave(instance, after),
        _ => Return(instance, after),
    };

    /// <summary>Capacity and quota that go with the end of a task.</summary>
    public static (IReadOnlyList<ClaimChange> Claims, IReadOnlyList<QuotaChange> Quota) Release(InstanceRecord before, InstanceRecord after, TaskId task) =>
        (Holdings.Claims(before, after, task), Holdings.Quota(before, after));

    private static InstanceRecord End(InstanceRecord instance, TaskRecord task, DateTimeOffset now)
    {
        // Superseded: the successor decides what becomes of the instance, unless it has been canceled meanwhile; others in the queue do not know what to expect.
        var state = task.SupersededBy is not { } successor ? InstanceMachine.After(task.FromState, task)
            : instance.Queue.Exists(q => q.Id == successor) ? instance.VmState
            : AsItStands(task);
        var power = state switch { VmState.Deleted => PowerState.NoState, VmState.ShelvedOffloaded => PowerState.Shutdown, _ => task.Power ?? instance.Power };
        var done = IsDone(task);
        return ResizeRules.After(Described(instance, task), task, done, undone: task.SupersededBy is null || IsUntouched(task)) with
        {
            Holder = null,
            VmState = state,
            Power = power,
            Host = task.Host,
            AvailabilityZone = task.Zone,
            FenceNext = task.MustFence,
            ShelvedImageId = done ? ShelvedImage(instance, task) : instance.ShelvedImageId,
            LaunchedAt = instance.LaunchedAt ?? (state == VmState.Active ? now : null),
            TerminatedAt = state == VmState.Deleted ? now : null,
            UpdatedAt = now,
        };
    }

    private static string? ShelvedImage(InstanceRecord instance, TaskRecord done) => PlanRegistry.Of(done).Image switch
    {
        ImageEffect.Shelve => done.Machine!.SnapshotId,
        ImageEffect.GiveUpShelved => null,
        _ => instance.ShelvedImageId,
    };

    /// <summary>What a superseded task leaves when nobody comes after it: nothing was undone, because the successor would have seen to it.</summary>
    internal static VmState AsItStands(TaskRecord task)
    {
        var done = InstanceMachine.After(task.FromState, task with { Outcome = TaskOutcome.Succeeded });
        if (IsUntouched(task) || (done == task.FromState && PlanRegistry.Of(task).Steps.All(s => s.Undo is null)))
        {
            return InstanceMachine.After(task.FromState, task);
        }

        return IsDone(task) ? done : VmState.Error;
    }

    private static bool IsUntouched(TaskRecord task) => task is { Phase: TaskPhase.Forward, Step: 0, FailedAttempts: 0, MustFence: false };

    /// <summary>Whether all of it is done, also when it was superseded meanwhile and so did not succeed.</summary>
    internal static bool IsDone(TaskRecord task) =>
        task.Outcome == TaskOutcome.Succeeded || (task.Phase == TaskPhase.Forward && task.Step == PlanRegistry.Of(task).Steps.Count);

    // Past its point of no return nothing is undone any more: a server that was rebuilt is one of the new image, whether or not the old disk could be dropped.
    private static InstanceRecord Described(InstanceRecord instance, TaskRecord task) =>
        task.Change is { } change && (IsDone(task) || !CanBeUndone(task)) ? InstanceChanges.Describe(instance, change) : instance;

    // What is being undone stays as it was; past its point of no return it is half-way.
    private static bool CanBeUndone(TaskRecord task) => task.Phase == TaskPhase.Undo || task.Step < PlanRegistry.Of(task).PointOfNoReturn;

    // A resize itself keeps what it holds until an operator has decided.
    private static InstanceRecord Hold(InstanceRecord instance, TaskRecord task, DateTimeOffset now) => ResizeRules.After(
        Described(instance, task), task, done: false, undone: task.Kind != TaskKinds.Resize && CanBeUndone(task)) with
    {
        Holder = null,
        VmState = VmState.Error,
        Power = task.Power ?? instance.Power,
        Host = task.Host,
        AvailabilityZone = task.Zone,
        FenceNext = true,
        Attention = [.. instance.Attention, new TaskRef(task.Id, task.Kind, task.Request)],
        UpdatedAt = now,
    };

    private static InstanceRecord Leave(InstanceRecord instance, TaskRecord task) => instance with
    {
        Queue = [.. instance.Queue.Where(q => q.Id != task.Id)],
        Attention = [.. instance.Attention.Where(q => q.Id != task.Id)],
    };

    private static InstanceRecord Return(InstanceRecord instance, TaskRecord task) => Leave(instance, task) with
    {
        Holder = new TaskRef(task.Id, task.Kind, task.Request),
        Turn = task.Turn,
        FenceNext = false,
    };
}
