namespace InstanceTasks.Engine.Tests.Support;

/// <summary>What happens to one commit.</summary>
public enum Trouble
{
    None = 0,
    TaskConflict = 1,
    InstanceConflict = 2,
    UnknownButApplied = 3,
    UnknownNotApplied = 4,
}

/// <summary>A stored task row.</summary>
internal sealed class TaskRow
{
    public required string Body { get; set; }

    public required TaskRecord Record { get; set; }

    public List<StoredEvents> Rows { get; } = [];

    public long Wakes { get; set; }

    public DateTimeOffset? DueAt { get; set; }

    public ChildCounts Children { get; set; } = ChildCounts.None;

    public string? Undecodable { get; set; }

    public string? Quarantine { get; set; }
}

/// <summary>The journal as the port's comments say it must be, in memory; keeps the stored JSON, so that nothing is shared with the actors.</summary>
internal sealed class MemoryJournal(TimeProvider time, Func<long, bool> isOver) : IJournal
{
    private readonly Dictionary<(ProjectId, UserId, string), StoredIdempotency> _keys = [];
    private long _stream;

    public int ClusterEpoch { get; set; }

    public Dictionary<TaskId, TaskRow> Tasks { get; } = [];

    public Dictionary<InstanceId, InstanceRecord> Instances { get; } = [];

    public Dictionary<(InstanceId Instance, HostName Host), (TaskId Task, Resources Resources)> Claims { get; } = [];

    public Dictionary<HostName, HostView> Hosts { get; } = [];

    public Dictionary<ProjectId, QuotaUsage> Quota { get; } = [];

    public Dictionary<string, ImageRecord> Images { get; } = new(StringComparer.Ordinal);

    /// <summary>Applied commits, in order.</summary>
    public List<Commit> Commits { get; } = [];

    public List<SecretWrite> Secrets { get; } = [];

    /// <summary>How often a commit was asked for.</summary>
    public int Asked { get; private set; }

    /// <summary>What is to happen to the commit with this number (from 1).</summary>
    public Func<int, Commit, Trouble> Script { get; set; } = (_, _) => Trouble.None;

    /// <summary>How often the script did something.</summary>
    public int Troubles { get; private set; }

    /// <summary>Called before a commit is looked at: what a concurrent writer does in between.</summary>
    public Action<Commit>? Before { get; set; }

    /// <summary>Called after every applied commit.</summary>
    public Action<Commit>? After { get; set; }

    public IEnumerable<string> Names => Commits.Select(c => c.Name);

    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        Asked++;
        var trouble = Script(Asked, commit);
        Troubles += trouble == Trouble.None ? 0 : 1;
        Before?.Invoke(commit);
        switch (trouble)
        {
            case Trouble.TaskConflict:
                return Task.FromResult(new CommitResult(CommitVerdict.TaskConflict));
            case Trouble.InstanceConflict:
                return Task.FromResult(new CommitResult(commit.Instance is null ? CommitVerdict.TaskConflict : CommitVerdict.InstanceConflict));
            case Trouble.UnknownNotApplied:
                throw new CommitOutcomeUnknownException("injected: not applied");
            case Trouble.UnknownButApplied:
                Decide(commit);
                throw new CommitOutcomeUnknownException("injected: applied");
            default:
                return Task.FromResult(Decide(commit));
        }
    }

    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        if (!Tasks.TryGetValue(id, out var row))
        {
            return Task.FromResult<StoredTask?>(null);
        }

        return row.Undecodable is { } why
            ? throw new UndecodableTaskException(why)
            : Task.FromResult<StoredTask?>(new StoredTask(EngineJson.Read<TaskRecord>(row.Body), row.Wakes, row.DueAt - time.GetUtcNow(), row.Rows.Count > 0 ? time.GetUtcNow() - row.Rows[0].At : null, row.Children));
    }

    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) =>
        Task.FromResult(Instances.TryGetValue(id, out var instance) ? EngineJson.Read<InstanceRecord>(EngineJson.Write(instance)) : null);

    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<StoredEvents>>([.. Tasks[id].Rows]);

    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        if (Tasks.TryGetValue(id, out var row))
        {
            return Task.FromResult(row.Record.Outcome == TaskOutcome.Refused);
        }

        var refused = Some.Task(TaskKinds.Stop) with { Id = id, Run = TaskRun.Ended, Outcome = TaskOutcome.Refused, Turn = 0 };
        Tasks[id] = new TaskRow { Record = refused, Body = EngineJson.Write(refused) };
        return Task.FromResult(true);
    }

    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        Task.FromResult(_keys.GetValueOrDefault((project, user, key)));

    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var due = Pending(shard).Where(r => r.DueAt <= now || IsOwnerLost(r)).OrderBy(r => r.DueAt).Take(limit);
        return Task.FromResult<IReadOnlyList<DueTask>>([.. due.Select(r => new DueTask(r.Record.Id, IsOwnerLost(r)))]);
    }

    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) =>
        Task.FromResult(Pending(shard).Min(r => r.DueAt) - time.GetUtcNow());

    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default)
    {
        Tasks[id].Quarantine = reason;
        return Task.CompletedTask;
    }

    /// <summary>What claims take on a host.</summary>
    public Resources Taken(HostName host) => Taken(Claims, host);

    private static Resources Taken(Dictionary<(InstanceId Instance, HostName Host), (TaskId Task, Resources Resources)> claims, HostName host) =>
        claims.Where(c => c.Key.Host == host).Aggregate(default(Resources), (sum, c) => sum + c.Value.Resources);

    private IEnumerable<TaskRow> Pending(int shard) =>
        Tasks.Values.Where(r => !r.Record.IsEnded && r.Quarantine is null && Shards.Of(r.Record.Instance) == shard);

    private bool IsOwnerLost(TaskRow row) => row.Record.Generation > 0 && isOver(row.Record.Generation);

    private CommitResult Decide(Commit commit)
    {
        var verdict = FenceVerdict(commit) ?? KeyVerdict(commit) ?? QuotaVerdict(commit) ?? ClaimVerdict(commit);
        if (verdict is not null)
        {
            return verdict;
        }

        Apply(commit);
        Commits.Add(commit);
        After?.Invoke(commit);
        return new CommitResult(CommitVerdict.Applied);
    }

    private CommitResult? FenceVerdict(Commit commit)
    {
        // A store refuses such a commit whatever its verdict would be.
        Assert.Equal(commit.Tasks.Count, commit.Tasks.Select(t => t.After.Id).Distinct().Count());
        if (commit.Tasks.Any(t => (Tasks.TryGetValue(t.After.Id, out var row) ? row.Record.Seq : 0) != t.After.Seq - 1))
        {
            return new CommitResult(CommitVerdict.TaskConflict);
        }

        if (commit.Guard is { } guard && !(Tasks.TryGetValue(guard.Parent, out var parent) && parent.Record.Seq == guard.Seq && !parent.Record.IsEnded))
        {
            return new CommitResult(CommitVerdict.ParentConflict);
        }

        return commit.Instance is { } i && (Instances.TryGetValue(i.After.Id, out var stored) ? stored.Version : 0) != i.ExpectedVersion
            ? new CommitResult(CommitVerdict.InstanceConflict)
            : null;
    }

    private CommitResult? KeyVerdict(Commit commit) => commit.Idempotency is { } k && _keys.TryGetValue((k.Project, k.User, k.Key), out var stored)
        ? new CommitResult(CommitVerdict.KeyExists, Stored: stored)
        : null;

    private CommitResult? QuotaVerdict(Commit commit)
    {
        foreach (var q in commit.Quota)
        {
            if (QuotaRules.Refusal(Quota.GetValueOrDefault(q.Project) ?? new QuotaUsage(0, 0, 0), q) is { } refusal)
            {
                return new CommitResult(CommitVerdict.QuotaExceeded, refusal);
            }
        }

        return null;
    }

    // One change after the other, each with those before it.
    private CommitResult? ClaimVerdict(Commit commit)
    {
        var draft = new Dictionary<(InstanceId Instance, HostName Host), (TaskId Task, Resources Resources)>(Claims);
        foreach (var claim in commit.Claims)
        {
            ApplyClaim(draft, claim);
            if (claim.Take && !(Hosts.TryGetValue(claim.Host!.Value, out var host) && Taken(draft, host.Host).FitsInto(host.Capacity)))
            {
                return new CommitResult(CommitVerdict.CapacityExceeded);
            }
        }

        return null;
    }

    private void ApplyImage(ImageChange change)
    {
        var (id, image) = (change.Image.Id, change.Image);
        var mine = Images.TryGetValue(id, out var there) && there.Task == image.Task;
        switch (change.Kind)
        {
            case ImageChangeKind.Add:
                Images.TryAdd(id, image);
                break;
            case ImageChangeKind.Activate when mine:
                Images[id] = there! with { Active = true };
                break;
            case ImageChangeKind.Remove when mine:
                Images.Remove(id);
                break;
            case ImageChangeKind.RemoveShelved:
                Images.Where(i => i.Value is { Shelved: true, Active: true } && i.Value.Instance == image.Instance).ToList().ForEach(i => Images.Remove(i.Key));
                break;
        }
    }

    private void Apply(Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            ApplyTask(write);
            if (ChildCounting.Of(write.After) is { } counted && Tasks.TryGetValue(counted.Parent, out var parent))
            {
                parent.Children = ChildCounting.Plus(parent.Children, counted.Change);
                (parent.Wakes, parent.DueAt) = write.After.IsEnded ? (parent.Wakes + 1, parent.Record.IsEnded ? null : time.GetUtcNow()) : (parent.Wakes, parent.DueAt);
            }
        }

        if (commit.Instance is { } i)
        {
            Assert.Equal(i.ExpectedVersion + 1, i.After.Version);
            Instances[i.After.Id] = EngineJson.Read<InstanceRecord>(EngineJson.Write(i.After));
        }

        foreach (var claim in commit.Claims)
        {
            ApplyClaim(Claims, claim);
        }

        foreach (var image in commit.Images)
        {
            ApplyImage(image);
        }

        foreach (var q in commit.Quota)
        {
            var used = Quota.GetValueOrDefault(q.Project) ?? new QuotaUsage(0, 0, 0);
            Quota[q.Project] = used with { Instances = used.Instances + q.Instances, Cores = used.Cores + q.Cores, RamMb = used.RamMb + q.RamMb };
        }

        if (commit.Idempotency is { } k)
        {
            _keys[(k.Project, k.User, k.Key)] = new StoredIdempotency(k.BodyHash, k.Answer);
        }

        Secrets.AddRange(commit.Secrets);
        foreach (var wake in commit.Wakes)
        {
            Tasks[wake].Wakes++;
            Tasks[wake].DueAt = Tasks[wake].DueAt is { } due && due < time.GetUtcNow() ? due : time.GetUtcNow();
        }
    }

    private void ApplyTask(TaskWrite write)
    {
        var now = time.GetUtcNow();
        var body = EngineJson.Write(write.After);
        var stored = EngineJson.Read<TaskRecord>(body);
        if (!Tasks.TryGetValue(write.After.Id, out var row))
        {
            Tasks[write.After.Id] = row = new TaskRow { Record = stored, Body = body };
        }

        (row.Record, row.Body) = (stored, body);
        row.DueAt = write.After.IsEnded ? null : row.Wakes > write.WakesRead ? now : (now + write.DueIn) ?? row.DueAt ?? now;
        var events = EngineJson.Read<List<TaskEvent>>(EngineJson.Write<IReadOnlyList<TaskEvent>>(write.Events));
        row.Rows.Add(new StoredEvents(write.After.Seq, ++_stream, now, events));
    }

    private static void ApplyClaim(Dictionary<(InstanceId Instance, HostName Host), (TaskId Task, Resources Resources)> claims, ClaimChange claim)
    {
        if (claim.Take)
        {
            var key = (claim.Instance, claim.Host!.Value);
            claims[key] = claims.TryGetValue(key, out var mine) && mine.Task == claim.Task ? mine : (claim.Task, claim.Resources);
            return;
        }

        foreach (var gone in claims.Keys.Where(k => k.Instance == claim.Instance && (claim.Host is null || claim.Host == k.Host)).ToList())
        {
            claims.Remove(gone);
        }
    }
}
