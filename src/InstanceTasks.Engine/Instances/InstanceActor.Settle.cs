namespace InstanceTasks.Engine;

/// <content>Settling.</content>
public sealed partial class InstanceActor
{
    private static readonly TimeSpan GrantDue = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AttentionDue = TimeSpan.FromHours(1);

    // Own exception types do not cross grain calls: what the task's actor must tell apart is in the verdict.
    private async Task<SettleAnswer?> TrySettleAsync(SettleRequest request, bool fresh)
    {
        try
        {
            return IsOld(request.Before) ? fresh ? await StaleAsync(request.Before) ?? new() { Verdict = SettleVerdict.Stale } : null : await DecideSettleAsync(request);
        }
        catch (Exception e) when (e is CommitFailedException or IllegalTransitionException or UndecodableTaskException)
        {
            LogSettleImpossible(e, id, request.Before.Id);
            return new() { Verdict = SettleVerdict.Failed, Refusal = new(RefusalKind.Unavailable, e.Message) };
        }
    }

    // The two disagree about who has the machine: what this object remembers is old, or what the task's actor does.
    private bool IsOld(TaskRecord before) => _instance!.Holder?.Id == before.Id != before.Turn > 0;

    private async Task<SettleAnswer?> DecideSettleAsync(SettleRequest request)
    {
        var instance = _instance!;
        var returns = request.Events.Exists(e => e is AttentionDecided { Command.Kind: not TaskCommandKind.Abandon });
        if (returns && instance.Holder is { } holder)
        {
            return new() { Verdict = SettleVerdict.Refused, Refusal = new(RefusalKind.Busy, $"Task {holder.Id} ({holder.Kind}) has instance {id}.", holder.Id) };
        }

        var now = time.GetUtcNow();
        List<TaskEvent> events = returns ? [.. request.Events, GrantOf(instance, request.Before, now)] : request.Events;
        var commit = await ComposeSettleAsync(instance, TaskMachine.Commit(request.Before, events), events, now);
        var result = await CommitAsync(commit);
        return result switch
        {
            null => new() { Verdict = SettleVerdict.Unknown },
            { Applied: true } => Settled(commit),
            { Verdict: CommitVerdict.TaskConflict } => await StaleAsync(request.Before),
            _ => null,
        };
    }

    private async Task<Commit> ComposeSettleAsync(InstanceRecord before, TaskRecord task, List<TaskEvent> events, DateTimeOffset now)
    {
        var after = SettleComposer.Apply(before, task, now);
        var (claims, quota) = SettleComposer.Release(before, after);
        var due = task.IsEnded ? (TimeSpan?)null : task.Outcome == TaskOutcome.NeedsAttention ? AttentionDue : GrantDue;
        var (cleared, bypassed) = await ClearDeletedAsync(after, task, now);
        var (next, grants) = await GrantNextAsync(cleared, task, now);
        return new Commit
        {
            Name = "settle",
            Kind = task.Kind,
            Tasks = [new TaskWrite(task, events, due, long.MaxValue), .. bypassed, .. grants],
            Instance = new(next with { Version = before.Version + 1 }, before.Version),
            Claims = claims,
            Quota = quota,
        };
    }

    /// <summary>With the instance everything that still needed attention is gone: nothing is left that anybody could decide about.</summary>
    private async Task<(InstanceRecord Instance, List<TaskWrite> Writes)> ClearDeletedAsync(InstanceRecord instance, TaskRecord by, DateTimeOffset now)
    {
        if (instance.VmState != VmState.Deleted || instance.Attention.Count == 0)
        {
            return (instance, []);
        }

        var held = await ReadTasksAsync(instance.Attention);
        return (instance with { Attention = [] }, [.. held.Select(h => AcceptComposer.Bypass(h, by.Id, now))]);
    }

    /// <summary>Gives an idle machine to the next in the queue whose state allows it; those that it does not allow end as failed.</summary>
    private async Task<(InstanceRecord Instance, List<TaskWrite> Writes)> GrantNextAsync(InstanceRecord instance, TaskRecord ended, DateTimeOffset now)
    {
        var writes = new List<TaskWrite>();
        while (instance is { Holder: null, Queue.Count: > 0 })
        {
            var next = instance.Queue[0];
            instance = instance with { Queue = [.. instance.Queue.Skip(1)] };
            if (await ReadWaitingAsync(next.Id) is not { } waiting)
            {
                continue;
            }

            (instance, var write) = GrantOrFail(instance, waiting, ended, now);
            writes.Add(write);
        }

        return (instance, writes);
    }

    // A task that this release cannot read must not hold up its neighbours: it loses its place, and recovery quarantines and shows it.
    private async Task<StoredTask?> ReadWaitingAsync(TaskId task)
    {
        try
        {
            return await journal.ReadTaskAsync(task) is { Record.IsEnded: false } waiting ? waiting : null;
        }
        catch (UndecodableTaskException e)
        {
            LogUndecodable(e, id, task);
            return null;
        }
    }

    private static (InstanceRecord Instance, TaskWrite Write) GrantOrFail(InstanceRecord instance, StoredTask waiting, TaskRecord ended, DateTimeOffset now)
    {
        if (AcceptRules.CheckStart(instance, PlanRegistry.Of(waiting.Record)) is { } refusal)
        {
            var failure = new Failure(FailureKinds.WrongState, refusal.Message, Code: 409);
            return (instance, WriteOf(waiting, new TaskEnded { At = now, Outcome = TaskOutcome.Failed, Failure = failure }, null));
        }

        var grant = GrantOf(instance, waiting.Record, now) with { MustFence = instance.FenceNext || waiting.Record.Supersedes == ended.Id };
        var granted = instance with { Holder = new(waiting.Record.Id, waiting.Record.Kind, waiting.Record.Request), Turn = grant.Turn, FenceNext = false };
        return (granted, WriteOf(waiting, grant, GrantDue));
    }

    private static TaskGranted GrantOf(InstanceRecord instance, TaskRecord task, DateTimeOffset now) => new()
    {
        At = now,
        Turn = instance.Turn + 1,
        Host = task.Host is not null && task.Outcome == TaskOutcome.NeedsAttention ? task.Host : instance.Host,
        Zone = instance.AvailabilityZone,
        MustFence = instance.FenceNext,
        // Coming back from attention it still goes back to where it started: the error in between was its own.
        FromState = task.Outcome == TaskOutcome.NeedsAttention ? task.FromState : instance.VmState,
    };

    private static TaskWrite WriteOf(StoredTask before, TaskEvent e, TimeSpan? due) =>
        new(TaskMachine.Commit(before.Record, [e]), [e], due, before.Wakes);

    private SettleAnswer Settled(Commit commit)
    {
        _instance = commit.Instance!.After;
        foreach (var granted in commit.Tasks.Skip(1).Where(t => !t.After.IsEnded))
        {
            peers.Wake(granted.After.Id, new WakeUp { Cause = "granted" });
        }

        return new() { Verdict = SettleVerdict.Settled, Record = commit.Tasks[0].After };
    }

    // Lost on a sequence number: if it was this task's, its actor decides again; if it was the next one's, compose again.
    private async Task<SettleAnswer?> StaleAsync(TaskRecord before)
    {
        var there = await journal.ReadTaskAsync(before.Id);
        return there?.Record.Seq == before.Seq ? null : new() { Verdict = SettleVerdict.Stale, Record = there?.Record };
    }
}
