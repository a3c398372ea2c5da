namespace InstanceTasks.Engine;

/// <summary>Passes every call on to another journal as it is: the base of what watches or disturbs one of them.</summary>
public abstract class ForwardingJournal : IJournal
{
    /// <summary>Puts it in front of <paramref name="inner"/>.</summary>
    protected ForwardingJournal(IJournal inner) => Inner = inner;

    /// <summary>Where calls go.</summary>
    public IJournal Inner { get; }

    /// <inheritdoc/>
    public int ClusterEpoch => Inner.ClusterEpoch;

    /// <inheritdoc/>
    public virtual Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default) => Inner.CommitAsync(commit, cancellationToken);

    /// <inheritdoc/>
    public virtual Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => Inner.RefuseAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => Inner.ReadTaskAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => Inner.ReadInstanceAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => Inner.ReadEventsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        Inner.ReadIdempotencyAsync(project, user, key, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => Inner.ReadDueAsync(shard, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => Inner.ReadNextDueAsync(shard, cancellationToken);

    /// <inheritdoc/>
    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => Inner.QuarantineAsync(id, reason, cancellationToken);
}
