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
    public static (IReadOnlyList<ClaimChange> Claims, IReadOnlyList<QuotaChange> Quota) Release(InstanceRecord before, InstanceRecord after)
    {
        if (after.VmState != VmState.Deleted || before.VmState == VmState.Deleted)
        {
            return ([], []);
        }

        var f = before.Flavor;
        return (
            [new ClaimChange(before.Id, default, null, default, Take: false)],
            [new QuotaChange(before.Project, -1, -f.Vcpus, -f.RamMb)]);
    }

    private static InstanceRecord End(InstanceRecord instance, TaskRecord task, DateTimeOffset now)
    {
        // Superseded: the successor decides what becomes of the instance, unless it has been canceled meanwhile; others in the queue do not know what to expect.
        var state = task.SupersededBy is not { } successor ? InstanceMachine.After(task.FromState, task)
            : instance.Queue.Exists(q => q.Id == successor) ? instance.VmState
            : AsItStands(task);
        var power = state switch { VmState.Deleted => PowerState.NoState, VmState.ShelvedOffloaded => PowerState.Shutdown, _ => task.Power ?? instance.Power };
        var described = task is { Outcome: TaskOutcome.Succeeded, Change: { } change } ? InstanceChanges.Describe(instance, change) : instance;
        return described with
        {
            Holder = null,
            VmState = state,
            Power = power,
            Host = task.Host,
            AvailabilityZone = task.Zone,
            FenceNext = task.MustFence,
            ShelvedImageId = task.Outcome == TaskOutcome.Succeeded ? ShelvedImage(instance, task) : instance.ShelvedImageId,
            LaunchedAt = instance.LaunchedAt ?? (state == VmState.Active ? now : null),
            TerminatedAt = state == VmState.Deleted ? now : null,
            UpdatedAt = now,
        };
    }

    private static string? ShelvedImage(InstanceRecord instance, TaskRecord succeeded) => PlanRegistry.Of(succeeded).Image switch
    {
        ImageEffect.Shelve => succeeded.Machine!.SnapshotId,
        ImageEffect.GiveUpShelved => null,
        _ => instance.ShelvedImageId,
    };

    /// <summary>What a superseded task leaves when nobody comes after it: nothing was undone, because the successor would have seen to it.</summary>
    internal static VmState AsItStands(TaskRecord task)
    {
        var untouched = task is { Phase: TaskPhase.Forward, Step: 0, FailedAttempts: 0, MustFence: false };
        var done = InstanceMachine.After(task.FromState, task with { Outcome = TaskOutcome.Succeeded });
        var steps = PlanRegistry.Of(task).Steps;
        if (untouched || (done == task.FromState && steps.All(s => s.Undo is null)))
        {
            return InstanceMachine.After(task.FromState, task);
        }

        return task.Phase == TaskPhase.Forward && task.Step == steps.Count ? done : VmState.Error;
    }

    private static InstanceRecord Hold(InstanceRecord instance, TaskRecord task, DateTimeOffset now) => instance with
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
