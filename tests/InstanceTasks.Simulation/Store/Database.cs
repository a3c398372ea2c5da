using InstanceTasks.Engine;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Store;

/// <summary>
/// The one thing that is durable: rows, verdicts and leases as the ports say they must be. Every method is one transaction; records are
/// immutable, so nothing is copied.
/// </summary>
internal sealed class Database(Scheduler scheduler)
{
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromHours(24);

    private readonly Dictionary<(ProjectId, UserId, string), (StoredIdempotency Stored, TimeSpan At)> _keys = [];
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

    public ImageTable Images { get; } = new();

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

    public StoredIdempotency? KeyOf(ProjectId project, UserId user, string key) =>
        _keys.TryGetValue((project, user, key), out var row) && row.At > scheduler.Now - KeyLifetime ? row.Stored : null;

    public QuotaUsage UsageOf(ProjectId project) => Quota.GetValueOrDefault(project) ?? new QuotaUsage(0, 0, 0);

    /// <summary>Adds what was there before the run: an instance with its claim and quota.</summary>
    public void Seed(InstanceRecord instance)
    {
        Instances[instance.Id] = instance;
        TasksOf[instance.Id] = [];
        _claims[instance.Id] = new() { [instance.Host!.Value] = (default, instance.Flavor.ToResources()) };
        Quota[instance.Project] = Plus(UsageOf(instance.Project), new QuotaChange(instance.Project, 1, instance.Flavor.Vcpus, instance.Flavor.RamMb));
    }

    /// <exception cref="ArgumentException">The commit contradicts itself: a defect of the caller.</exception>
    public CommitResult Commit(Commit commit)
    {
        CheckSense(commit);
        if (Sabotage == Sabotage.CommitsForgotten && ++_asked % 40 == 0)
        {
            return new CommitResult(CommitVerdict.Applied);
        }

        var claims = new ClaimDraft(_claims, commit.Claims);
        var verdict = FenceVerdict(commit) ?? KeyVerdict(commit) ?? QuotaVerdict(commit) ?? ClaimVerdict(commit, claims);
        if (verdict is not null)
        {
            return verdict;
        }

        Apply(commit, claims);
        Commits++;
        Applied?.Invoke(commit);
        return new CommitResult(CommitVerdict.Applied);
    }

    public StoredTask? ReadTask(TaskId id) =>
        Tasks.TryGetValue(id, out var row) ? new StoredTask(row.Record, row.Wakes, row.DueAt - scheduler.Now, Now - row.Events[0].At, row.Children) : null;

    public IReadOnlyList<StoredEvents> ReadEvents(TaskId id) => Tasks.TryGetValue(id, out var row) ? [.. row.Events] : [];

    public bool Refuse(TaskId id)
    {
        if (Tasks.TryGetValue(id, out var row))
        {
            return row.Refused;
        }

        var refused = new TaskRecord
        {
            Id = id, Kind = new("refused"), Instance = default, Project = new(""), User = new(""), Request = new(""), Run = TaskRun.Ended, Outcome = TaskOutcome.Refused, Seq = 1,
            CreatedAt = Now, UpdatedAt = Now, FinishedAt = Now,
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
            .OrderByDescending(r => r.Lost).ThenBy(r => r.Row.DueAt is null).ThenBy(r => r.Row.DueAt)
            .Take(limit)
            .Select(r => new DueTask(r.Row.Record.Id, r.Lost))];
    }

    public TimeSpan? ReadNextDue(int shard) => Pending(shard).Min(r => r.DueAt) - scheduler.Now;

    public void Quarantine(TaskId id, string reason)
    {
        if (Tasks.TryGetValue(id, out var row))
        {
            row.Quarantine = reason;
        }
    }

    public IReadOnlyList<HostView> ListHosts() => [.. Hosts.Values.Select(h => h with { Taken = Taken(h.Host) })];

    public long Join(string silo, TimeSpan lease)
    {
        _leases.Add(new StoredLease { Generation = _leases.Count + 1, Silo = silo, Until = scheduler.Now + lease });
        return _leases.Count;
    }

    public bool Renew(long generation, TimeSpan lease, CallCounts? calls)
    {
        if (!IsLive(generation))
        {
            return false;
        }

        var stored = _leases[(int)generation - 1];
        (stored.Until, stored.Calls) = (scheduler.Now + lease, calls);
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
        [.. _leases.Where(l => l.Until > scheduler.Now).Select(l => new LiveGeneration(l.Generation, l.Silo, l.Until - scheduler.Now) { Hosts = l.Hosts, Calls = l.Calls })];

    /// <summary>For which hosts a generation may hold work.</summary>
    public void Announce(long generation, IReadOnlyCollection<HostName> hosts) => _leases[(int)generation - 1].Hosts = hosts;

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

        if (commit.Guard is { } guard && !(Tasks.TryGetValue(guard.Parent, out var parent) && parent.Record.Seq == guard.Seq && !parent.Record.IsEnded))
        {
            return new CommitResult(CommitVerdict.ParentConflict);
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

    // The changes of one commit are judged one after the other, each with those before it.
    private CommitResult? QuotaVerdict(Commit commit)
    {
        var used = new Dictionary<ProjectId, QuotaUsage>();
        foreach (var change in commit.Quota)
        {
            var before = used.GetValueOrDefault(change.Project) ?? UsageOf(change.Project);
            if (Refusal(before, change) is { } detail)
            {
                return new CommitResult(CommitVerdict.QuotaExceeded, detail);
            }

            used[change.Project] = Plus(before, change);
        }

        return null;
    }

    private static string? Refusal(QuotaUsage used, QuotaChange change)
    {
        (string Name, int Asked, int Used, int Limit)[] resources =
        [
            ("instances", change.Instances, used.Instances, used.MaxInstances), ("cores", change.Cores, used.Cores, used.MaxCores), ("ram", change.RamMb, used.RamMb, used.MaxRamMb),
        ];
        var over = resources.Where(r => r.Asked > 0 && r.Limit >= 0 && r.Used + r.Asked > r.Limit).ToArray();
        return over.Length == 0
            ? null
            : $"Quota exceeded for {string.Join(", ", over.Select(r => r.Name))}: Requested {string.Join(", ", over.Select(r => r.Asked))}, but already used {string.Join(", ", over.Select(r => r.Used))} of {string.Join(", ", over.Select(r => r.Limit))} {string.Join(", ", over.Select(r => r.Name))}";
    }

    private static QuotaUsage Plus(QuotaUsage used, QuotaChange change) =>
        used with { Instances = used.Instances + change.Instances, Cores = used.Cores + change.Cores, RamMb = used.RamMb + change.RamMb };

    private CommitResult? ClaimVerdict(Commit commit, ClaimDraft draft)
    {
        foreach (var change in commit.Claims.Where(c => c.Take || Sabotage != Sabotage.ClaimsKept))
        {
            if (!draft.Try(change, Fits))
            {
                return new CommitResult(CommitVerdict.CapacityExceeded);
            }
        }

        return null;

        bool Fits(HostName name, Resources more) => Hosts.TryGetValue(name, out var host)
            && (Sabotage == Sabotage.CapacityIgnored || ClaimDraft.Fits(more, Taken(name) + draft.Change(name), host.Capacity));
    }

    private void Apply(Commit commit, ClaimDraft claims)
    {
        foreach (var write in commit.Tasks)
        {
            ApplyTask(write);
            Count(write.After);
        }

        if (commit.Instance is { } i)
        {
            Instances[i.After.Id] = i.After;
        }

        claims.Apply();
        foreach (var change in commit.Quota)
        {
            Quota[change.Project] = Plus(UsageOf(change.Project), change);
        }

        foreach (var image in commit.Images)
        {
            Images.Apply(image);
        }

        if (commit.Idempotency is { } k && Sabotage != Sabotage.KeysForgotten)
        {
            _keys[(k.Project, k.User, k.Key)] = (new StoredIdempotency(k.BodyHash, k.Answer), scheduler.Now);
        }

        foreach (var wake in commit.Wakes.Where(Tasks.ContainsKey))
        {
            Wake(Tasks[wake]);
        }
    }

    private void Count(TaskRecord after)
    {
        if (ChildCounting.Of(after) is not { } counted || !Tasks.TryGetValue(counted.Parent, out var parent))
        {
            return;
        }

        parent.Children = ChildCounting.Plus(parent.Children, counted.Change);
        if (after.IsEnded)
        {
            Wake(parent);
        }
    }

    private void Wake(StoredRow row)
    {
        row.Wakes++;
        row.DueAt = row.Record.IsEnded ? null : row.DueAt < scheduler.Now ? row.DueAt : scheduler.Now;
    }

    private void ApplyTask(TaskWrite write)
    {
        var after = write.After;
        var wasOpen = Tasks.TryGetValue(after.Id, out var row) && !row.Record.IsEnded;
        var now = scheduler.Now;
        TimeSpan? kept = row is null ? null : row.DueAt ?? now;
        row ??= Insert(after);
        row.DueAt = after.IsEnded ? null : row.Wakes > write.WakesRead ? now : (now + write.DueIn) ?? kept;
        row.Quarantine = null;
        AddEvents(row, after, write.Events);
        if (wasOpen && after.IsEnded)
        {
            _open[Shards.Of(after.Instance)].Remove(after.Id);
        }
        else if (!wasOpen && !after.IsEnded)
        {
            _open[Shards.Of(after.Instance)].Add(after.Id);
        }
    }

    private StoredRow Insert(TaskRecord task)
    {
        if (!TasksOf.TryGetValue(task.Instance, out var list))
        {
            TasksOf[task.Instance] = list = [];
        }

        list.Add(task.Id);
        return Tasks[task.Id] = new StoredRow { Record = task };
    }

    private void AddEvents(StoredRow row, TaskRecord after, IReadOnlyList<TaskEvent> events)
    {
        row.Record = after;
        _stream += Sabotage == Sabotage.StreamRepeats && _stream == 100 ? 0 : 1;
        row.Events.Add(new StoredEvents(after.Seq, _stream, Now, events));
        Stream.Add((_stream, after.Id, after.Seq));
    }

    private static void CheckSense(Commit commit)
    {
        if (commit.Tasks.GroupBy(t => t.After.Id).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"A commit ({commit.Name}) writes task {twice.Key} {twice.Count()} times.", nameof(commit));
        }

        if (commit.Tasks.FirstOrDefault(t => t.After.Seq < 1 || t.Events.Count == 0) is { } empty)
        {
            throw new ArgumentException($"A commit ({commit.Name}) writes task {empty.After.Id} as number {empty.After.Seq} with {empty.Events.Count} events.", nameof(commit));
        }

        if (commit.Guard is { } guard && !commit.Tasks.Any(t => t.After.Seq == 1 && t.After.Parent == guard.Parent))
        {
            throw new ArgumentException($"A commit ({commit.Name}) looks at parent {guard.Parent} and accepts no child of it.", nameof(commit));
        }

        if (commit.Instance is { } i && i.After.Version != i.ExpectedVersion + 1)
        {
            throw new ArgumentException($"A commit ({commit.Name}) takes an instance from version {i.ExpectedVersion} to {i.After.Version}.", nameof(commit));
        }
    }
}
