namespace InstanceTasks.Engine;

/// <summary>How a request is to be accepted.</summary>
public enum AcceptMode
{
    /// <summary>Not at all; see the refusal.</summary>
    Refuse = 0,

    /// <summary>It gets the machine at once.</summary>
    Now = 1,

    /// <summary>It waits behind the tasks that are there.</summary>
    Queue = 2,

    /// <summary>It takes the machine over from the holder.</summary>
    Supersede = 3,

    /// <summary>One commit with an already ended task.</summary>
    OneCommit = 4,

    /// <summary>Nothing new: the holder does it already.</summary>
    Join = 5,
}

/// <summary>The decision on a request.</summary>
/// <param name="Mode">How.</param>
/// <param name="Refusal">Why not.</param>
public sealed record AcceptDecision(AcceptMode Mode, Refusal? Refusal = null);

/// <summary>Decides on requests: pure, so that a dry run says what a real one would do.</summary>
public static class AcceptRules
{
    private static readonly TaskKind[] LeavesHost = [TaskKinds.ShelveAndOffload, TaskKinds.ShelveOffload, TaskKinds.Unshelve];

    /// <summary>Decides.</summary>
    /// <param name="instance">The instance; null when there is none.</param>
    /// <param name="request">The request.</param>
    public static AcceptDecision Decide(InstanceRecord? instance, SubmitTask request)
    {
        var plan = PlanRegistry.Find(request.Kind);
        if (plan is null)
        {
            return Refuse(RefusalKind.Invalid, $"There is no such kind of task: {request.Kind}.");
        }

        if (request is { RetryOf: null } && request.Kind == TaskKinds.Create)
        {
            return DecideCreate(instance, request);
        }

        if (instance is null || instance.VmState == VmState.Deleted || !Visible(instance, request.Caller))
        {
            return Refuse(RefusalKind.NotFound, $"Instance {request.Instance} could not be found.");
        }

        return CheckAdmin(request, plan)
            ?? CheckLock(instance, request, plan)
            ?? (request.Kind == TaskKinds.Create ? DecideCreateAgain(instance, plan) : CheckFlavor(DecideByTables(instance, request, plan), instance, request));
    }

    /// <summary>Whether the instance's tables and records allow a kind to start now; null when they do.</summary>
    public static Refusal? CheckStart(InstanceRecord instance, Plan plan)
    {
        if (plan.NeedsLaunched && instance.LaunchedAt is null)
        {
            return WrongState(plan, instance, "launched_at", "None");
        }

        if (plan.NeedsHost && instance.Host is null)
        {
            return new(RefusalKind.NotReady, $"Instance {instance.Id} is not ready");
        }

        return InstanceMachine.Find(instance.VmState, plan.Kind) is null || (plan.EndsResize && instance.Resize is null)
            ? WrongState(plan, instance, "vm_state", ServerStatus.WireName(instance.VmState))
            : CheckResize(instance, plan) ?? CheckDisk(instance, plan);
    }

    // Such a task was stopped while the server's disk was somewhere else than where these would look for it: they would fail, or put something in place of it.
    private static Refusal? CheckDisk(InstanceRecord instance, Plan plan) =>
        (plan.Kind == TaskKinds.Rebuild || plan.Kind == TaskKinds.HardReboot)
        && instance.Attention.Find(t => LeavesHost.Contains(t.Kind) || (t.Kind == TaskKinds.Rebuild && plan.Kind == TaskKinds.Rebuild)) is { } held
            ? new(RefusalKind.WrongState, $"Cannot '{NameOf(plan)}' instance {instance.Id}: task {held.Id} ({held.Kind}) needs attention and has the server's disk elsewhere. Retry or abandon that first", held.Id)
            : null;

    // With a resize to decide, or one that was stopped half-way, the record does not say enough of the machine for anything else.
    internal static Refusal? CheckResize(InstanceRecord instance, Plan plan)
    {
        if (instance.Resize is not { } resize || plan.IsOneCommit || plan.Kind == TaskKinds.Delete || (plan.EndsResize && ResizeRules.Allows(resize.Stage, plan.Kind)))
        {
            return null;
        }

        var how = resize.Stage switch { ResizeStage.Finished => "confirmed or reverted", ResizeStage.Confirming => "confirmed", _ => "reverted" };
        return new(RefusalKind.WrongState, $"Cannot '{NameOf(plan)}' instance {instance.Id}: its last resize must be {how} first");
    }

    // Nova looks at the flavor only once the server's state allows a resize at all.
    private static AcceptDecision CheckFlavor(AcceptDecision decision, InstanceRecord instance, SubmitTask request) =>
        decision.Mode == AcceptMode.Refuse || request.Kind != TaskKinds.Resize ? decision
        : request.Change?.Flavor is not { } flavor ? Refuse(RefusalKind.Invalid, "A resize needs the new flavor.")
        : flavor.Id == instance.Flavor.Id ? Refuse(RefusalKind.Invalid, "When resizing, instances must change flavor!")
        : decision;

    private static string NameOf(Plan plan) => plan.NovaAction ?? plan.Kind.Name;

    private static AcceptDecision DecideCreate(InstanceRecord? instance, SubmitTask request) => (instance, request.NewInstance) switch
    {
        (null, not null) => new(AcceptMode.Now),
        (null, null) => Refuse(RefusalKind.Invalid, "A create needs the instance to make."),
        _ => Refuse(RefusalKind.NotNow, $"Instance {request.Instance} exists already."),
    };

    // Only what has left nothing behind is built again: whatever is on a host is for a delete or a rebuild to see to.
    private static AcceptDecision DecideCreateAgain(InstanceRecord instance, Plan plan) => instance switch
    {
        { Holder: { } holder } => Busy(instance, plan, holder),
        { VmState: VmState.Error, LaunchedAt: null, Host: null, Attention.Count: 0 } => new(AcceptMode.Now),
        _ => Refuse(RefusalKind.WrongState, $"Cannot 'create' instance {instance.Id} again: only one whose create has failed and left nothing on a host can be"),
    };

    private static AcceptDecision DecideByTables(InstanceRecord instance, SubmitTask request, Plan plan)
    {
        if (instance.Holder is not { } holder)
        {
            return CheckStart(instance, plan) is { } refusal ? new(AcceptMode.Refuse, refusal) : new(plan.IsOneCommit ? AcceptMode.OneCommit : AcceptMode.Now);
        }

        var rule = ConflictTable.Find(holder.Kind, request.Kind);
        return rule switch
        {
            ConflictRule.Join => new(AcceptMode.Join),
            ConflictRule.Supersede => instance.Queue.Exists(q => q.Kind == TaskKinds.Delete) ? DecideBehindDelete(instance, request, plan) : new(AcceptMode.Supersede),
            ConflictRule.Alongside => CheckStart(instance, plan) is { } refusal ? new(AcceptMode.Refuse, refusal) : new(AcceptMode.OneCommit),
            ConflictRule.QueueIfAsked when request.QueueWhenBusy => DecideQueue(instance, plan),
            _ => Busy(instance, plan, holder),
        };
    }

    // The holder is being superseded by a delete that waits: a second delete joins it, everything else is too late.
    private static AcceptDecision DecideBehindDelete(InstanceRecord instance, SubmitTask request, Plan plan) =>
        request.Kind == TaskKinds.Delete ? new(AcceptMode.Join) : Busy(instance, plan, instance.Queue.Find(q => q.Kind == TaskKinds.Delete)!);

    private static AcceptDecision DecideQueue(InstanceRecord instance, Plan plan)
    {
        if (instance.Queue.Find(q => q.Kind == TaskKinds.Delete) is { } delete)
        {
            return Busy(instance, plan, delete);
        }

        if (plan.EndsResize && instance.Resize is null)
        {
            return Refuse(RefusalKind.WrongState, $"Cannot '{NameOf(plan)}' instance {instance.Id}: it has not been resized");
        }

        var state = Predict(instance);
        return state is null || InstanceMachine.Find(state.Value, plan.Kind) is not null
            ? new(AcceptMode.Queue)
            : Refuse(RefusalKind.WrongState, $"Cannot '{plan.NovaAction ?? plan.Kind.Name}' instance {instance.Id}: it will be {ServerStatus.WireName(state.Value)} when its turn comes");
    }

    /// <summary>The vm_state after everything that is there has succeeded; null when that cannot be said.</summary>
    private static VmState? Predict(InstanceRecord instance)
    {
        VmState? state = instance.VmState;
        foreach (var task in instance.Queue.Prepend(instance.Holder!))
        {
            state = state is null ? null : InstanceMachine.Find(state.Value, task.Kind)?.Leaves(instance.Resize?.From);
        }

        return state;
    }

    private static AcceptDecision? CheckAdmin(SubmitTask request, Plan plan) => plan.AdminRule is { } rule && !request.Caller.IsAdmin
        ? Refuse(RefusalKind.Forbidden, $"Policy doesn't allow {rule} to be performed.")
        : null;

    private static AcceptDecision? CheckLock(InstanceRecord instance, SubmitTask request, Plan plan)
    {
        if (plan.RespectsLock && instance.Locked && !request.Caller.IsAdmin)
        {
            return Refuse(RefusalKind.Locked, $"Instance {instance.Id} is locked");
        }

        return request.Kind == TaskKinds.Unlock && instance.LockedBy == "admin" && !request.Caller.IsAdmin
            ? Refuse(RefusalKind.Forbidden, "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.")
            : null;
    }

    private static bool Visible(InstanceRecord instance, Caller caller) => caller.IsAdmin || instance.Project == caller.Project;

    private static AcceptDecision Busy(InstanceRecord instance, Plan plan, TaskRef by) => new(
        AcceptMode.Refuse,
        new(RefusalKind.Busy, $"Cannot '{plan.NovaAction ?? plan.Kind.Name}' instance {instance.Id} while task {by.Id} ({by.Kind}) has it", by.Id));

    private static Refusal WrongState(Plan plan, InstanceRecord instance, string attribute, string value) =>
        new(RefusalKind.WrongState, $"Cannot '{plan.NovaAction ?? plan.Kind.Name}' instance {instance.Id} while it is in {attribute} {value}");

    private static AcceptDecision Refuse(RefusalKind kind, string message) => new(AcceptMode.Refuse, new(kind, message));
}
