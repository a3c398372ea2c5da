using InstanceTasks.Engine;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Store;

/// <summary>
/// The one thing that is durable: rows, verdicts and leases as the ports say they must be. Every method is one transaction; records are
/// immutable, so nothing is copied.
/// </summary>
internal sealed class Database(Scheduler scheduler)
{
    private readonly Dictionary<(ProjectId, UserId, string), StoredIdempotency> _keys = [];
    private readonly Dictionary<InstanceId, Dictionary<HostName, (TaskId Task, Resources Resources)>> _claims = [];
    private readonly List<TaskId>[] _open = [.. Enumerable.Range(0, Shards.Count).Select(_ => new List<TaskId>())];
    private readonly List<StoredLease> _leases = [];
    private long _stream;
    private int _asked;

    /// <summary>Called after every applied commit.</summary>
    public Action<Commit>? Applied { get; set; }

    public Dictionary<TaskId, StoredRow> Tasks { get; } = [];

    public Dictionary<InstanceId, InstanceRecord> Instances { get; } = [];

    /// <summary>Which tasks an instance has ever had, in the order of their accept.</summary>
    public Dictionary<InstanceId, List<TaskId>> TasksOf { get; } = [];

    public Dictionary<HostName, HostView> Hosts { get; } = [];

    public Dictionary<ProjectId, QuotaUsage> Quota { get; } = [];

    /// <summary>The stream as it was committed: id, task and sequence number.</summary>
    public List<(long Id, TaskId Task, long Seq)> Stream { get; } = [];

    public int Commits { get; private set; }

    public Sabotage Sabotage { get; set; }

    /// <summary>Until when it is down.</summary>
    public TimeSpan DownUntil { get; set; }

    public bool IsDown => DownUntil > scheduler.Now;

    public DateTimeOffset Now => SimulatedClock.Epoch + scheduler.Now;

    public IEnumerable<(InstanceId Instance, HostName Host, TaskId Task, Resources Resources)> Claims =>
        _claims.SelectMany(i => i.Value.Select(c => (i.Key, c.Key, c.Value.Task, c.Value.Resources)));

    public IReadOnlyCollection<HostName> ClaimsOf(InstanceId instance) => _claims.TryGetValue(instance, out var claims) ? claims.Keys : [];

    public StoredIdempotency? KeyOf(ProjectId project, UserId user, string key) => _keys.GetValueOrDefault((project, user, key));

    /// <summary>Adds what was there before the run: an instance with its claim and quota.</summary>
    public void Seed(InstanceRecord instance)
    {
        Instances[instance.Id] = instance;
        TasksOf[instance.Id] = [];
        _claims[instance.Id] = new() { [instance.Host!.Value] = (default, instance.Flavor.ToResources()) };
        var used = UsageOf(instance.Project);
        Quota[instance.Project] = used with { Instances = used.Instances + 1, Cores = used.Cores + instance.Flavor.Vcpus, RamMb = used.RamMb + instance.Flavor.RamMb };
    }

    public CommitResult Commit(Commit commit)
    {
        if (Sabotage == Sabotage.CommitsForgotten && ++_asked % 40 == 0)
        {
            return new CommitResult(CommitVerdict.Applied);
        }

        var verdict = FenceVerdict(commit) ?? KeyVerdict(commit) ?? QuotaVerdict(commit) ?? ClaimVerdict(commit);
        if (verdict is not null)
        {
            return verdict;
        }

        Apply(commit);
        Commits++;
        Applied?.Invoke(commit);
        return new CommitResult(CommitVerdict.Applied);
    }

    public StoredTask? ReadTask(TaskId id) =>
        Tasks.TryGetValue(id, out var row) ? new StoredTask(row.Record, row.Wakes, row.DueAt - scheduler.Now, Now - row.Events[0].At) : null;

    public bool Refuse(TaskId id)
    {
        if (Tasks.TryGetValue(id, out var row))
        {
            return row.Refused;
        }

        var refused = new TaskRecord
        {
            Id = id, Kind = new("refused"), Instance = default, Project = new(""), User = new(""), Request = new(""), Run = TaskRun.Ended, Outcome = TaskOutcome.Refused, Seq = 1,
        };
        Tasks[id] = row = new StoredRow { Record = refused };
        AddEvents(row, refused, [new TaskEnded { At = Now, Outcome = TaskOutcome.Refused }]);
        return true;
    }

    public IReadOnlyList<DueTask> ReadDue(int shard, int limit)
    {
        var live = _leases.Where(l => l.Until > scheduler.Now).Select(l => l.Generation).ToHashSet();
        return [.. Pending(shard)
            .Select(r => (Row: r, Lost: r.Record.Generation > 0 && !live.Contains(r.Record.Generation)))
            .Where(r => r.Lost || r.Row.DueAt <= scheduler.Now)
            .OrderByDescending(r => r.Lost).ThenBy(r => r.Row.DueAt)
            .Take(limit)
            .Select(r => new DueTask(r.Row.Record.Id, r.Lost))];
    }

    public TimeSpan? ReadNextDue(int shard) => Pending(shard).Min(r => r.DueAt) - scheduler.Now;

    public void Quarantine(TaskId id, string reason) => Tasks[id].Quarantine = reason;

    public IReadOnlyList<HostView> ListHosts() => [.. Hosts.Values.Select(h => h with { Taken = Taken(h.Host) })];

    public long Join(string silo, TimeSpan lease)
    {
        _leases.Add(new StoredLease { Generation = _leases.Count + 1, Silo = silo, Until = scheduler.Now + lease });
        return _leases.Count;
    }

    public bool Renew(long generation, TimeSpan lease)
    {
        if (!IsLive(generation))
        {
            return false;
        }

        _leases[(int)generation - 1].Until = scheduler.Now + lease;
        return true;
    }

    public void Leave(long generation)
    {
        if (IsLive(generation))
        {
            _leases[(int)generation - 1].Until = scheduler.Now;
        }
    }

    public IReadOnlyList<LiveGeneration> ReadLive() =>
        [.. _leases.Where(l => l.Until > scheduler.Now).Select(l => new LiveGeneration(l.Generation, l.Silo, l.Until - scheduler.Now))];

    /// <summary>Whether a lease lives, in truth.</summary>
    public bool IsLive(long generation) => generation > 0 && generation <= _leases.Count && _leases[(int)generation - 1].Until > scheduler.Now;

    public Resources Taken(HostName host)
    {
        var sum = default(Resources);
        foreach (var claims in _claims.Values)
        {
            sum += claims.TryGetValue(host, out var claim) ? claim.Resources : default;
        }

        return sum;
    }

    private QuotaUsage UsageOf(ProjectId project) => Quota.GetValueOrDefault(project) ?? new QuotaUsage(0, 0, 0);

    private IEnumerable<StoredRow> Pending(int shard) => _open[shard].Select(t => Tasks[t]).Where(r => r.Quarantine is null);

    private CommitResult? FenceVerdict(Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            if (!IsNext(write))
            {
                return new CommitResult(CommitVerdict.TaskConflict);
            }
        }

        return Sabotage != Sabotage.VersionsIgnored && commit.Instance is { } i && (Instances.TryGetValue(i.After.Id, out var stored) ? stored.Version : 0) != i.ExpectedVersion
            ? new CommitResult(CommitVerdict.InstanceConflict)
            : null;
    }

    private bool IsNext(TaskWrite write) =>
        !Tasks.TryGetValue(write.After.Id, out var row) ? write.After.Seq == 1
        : Sabotage switch
        {
            Sabotage.SequencesIgnored => true,
            Sabotage.TombstonesIgnored when row.Refused => true,
            _ => row.Record.Seq == write.After.Seq - 1,
        };

    private CommitResult? KeyVerdict(Commit commit) => commit.Idempotency is { } k && KeyOf(k.Project, k.User, k.Key) is { } stored
        ? new CommitResult(CommitVerdict.KeyExists, Stored: stored)
        : null;

    private CommitResult? QuotaVerdict(Commit commit)
    {
        foreach (var q in commit.Quota)
        {
            var used = UsageOf(q.Project);
            if (q.Instances > 0 && used.MaxInstances >= 0 && used.Instances + q.Instances > used.MaxInstances)
            {
                return new CommitResult(CommitVerdict.QuotaExceeded, $"Requested {q.Instances}, but already used {used.Instances} of {used.MaxInstances} instances");
            }
        }

        return null;
    }

    private CommitResult? ClaimVerdict(Commit commit)
    {
        foreach (var claim in commit.Claims.Where(c => c.Take && !Has(c)))
        {
            if (!Hosts.TryGetValue(claim.Host!.Value, out var host) || (Sabotage != Sabotage.CapacityIgnored && !claim.Resources.FitsInto(host.Capacity - Taken(host.Host))))
            {
                return new CommitResult(CommitVerdict.CapacityExceeded);
            }
        }

        return null;
    }

    private bool Has(ClaimChange claim) =>
        _claims.TryGetValue(claim.Instance, out var claims) && claims.TryGetValue(claim.Host!.Value, out var mine) && mine.Task == claim.Task;

    private void Apply(Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            ApplyTask(write);
        }

        if (commit.Instance is { } i)
        {
            Instances[i.After.Id] = i.After;
        }

        foreach (var claim in commit.Claims)
        {
            ApplyClaim(claim);
        }

        foreach (var q in commit.Quota)
        {
            var used = UsageOf(q.Project);
            Quota[q.Project] = used with { Instances = used.Instances + q.Instances, Cores = used.Cores + q.Cores, RamMb = used.RamMb + q.RamMb };
        }

        if (commit.Idempotency is { } k && Sabotage != Sabotage.KeysForgotten)
        {
            _keys[(k.Project, k.User, k.Key)] = new StoredIdempotency(k.BodyHash, k.Answer);
        }

        foreach (var wake in commit.Wakes)
        {
            Wake(Tasks[wake]);
        }
    }

    private void Wake(StoredRow row)
    {
        row.Wakes++;
        row.DueAt = row.DueAt is { } due && due > scheduler.Now ? scheduler.Now : row.DueAt;
    }

    private void ApplyTask(TaskWrite write)
    {
        var after = write.After;
        if (!Tasks.TryGetValue(after.Id, out var row))
        {
            Tasks[after.Id] = row = new StoredRow { Record = after };
            _open[Shards.Of(after.Instance)].Add(after.Id);
            if (!TasksOf.TryGetValue(after.Instance, out var list))
            {
                TasksOf[after.Instance] = list = [];
            }

            list.Add(after.Id);
        }

        row.DueAt = after.IsEnded ? null : row.Wakes > write.WakesRead ? scheduler.Now : (scheduler.Now + write.DueIn) ?? row.DueAt ?? scheduler.Now;
        AddEvents(row, after, write.Events);
        if (after.IsEnded)
        {
            _open[Shards.Of(after.Instance)].Remove(after.Id);
        }
    }

    private void AddEvents(StoredRow row, TaskRecord after, IReadOnlyList<TaskEvent> events)
    {
        row.Record = after;
        _stream += Sabotage == Sabotage.StreamRepeats && _stream == 100 ? 0 : 1;
        row.Events.Add(new StoredEvents(after.Seq, _stream, Now, events));
        Stream.Add((_stream, after.Id, after.Seq));
    }

    private void ApplyClaim(ClaimChange claim)
    {
        if (claim.Take)
        {
            if (!_claims.TryGetValue(claim.Instance, out var claims))
            {
                _claims[claim.Instance] = claims = [];
            }

            claims[claim.Host!.Value] = (claim.Task, claim.Resources);
        }
        else if (Sabotage == Sabotage.ClaimsKept)
        {
            return;
        }
        else if (claim.Host is { } host)
        {
            _claims.GetValueOrDefault(claim.Instance)?.Remove(host);
        }
        else
        {
            _claims.Remove(claim.Instance);
        }
    }
}
