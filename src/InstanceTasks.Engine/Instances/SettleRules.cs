namespace InstanceTasks.Engine;

/// <summary>What a request to settle leads to.</summary>
/// <param name="Refusal">Why not; then there is nothing else.</param>
/// <param name="Events">The events of the task: those asked for, and the grant when it gets the machine back.</param>
/// <param name="After">The task after them.</param>
internal sealed record SettleRuling(Refusal? Refusal, List<TaskEvent> Events, TaskRecord After);

/// <summary>Decides on the end, hold and return of tasks, and on who gets the machine next. Pure.</summary>
internal static class SettleRules
{
    private static readonly TimeSpan GrantDue = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AttentionDue = TimeSpan.FromHours(1);
    private static readonly Verb?[] Destroys = [Verb.DeleteDisk, Verb.RestoreDisk];

    /// <summary>Decides on a request; one that returns from attention needs an idle machine.</summary>
    /// <exception cref="IllegalTransitionException">The task cannot go that way.</exception>
    public static SettleRuling Decide(InstanceRecord instance, SettleRequest request, DateTimeOffset now)
    {
        var returns = request.Events.Exists(e => e is AttentionDecided { Command.Kind: not TaskCommandKind.Abandon });
        if (returns && instance.Holder is { } holder)
        {
            return new(new Refusal(RefusalKind.Busy, $"Task {holder.Id} ({holder.Kind}) has instance {instance.Id}.", holder.Id), [], request.Before);
        }

        if (returns && CheckReturn(instance, request.Before) is { } refusal)
        {
            return new(refusal, [], request.Before);
        }

        List<TaskEvent> events = returns ? [.. request.Events, GrantOf(instance, request.Before, now)] : request.Events;
        return new(null, events, TaskMachine.Commit(request.Before, events));
    }

    /// <summary>Whose turn it is; null while the machine is not idle or nobody waits.</summary>
    public static TaskRef? NextInQueue(InstanceRecord instance) => instance is { Holder: null, Queue.Count: > 0 } ? instance.Queue[0] : null;

    /// <summary>Takes the first out of the queue and gives it the machine, or ends it when the instance's state does not allow it.</summary>
    /// <param name="instance">The instance, idle.</param>
    /// <param name="waiting">The task; null when it has ended or cannot be read: it only loses its place.</param>
    /// <param name="ended">The task that gave the machine back.</param>
    /// <param name="now">The time.</param>
    public static (InstanceRecord Instance, TaskWrite? Write) GrantOrFail(InstanceRecord instance, StoredTask? waiting, TaskRecord ended, DateTimeOffset now)
    {
        instance = instance with { Queue = [.. instance.Queue.Skip(1)] };
        if (waiting is null)
        {
            return (instance, null);
        }

        // The instance does not show what a superseded task has half done. Its successor starts from that; if none does, it is shown.
        var succeeds = waiting.Record.Supersedes == ended.Id;
        var from = succeeds ? LeftTo(waiting.Record.Kind, ended) : instance.VmState;
        if (AcceptRules.CheckStart(instance with { VmState = from }, PlanRegistry.Of(waiting.Record)) is { } refusal)
        {
            var failure = new Failure(FailureKinds.WrongState, refusal.Message, Code: 409);
            var left = succeeds ? instance with { VmState = LeftBy(ended) } : instance;
            return (left, WriteOf(waiting, new TaskEnded { At = now, Outcome = TaskOutcome.Failed, Failure = failure }, null));
        }

        var grant = GrantOf(instance, waiting.Record, now);
        grant = succeeds ? grant with { MustFence = true, FromState = from } : grant;
        var granted = instance with { Holder = new(waiting.Record.Id, waiting.Record.Kind, waiting.Record.Request), Turn = grant.Turn, FenceNext = false };
        return (granted, WriteOf(waiting, grant, GrantDue));
    }

    /// <summary>Whether the instance is deleted, and tasks on it still need attention.</summary>
    public static bool IsGone(InstanceRecord instance) => instance is { VmState: VmState.Deleted, Attention.Count: > 0 };

    /// <summary>With the instance everything that still needed attention is gone: nothing is left that anybody could decide about.</summary>
    public static (InstanceRecord Instance, IReadOnlyList<TaskWrite> Writes) ClearGone(InstanceRecord instance, IEnumerable<StoredTask> held, TaskId by, DateTimeOffset now) =>
        IsGone(instance) ? (instance with { Attention = [] }, [.. held.Select(h => AcceptComposer.Bypass(h, by, now))]) : (instance, []);

    /// <summary>The one commit of it all.</summary>
    /// <param name="before">The instance as read.</param>
    /// <param name="ruling">What becomes of the task.</param>
    /// <param name="after">The instance after that.</param>
    /// <param name="next">The instance after whoever was next got the machine.</param>
    /// <param name="grants">What became of those in the queue.</param>
    public static Commit Compose(InstanceRecord before, SettleRuling ruling, InstanceRecord after, InstanceRecord next, IReadOnlyList<TaskWrite> grants)
    {
        var task = ruling.After;
        var (claims, quota) = SettleComposer.Release(before, after, task.Id);
        var due = task.IsEnded ? (TimeSpan?)null : task.Outcome == TaskOutcome.NeedsAttention ? AttentionDue : GrantDue;
        return new Commit
        {
            Name = "settle",
            Kind = task.Kind,
            Tasks = [new TaskWrite(task, ruling.Events, due, long.MaxValue), .. grants],
            Instance = new(next with { Version = before.Version + 1 }, before.Version),
            Claims = claims,
            Quota = quota,
        };
    }

    /// <summary>
    /// What a successor starts from, and leaves if it is stopped before it has done anything: what the superseded task has half done, which the
    /// instance does not show meanwhile.
    /// </summary>
    private static VmState LeftTo(TaskKind successor, TaskRecord superseded) =>
        LeftBy(superseded) is var left && InstanceMachine.Find(left, successor) is null ? VmState.Error : left;

    // A machine that is half built stays one: no other state tells more of it.
    private static VmState LeftBy(TaskRecord superseded) => superseded.FromState == VmState.Building ? VmState.Building : SettleComposer.AsItStands(superseded);

    /// <summary>
    /// Whether a task that needed attention may go on: only where its machine still is. Nobody has used a server that is still in error; any other has been brought to a state of its own, from
    /// which the task must be able to start, and in which nothing may be thrown away. While a resize of another task is to be decided, it waits for that.
    /// </summary>
    private static Refusal? CheckReturn(InstanceRecord instance, TaskRecord task)
    {
        if (task.Host is { } host && instance.Host != host)
        {
            return new(RefusalKind.WrongState, $"Instance {instance.Id} has left the host that it was on: task {task.Id} ({task.Kind}) has nothing to go on with. Abandon the task.");
        }

        if (task.Kind != TaskKinds.Resize && AcceptRules.CheckResize(instance, PlanRegistry.Of(task)) is { } undecided)
        {
            return undecided;
        }

        if (instance.VmState == VmState.Error)
        {
            return null;
        }

        var state = ServerStatus.WireName(instance.VmState);
        return task.Kind != TaskKinds.Delete && Remaining(task).Any(v => Destroys.Contains(v))
            ? new(RefusalKind.WrongState, $"Instance {instance.Id} has been used since: it is {state}, and task {task.Id} ({task.Kind}) would throw its disk away. Abandon the task.")
            : task.Phase == TaskPhase.Forward && InstanceMachine.Find(instance.VmState, task.Kind) is null
            ? new(RefusalKind.WrongState, $"Instance {instance.Id} is {state} now, from where task {task.Id} ({task.Kind}) cannot go on. Bring it to another state, or abandon the task.")
            : null;
    }

    private static IEnumerable<Verb?> Remaining(TaskRecord task)
    {
        var steps = PlanRegistry.Of(task).Steps;
        return task.Phase == TaskPhase.Forward ? steps.Skip(task.Step).Select(s => s.Do) : steps.Take(task.Step + 1).Select(s => s.Undo);
    }

    private static TaskGranted GrantOf(InstanceRecord instance, TaskRecord task, DateTimeOffset now) => new()
    {
        At = now,
        Turn = instance.Turn + 1,
        Host = task.Host is not null && task.Outcome == TaskOutcome.NeedsAttention ? task.Host : instance.Host,
        Zone = instance.AvailabilityZone,
        MustFence = instance.FenceNext,
        // Coming back from attention it still has the machine that it was making.
        FromState = task.Outcome == TaskOutcome.NeedsAttention ? Back(instance, task) : instance.VmState,
        Machine = task.Outcome == TaskOutcome.NeedsAttention ? null : MachineSpecs.Of(instance, task),
    };

    /// <summary>
    /// Where a task starts from that comes back from attention: from where it did, since the error in between was its own; but one that only has to finish leaves
    /// the server as somebody has brought it meanwhile.
    /// </summary>
    private static VmState Back(InstanceRecord instance, TaskRecord task) =>
        task.Phase == TaskPhase.Forward && instance.VmState != VmState.Error ? instance.VmState : task.FromState;

    private static TaskWrite WriteOf(StoredTask before, TaskEvent e, TimeSpan? due) =>
        new(TaskMachine.Commit(before.Record, [e]), [e], due, before.Wakes);
}
