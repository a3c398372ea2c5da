namespace InstanceTasks.Engine;

/// <summary>Measures how commits get on.</summary>
public sealed class MeasuredJournal(IJournal inner, CommitLoad load) : IJournal
{
    /// <summary>What it measures.</summary>
    public IJournal Inner => inner;

    /// <inheritdoc/>
    public int ClusterEpoch => inner.ClusterEpoch;

    /// <inheritdoc/>
    public async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        var entered = load.Enter();
        try
        {
            return await inner.CommitAsync(commit, cancellationToken);
        }
        finally
        {
            load.Leave(entered);
        }
    }

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadTaskAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => inner.ReadInstanceAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadEventsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => inner.RefuseAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        inner.ReadIdempotencyAsync(project, user, key, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => inner.ReadDueAsync(shard, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => inner.ReadNextDueAsync(shard, cancellationToken);

    /// <inheritdoc/>
    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => inner.QuarantineAsync(id, reason, cancellationToken);
}
