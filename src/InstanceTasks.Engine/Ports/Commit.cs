namespace InstanceTasks.Engine;

/// <summary>
/// One atomic unit composed by one actor (design §4.1): all of it is applied, or none. Applied means durable.
/// </summary>
public sealed record Commit
{
    /// <summary>What the commit is for: <c>accept</c>, <c>claim</c>, <c>step</c>, <c>settle</c>, <c>command</c>, … . For metrics, logs and failpoints.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of the task that the commit is mainly about.</summary>
    public required TaskKind Kind { get; init; }

    /// <summary>Tasks written, at most one entry per task.</summary>
    public IReadOnlyList<TaskWrite> Tasks { get; init; } = [];

    /// <summary>The instance written, if any.</summary>
    public InstanceWrite? Instance { get; init; }

    /// <summary>Capacity taken and released.</summary>
    public IReadOnlyList<ClaimChange> Claims { get; init; } = [];

    /// <summary>Quota used and given back.</summary>
    public IReadOnlyList<QuotaChange> Quota { get; init; } = [];

    /// <summary>The idempotency key to record.</summary>
    public IdempotencyClaim? Idempotency { get; init; }

    /// <summary>Other tasks to wake: <c>wakes + 1</c> and due now, without a version (design §4.1).</summary>
    public IReadOnlyList<TaskId> Wakes { get; init; } = [];

    /// <summary>
    /// The parent that nothing may have happened to since a child was asked for. A child's commits count it at its parent by themselves:
    /// the first as started, the last by its outcome, which also wakes the parent.
    /// </summary>
    public ParentGuard? Guard { get; init; }

    /// <summary>Encrypted values to store beside a task.</summary>
    public IReadOnlyList<SecretWrite> Secrets { get; init; } = [];

    /// <summary>The rows of the catalogue of images that change with <see cref="Tasks"/>.</summary>
    public IReadOnlyList<ImageChange> Images => ImageRules.Of(Tasks);
}

/// <summary>A task's events and the task they lead to.</summary>
/// <param name="After">The task after <paramref name="Events"/>; <see cref="TaskRecord.Seq"/> is the number of the event row to insert, and 1 inserts the task.</param>
/// <param name="Events">What happened; stored as one row with primary key (task, seq): the fence of the task.</param>
/// <param name="DueIn">Recovery looks at the task after this long in database time; null: as it was said before, and never once it has ended.</param>
/// <param name="WakesRead">The wake counter that the actor had read: if the row's is higher, the task is due at once.</param>
public sealed record TaskWrite(TaskRecord After, IReadOnlyList<TaskEvent> Events, TimeSpan? DueIn, long WakesRead);

/// <summary>A parent's row as it must be still.</summary>
/// <param name="Parent">The parent, which must not have ended.</param>
/// <param name="Seq">Its sequence number.</param>
public sealed record ParentGuard(TaskId Parent, long Seq);

/// <summary>An instance row by compare-and-set. <see cref="InstanceRecord.Version"/> of <paramref name="After"/> is <paramref name="ExpectedVersion"/> + 1.</summary>
/// <param name="After">The instance afterwards.</param>
/// <param name="ExpectedVersion">The version read; 0 inserts the row.</param>
public sealed record InstanceWrite(InstanceRecord After, long ExpectedVersion);

/// <summary>
/// A claim row (host, instance, task) and the host's free capacity, changed together. Taking a claim that the same task already has for
/// the same instance and host changes nothing; releasing one that is not there changes nothing.
/// </summary>
/// <param name="Instance">The instance.</param>
/// <param name="Task">The task that takes it; ignored for a release, which releases every claim of the instance on the host.</param>
/// <param name="Host">The host; null with a release means: on every host.</param>
/// <param name="Resources">What is taken; ignored for a release.</param>
/// <param name="Take">Take, or release.</param>
public sealed record ClaimChange(InstanceId Instance, TaskId Task, HostName? Host, Resources Resources, bool Take);

/// <summary>A change of a project's usage: conditional on the limits when it adds. Negative values give back. Usage rows are made on demand.</summary>
/// <param name="Project">The project.</param>
/// <param name="Instances">Servers.</param>
/// <param name="Cores">vCPUs.</param>
/// <param name="RamMb">MiB.</param>
public sealed record QuotaChange(ProjectId Project, int Instances, int Cores, int RamMb);

/// <summary>An encrypted value kept beside a task or an instance.</summary>
/// <param name="Owner">The task or instance id.</param>
/// <param name="Name">The name.</param>
/// <param name="Ciphertext">Encrypted by the storage's secret box.</param>
/// <param name="DiesWithInstance">True: erased when the instance is deleted; false: erased when the task has ended and 24 hours have passed.</param>
public sealed record SecretWrite(Guid Owner, string Name, byte[] Ciphertext, bool DiesWithInstance);

/// <summary>The verdict on a commit. Anything but <see cref="Applied"/> means that nothing of it was written.</summary>
public enum CommitVerdict
{
    /// <summary>Durable.</summary>
    Applied = 0,

    /// <summary>A task's (id, seq) exists already: somebody else committed first, or this very commit was applied before.</summary>
    TaskConflict = 1,

    /// <summary>The instance's version is another.</summary>
    InstanceConflict = 2,

    /// <summary>The host has not enough room, or is not known.</summary>
    CapacityExceeded = 3,

    /// <summary>The project's quota would be exceeded.</summary>
    QuotaExceeded = 4,

    /// <summary>The idempotency key exists.</summary>
    KeyExists = 5,

    /// <summary>The parent has moved on: its sequence number is another, or it has ended.</summary>
    ParentConflict = 6,
}

/// <summary>The result of a commit.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Detail">For quota: the text of Nova's message, <c>Quota exceeded for instances: Requested 1, but already used 10 of 10 instances</c>.</param>
/// <param name="Stored">For an existing idempotency key: what is stored.</param>
public sealed record CommitResult(CommitVerdict Verdict, string? Detail = null, StoredIdempotency? Stored = null)
{
    /// <summary>Whether it is durable.</summary>
    public bool Applied => Verdict == CommitVerdict.Applied;
}

/// <summary>A recorded idempotency key.</summary>
/// <param name="BodyHash">Hash of the request it was first used with.</param>
/// <param name="Answer">The answer.</param>
public sealed record StoredIdempotency(byte[] BodyHash, StoredAnswer Answer);

/// <summary>Whether the commit was applied is not known (a lost connection, a time-out). The activation must be dropped and the rows re-read.</summary>
public sealed class CommitOutcomeUnknownException : Exception
{
    /// <summary>Creates the exception.</summary>
    public CommitOutcomeUnknownException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public CommitOutcomeUnknownException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public CommitOutcomeUnknownException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The commit was definitely not applied: it holds something that cannot be stored, or the store could not take it.</summary>
public sealed class CommitFailedException : Exception
{
    /// <summary>True when the store could not take it now (full, busy, closed): the same commit may succeed later. False: the commit itself is at fault.</summary>
    public bool StoreUnavailable { get; init; }

    /// <summary>Creates the exception.</summary>
    public CommitFailedException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public CommitFailedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public CommitFailedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The store cannot be read now: it is away, or gives no answer. The same question may be answered later.</summary>
public sealed class StoreUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    public StoreUnavailableException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public StoreUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public StoreUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
