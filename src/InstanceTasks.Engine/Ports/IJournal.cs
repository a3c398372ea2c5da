namespace InstanceTasks.Engine;

/// <summary>The durable store of tasks and instances: the only thing that correctness rests on.</summary>
public interface IJournal
{
    /// <summary>Raised by a restore; the first part of every stamp. Fixed while the process lives.</summary>
    int ClusterEpoch { get; }

    /// <summary>Commits, or says why not. Never retries by itself.</summary>
    /// <exception cref="CommitOutcomeUnknownException">It may have been applied, or still be.</exception>
    /// <exception cref="CommitFailedException">It was not applied and cannot be.</exception>
    Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default);

    /// <summary>Reads a task; null when there is none. Tombstones are returned (outcome Refused).</summary>
    /// <exception cref="UndecodableTaskException">The stored form cannot be read.</exception>
    Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default);

    /// <summary>Reads an instance; null when there is none. Deleted ones are returned.</summary>
    Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default);

    /// <summary>Reads a task's event rows in order.</summary>
    Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default);

    /// <summary>
    /// Writes a tombstone under the task's id unless the task exists (design §4.6). True: the tombstone is there, and an accept that is
    /// still under way will lose. False: the task exists.
    /// </summary>
    /// <exception cref="CommitOutcomeUnknownException">Repeat it.</exception>
    Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default);

    /// <summary>Reads an idempotency key that is younger than 24 hours; null when there is none.</summary>
    Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default);

    /// <summary>Tasks of a shard that have not ended and are due (whoever owns them), or whose owner's lease is over; those without an owner first, then oldest due first.</summary>
    Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default);

    /// <summary>How long, in database time, until the next task of the shard is due; null when nothing is pending.</summary>
    Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default);

    /// <summary>Marks a task that could not be decoded, so that the scan passes over it and the list shows it.</summary>
    Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default);
}

/// <summary>How tasks are spread over recovery shards.</summary>
public static class Shards
{
    /// <summary>The number of shards; fixed per schema version.</summary>
    public const int Count = 4;

    /// <summary>The shard of a task: by the instance, so that a shard's recovery sees all tasks of an instance.</summary>
    public static int Of(InstanceId instance) => (int)((uint)instance.Value.ToByteArray()[15] % Count);
}

/// <summary>A task as stored.</summary>
/// <param name="Record">The task.</param>
/// <param name="Wakes">The wake counter.</param>
/// <param name="DueIn">How long until it is due in database time; negative when it is overdue; null when it has ended.</param>
/// <param name="Age">How long ago it was accepted, in database time; null when the store cannot say.</param>
/// <param name="Children">How far its children are; null when it is no parent.</param>
public sealed record StoredTask(TaskRecord Record, long Wakes, TimeSpan? DueIn, TimeSpan? Age = null, ChildCounts? Children = null);

/// <summary>One event row.</summary>
/// <param name="Seq">Its number within the task, from 1.</param>
/// <param name="StreamId">Its place in the event stream: strictly increasing in commit order.</param>
/// <param name="At">Database time of the commit.</param>
/// <param name="Events">The events.</param>
public sealed record StoredEvents(long Seq, long StreamId, DateTimeOffset At, IReadOnlyList<TaskEvent> Events);

/// <summary>A task that recovery should look at.</summary>
/// <param name="Task">The task.</param>
/// <param name="OwnerLost">True when its owner's lease is over.</param>
public sealed record DueTask(TaskId Task, bool OwnerLost);

/// <summary>A task's stored form cannot be read by this version.</summary>
public sealed class UndecodableTaskException : Exception
{
    /// <summary>Creates the exception.</summary>
    public UndecodableTaskException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public UndecodableTaskException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public UndecodableTaskException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
