namespace InstanceTasks.Engine;

/// <content>Settling.</content>
public sealed partial class InstanceActor
{
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
        var now = time.GetUtcNow();
        var ruling = SettleRules.Decide(_instance!, request, now);
        if (ruling.Refusal is { } refusal)
        {
            return new() { Verdict = SettleVerdict.Refused, Refusal = refusal };
        }

        var commit = await ComposeSettleAsync(_instance!, ruling, now);
        var result = await CommitAsync(commit);
        return result switch
        {
            null => new() { Verdict = SettleVerdict.Unknown },
            { Applied: true } => Settled(commit),
            { Verdict: CommitVerdict.TaskConflict } => await StaleAsync(request.Before),
            _ => null,
        };
    }

    private async Task<Commit> ComposeSettleAsync(InstanceRecord before, SettleRuling ruling, DateTimeOffset now)
    {
        var after = SettleComposer.Apply(before, ruling.After, now);
        var held = SettleRules.IsGone(after) ? await ReadTasksAsync(after.Attention) : [];
        var (cleared, bypassed) = SettleRules.ClearGone(after, held, ruling.After.Id, now);
        var (next, grants) = await GrantNextAsync(cleared, ruling.After, now);
        return SettleRules.Compose(before, ruling, after, next, [.. bypassed, .. grants]);
    }

    /// <summary>Gives an idle machine to the next in the queue whose state allows it; those that it does not allow end as failed.</summary>
    private async Task<(InstanceRecord Instance, List<TaskWrite> Writes)> GrantNextAsync(InstanceRecord instance, TaskRecord ended, DateTimeOffset now)
    {
        var writes = new List<TaskWrite>();
        while (SettleRules.NextInQueue(instance) is { } next)
        {
            (instance, var write) = SettleRules.GrantOrFail(instance, await ReadWaitingAsync(next.Id), ended, now);
            writes.AddRange(write is null ? [] : [write]);
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

    private SettleAnswer Settled(Commit commit)
    {
        _instance = commit.Instance!.After;
        foreach (var granted in commit.Tasks.Skip(1).Where(t => !t.After.IsEnded))
        {
            peers.Wake(granted.After.Id, new WakeUp { Cause = "granted" });
        }

        WakeParents(commit);
        return new() { Verdict = SettleVerdict.Settled, Record = commit.Tasks[0].After };
    }

    // The commit has counted them, and made their parent due: this only saves it the waiting.
    private void WakeParents(Commit commit)
    {
        foreach (var parent in commit.Tasks.Where(t => t.After.IsEnded).Select(t => t.After.Parent).OfType<TaskId>().Distinct())
        {
            peers.Wake(parent, new WakeUp { Cause = "a child ended" });
        }
    }

    // Lost on a sequence number: if it was this task's, its actor decides again; if it was the next one's, compose again.
    private async Task<SettleAnswer?> StaleAsync(TaskRecord before)
    {
        var there = await journal.ReadTaskAsync(before.Id);
        return there?.Record.Seq == before.Seq ? null : new() { Verdict = SettleVerdict.Stale, Record = there?.Record };
    }
}
