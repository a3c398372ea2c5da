namespace InstanceTasks.Engine;

/// <summary>
/// The events of all tasks, in the order in which they were committed, over all processes (design §5). A place in the stream is the number of
/// a stored row. What has been read up to a place is complete: nothing is ever committed at or before a place that somebody has read.
/// </summary>
public interface IEventStream
{
    /// <summary>The place of the newest commit; 0 before the first.</summary>
    Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Whether a place is one of this stream: not one that it has yet to come to, and not one of an earlier cluster epoch that is gone with the part of the database that a
    /// restore has lost.
    /// </summary>
    Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default);

    /// <summary>The place from which on the stream is complete: of what was committed up to it, some was purged. 0: nothing was.</summary>
    Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default);

    /// <summary>What was committed behind a place, oldest first, one page.</summary>
    /// <exception cref="PlaceGoneException">Some of that was purged.</exception>
    Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default);

    /// <summary>The same of one task, of which everything or nothing was purged. The page ends at its own last row: nothing is said about other tasks.</summary>
    Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Completes when this process has committed something, or has noticed a commit of another. A hint that may come for nothing or be missed:
    /// whoever needs to know looks from time to time, too. To be asked for before reading.
    /// </summary>
    Task NextCommit();
}

/// <summary>A page of the stream. Tombstones never show.</summary>
/// <param name="Rows">The rows, in order.</param>
/// <param name="Last">The place up to which everything has been looked at; at or behind the last row.</param>
/// <param name="IsFull">Whether there may be more already.</param>
public sealed record EventPage(IReadOnlyList<StreamedEvents> Rows, long Last, bool IsFull);

/// <summary>The events of one commit of one task.</summary>
/// <param name="Subject">The task.</param>
/// <param name="Stored">The events. None: this release cannot read them.</param>
public sealed record StreamedEvents(EventSubject Subject, StoredEvents Stored);

/// <summary>What never changes of the task that events belong to.</summary>
/// <param name="Task">The task.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="PlanVersion">The version of its plan.</param>
/// <param name="Instance">Its instance; of a parent, none (all zeros).</param>
/// <param name="Project">The project that owns it.</param>
/// <param name="User">Who asked for it.</param>
/// <param name="Parent">Its parent, if it has one.</param>
public sealed record EventSubject(TaskId Task, TaskKind Kind, int PlanVersion, InstanceId Instance, ProjectId Project, UserId User, TaskId? Parent);

/// <summary>A place in the stream is older than what is kept: behind it events are gone.</summary>
public sealed class PlaceGoneException : Exception
{
    /// <summary>Creates the exception.</summary>
    public PlaceGoneException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public PlaceGoneException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public PlaceGoneException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>From where on nothing is gone.</summary>
    public long First { get; init; }

    /// <summary>What is said about a place.</summary>
    public static PlaceGoneException Of(long place, long first) => new($"Events behind {place} have been archived; the stream is complete from {first} on.") { First = first };
}
