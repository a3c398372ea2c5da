using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>The part of the journal that the API itself uses: tombstones and idempotency keys.</summary>
internal sealed class FakeJournal(FakeCloud cloud) : IJournal
{
    public ChildCounts? Counts { get; set; }

    private KeyValuePair<(ProjectId, UserId, string), StoredIdempotency>? _hidden;

    public Dictionary<(ProjectId, UserId, string), StoredIdempotency> Keys { get; } = [];

    public HashSet<TaskId> Tombstones { get; } = [];

    /// <summary>How many of the next refusals have an unknown outcome.</summary>
    public int UnknownRefusals { get; set; }

    public int Refusals { get; private set; }

    public int ClusterEpoch => 1;

    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        Refusals++;
        if (UnknownRefusals > 0)
        {
            UnknownRefusals--;
            throw new CommitOutcomeUnknownException("lost");
        }

        if (cloud.Tasks.ContainsKey(id))
        {
            return Task.FromResult(false);
        }

        Tombstones.Add(id);
        return Task.FromResult(true);
    }

    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) =>
        Task.FromResult(cloud.Tasks.TryGetValue(id, out var task) ? new StoredTask(task, 0, null, Children: Counts) : null);

    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default)
    {
        var stored = Keys.GetValueOrDefault((project, user, key));
        if (_hidden is { } hidden)
        {
            _hidden = null;
            Keys[hidden.Key] = hidden.Value;
        }

        return Task.FromResult(stored);
    }

    /// <summary>A row that comes right after the next look for it.</summary>
    public void HideKeyOnce((ProjectId, UserId, string) key, StoredIdempotency row) => _hidden = KeyValuePair.Create(key, row);

    /// <summary>Called before a key is recorded: throws to lose it, or records another's.</summary>
    public Action? BeforeKey { get; set; }

    /// <summary>The API itself commits nothing but keys.</summary>
    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        if (commit is not { Idempotency: { } claim, Tasks.Count: 0, Instance: null })
        {
            throw NotUsed();
        }

        BeforeKey?.Invoke();
        var (key, mine) = ((claim.Project, claim.User, claim.Key), new StoredIdempotency(claim.BodyHash, claim.Answer));
        if (!Keys.TryAdd(key, mine))
        {
            return Task.FromResult(new CommitResult(CommitVerdict.KeyExists, Stored: Keys[key]));
        }

        foreach (var secret in commit.Secrets)
        {
            cloud.Secrets[(secret.Owner, secret.Name)] = secret.Ciphertext;
        }

        return Task.FromResult(new CommitResult(CommitVerdict.Applied));
    }

    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => throw NotUsed();

    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => throw NotUsed();

    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => throw NotUsed();

    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => throw NotUsed();

    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => throw NotUsed();

    private static InvalidOperationException NotUsed() => new("the API must not use this part of the journal");
}
