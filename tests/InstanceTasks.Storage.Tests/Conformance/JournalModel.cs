using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>The rules of a journal in the plainest form: what a store is compared with under random commits.</summary>
internal sealed class JournalModel
{
    public Dictionary<TaskId, (TaskRecord Record, long Wakes, bool Refused, bool DueNow)> Tasks { get; } = [];

    public Dictionary<InstanceId, InstanceRecord> Instances { get; } = [];

    public Dictionary<(HostName Host, InstanceId Instance), (TaskId Task, Resources Resources)> Claims { get; } = [];

    public Dictionary<HostName, Resources> Capacity { get; } = [];

    public HashSet<string> Keys { get; } = [];

    public int Used { get; private set; }

    public int Limit { get; set; } = -1;

    public Resources TakenOn(HostName host) => Claims.Where(c => c.Key.Host == host).Aggregate(default(Resources), (sum, c) => sum + c.Value.Resources);

    public bool Refuse(TaskRecord task)
    {
        if (Tasks.TryGetValue(task.Id, out var row))
        {
            return row.Refused;
        }

        Tasks[task.Id] = (task with { Seq = 1 }, 0, true, false);
        return true;
    }

    public CommitVerdict Commit(Commit commit)
    {
        var verdict = Verdict(commit);
        if (verdict == CommitVerdict.Applied)
        {
            Apply(commit);
        }

        return verdict;
    }

    private CommitVerdict Verdict(Commit commit)
    {
        if (commit.Tasks.Any(t => (Tasks.TryGetValue(t.After.Id, out var row) ? row.Record.Seq : 0) != t.After.Seq - 1))
        {
            return CommitVerdict.TaskConflict;
        }

        if (commit.Guard is { } guard && !(Tasks.TryGetValue(guard.Parent, out var parent) && parent is { Refused: false, Record.IsEnded: false } && parent.Record.Seq == guard.Seq))
        {
            return CommitVerdict.ParentConflict;
        }

        if (commit.Instance is { } i && (Instances.TryGetValue(i.After.Id, out var instance) ? instance.Version : 0) != i.ExpectedVersion)
        {
            return CommitVerdict.InstanceConflict;
        }

        if (commit.Idempotency is { } key && Keys.Contains(key.Key))
        {
            return CommitVerdict.KeyExists;
        }

        if (commit.Quota.SingleOrDefault() is { Instances: > 0 } quota && Limit >= 0 && Used + quota.Instances > Limit)
        {
            return CommitVerdict.QuotaExceeded;
        }

        return commit.Claims.Any(c => c.Take && !Fits(c)) ? CommitVerdict.CapacityExceeded : CommitVerdict.Applied;
    }

    private bool Fits(ClaimChange change)
    {
        var host = change.Host!.Value;
        var has = Claims.TryGetValue((host, change.Instance), out var claim);
        return (has && claim.Task == change.Task)
            || (Capacity.TryGetValue(host, out var capacity) && (TakenOn(host) - claim.Resources + change.Resources).FitsInto(capacity));
    }

    private void Apply(Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            var wakes = Tasks.TryGetValue(write.After.Id, out var row) ? row.Wakes : 0;
            Tasks[write.After.Id] = (write.After, wakes, false, !write.After.IsEnded && wakes > write.WakesRead && write.After.Seq > 1);
        }

        if (commit.Instance is { } instance)
        {
            Instances[instance.After.Id] = instance.After;
        }

        foreach (var change in commit.Claims)
        {
            ApplyClaim(change);
        }

        Used += commit.Quota.Sum(q => q.Instances);
        if (commit.Idempotency is { } key)
        {
            Keys.Add(key.Key);
        }

        foreach (var wake in commit.Wakes.Where(Tasks.ContainsKey))
        {
            var row = Tasks[wake];
            Tasks[wake] = row with { Wakes = row.Wakes + 1, DueNow = !row.Refused && !row.Record.IsEnded };
        }
    }

    private void ApplyClaim(ClaimChange change)
    {
        if (!change.Take)
        {
            foreach (var key in Claims.Keys.Where(k => k.Instance == change.Instance && (change.Host is null || k.Host == change.Host)).ToArray())
            {
                Claims.Remove(key);
            }
        }
        else if (!Claims.TryGetValue((change.Host!.Value, change.Instance), out var claim) || claim.Task != change.Task)
        {
            Claims[(change.Host.Value, change.Instance)] = (change.Task, change.Resources);
        }
    }
}
