namespace InstanceTasks.Engine;

/// <summary>
/// Forgets what has been over for long: deleted servers with all of their tasks, parents whose children are gone, and tombstones. Never what somebody may still need: a
/// task of a server that is there, that has not ended or is quarantined, that has a parent which has not ended or a child that is still kept, or that a repeated call would be answered with.
/// What is old is decided in database time, again at the very moment of the purge.
/// </summary>
public interface IRetention
{
    /// <summary>What was purged so far, and what follows from it.</summary>
    Task<RetentionState> ReadRetentionAsync(CancellationToken cancellationToken = default);

    /// <summary>How much could be purged now.</summary>
    /// <param name="keepFor">How long a server and its tasks are kept after the last of them has ended.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<RipeCounts> CountRipeAsync(TimeSpan keepFor, CancellationToken cancellationToken = default);

    /// <summary>Makes a run the only one that may purge, for a time, or for longer if it is that already.</summary>
    /// <param name="run">A new id for each run.</param>
    /// <param name="lease">For how long, in database time; a run that dies is in nobody's way after that.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<PurgeClaim> ClaimPurgeAsync(Guid run, TimeSpan lease, CancellationToken cancellationToken = default);

    /// <summary>The oldest of what could be purged now, whole: what it says is what <see cref="PurgeAsync"/> takes away.</summary>
    /// <param name="keepFor">As in <see cref="CountRipeAsync"/>.</param>
    /// <param name="limit">How many tasks. A server goes whole; one with more tasks goes in several parts, the newest first, so that no task is left whose predecessor is gone.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<PurgeBatch> ReadRipeAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// In one transaction: takes away what of the batch is still as it was read and may still go, and remembers how far the event stream has holes now. Null: the run has lost its claim, or
    /// everything is held; then nothing was done.
    /// </summary>
    /// <param name="run">The run that has the claim.</param>
    /// <param name="keepFor">As the batch was read with.</param>
    /// <param name="batch">What to take away.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<PurgeReport?> PurgeAsync(Guid run, TimeSpan keepFor, PurgeBatch batch, CancellationToken cancellationToken = default);

    /// <summary>The run has come to its end: others may begin, and the time is noted.</summary>
    Task EndPurgeAsync(Guid run, CancellationToken cancellationToken = default);
}

/// <summary>Whether a run may purge.</summary>
public enum PurgeClaim
{
    /// <summary>It may.</summary>
    Granted = 0,

    /// <summary>Another run does.</summary>
    Busy = 1,

    /// <summary>Nobody may: there is a hold on everything.</summary>
    Held = 2,
}

/// <summary>What purges have left behind.</summary>
/// <param name="StreamFrom">From this place on the event stream is complete; at and before it events are gone. 0: none is.</param>
/// <param name="UsageFrom">From this time on usage is complete: it is when the last of the purged servers was deleted. Null: none was purged.</param>
/// <param name="LastRunAt">When a run last came to its end, in database time.</param>
/// <param name="LastPurgeAt">When something was last purged, in database time.</param>
/// <param name="Tasks">How many tasks were purged, ever.</param>
/// <param name="Servers">How many servers were purged, ever.</param>
/// <param name="IsRunning">Whether a run has the claim.</param>
/// <param name="IsHeld">Whether there is a hold on everything.</param>
/// <param name="Now">Database time.</param>
public sealed record RetentionState(
    long StreamFrom, DateTimeOffset? UsageFrom, DateTimeOffset? LastRunAt, DateTimeOffset? LastPurgeAt, long Tasks, long Servers, bool IsRunning, bool IsHeld, DateTimeOffset Now);

/// <summary>What could be purged.</summary>
/// <param name="Servers">Deleted servers.</param>
/// <param name="Tasks">Tasks, theirs and such that have no server.</param>
public sealed record RipeCounts(int Servers, int Tasks);

/// <summary>What can be purged, as it was read.</summary>
/// <param name="Tasks">Tasks, with the sequence number of their last event.</param>
/// <param name="Servers">Servers, with their version.</param>
/// <param name="Lines">The same in words: one JSON object for each task, with its events, and for each server. No secrets: those are never read.</param>
/// <param name="IsFull">Whether there may be more.</param>
public sealed record PurgeBatch(IReadOnlyList<PurgedRow> Tasks, IReadOnlyList<PurgedRow> Servers, IReadOnlyList<string> Lines, bool IsFull)
{
    /// <summary>Whether there is nothing to do.</summary>
    public bool IsEmpty => Tasks.Count == 0 && Servers.Count == 0;
}

/// <summary>A row by which a purge knows that it is still as it was.</summary>
/// <param name="Id">The id.</param>
/// <param name="Version">What rises with every change.</param>
public sealed record PurgedRow(Guid Id, long Version);

/// <summary>What a purge took away.</summary>
/// <param name="Tasks">Tasks.</param>
/// <param name="Servers">Servers.</param>
/// <param name="Events">Rows of the event stream.</param>
public sealed record PurgeReport(int Tasks, int Servers, int Events);

/// <summary>Keeps what is about to be purged somewhere else.</summary>
public interface IArchive
{
    /// <summary>
    /// Returns when the batch is on disk under its name, and how many lines that were: none where nothing is kept. A batch may be written more than once: a process can die between this and the
    /// purge.
    /// </summary>
    Task<int> WriteAsync(PurgeBatch batch, CancellationToken cancellationToken = default);
}
