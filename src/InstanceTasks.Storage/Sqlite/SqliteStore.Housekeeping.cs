using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <summary>
    /// Removes what is over: secrets of tasks that ended 24 hours ago, expired idempotency keys and tokens, and rows of silos that ended a day ago and own
    /// nothing. Safe to run at any time and as often as wanted; the silo calls it by a timer.
    /// </summary>
    public async Task<HousekeepingReport> RunHousekeepingAsync(CancellationToken cancellationToken = default)
    {
        var report = await WriteAsync(CleanUp, cancellationToken);
        LogHousekeeping(_logger, report.Secrets, report.IdempotencyKeys, report.Silos);
        return report;
    }

    /// <inheritdoc/>
    public Task SetLimitsAsync(ProjectId project, int maxInstances, int maxCores, int maxRamMb, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            """
            INSERT INTO quota (project_id, max_instances, max_cores, max_ram_mb) VALUES (@project, @instances, @cores, @ram)
            ON CONFLICT (project_id) DO UPDATE SET max_instances = excluded.max_instances, max_cores = excluded.max_cores, max_ram_mb = excluded.max_ram_mb
            """,
            ("@project", project.Value), ("@instances", maxInstances), ("@cores", maxCores), ("@ram", maxRamMb)),
        cancellationToken);

    /// <summary>Tests only: runs anything in a transaction of the writer.</summary>
    internal Task<T> OnWriterAsync<T>(Func<SqliteConnection, T> run) => WriteAsync(session => run(session.Connection), CancellationToken.None);

    /// <summary>Tests only: runs anything on a reading connection.</summary>
    internal Task<T> OnReaderAsync<T>(Func<SqliteConnection, T> run) => ReadAsync(reader => run(reader.Connection), CancellationToken.None);

    /// <summary>Tests only: see <see cref="SqliteWriter.BeforeCommit"/>.</summary>
    internal void BeforeCommit(Action? action) => Writer.BeforeCommit = action;

    /// <summary>Tests only: how many transactions were committed, and how many tasks are waited for.</summary>
    internal (long Transactions, int Waiting) Counters => (Writer.Transactions, _signals.Count);

    private static HousekeepingReport CleanUp(WriterSession session)
    {
        var dayAgo = session.Now - UnixMicros.Of(IdempotencyRows.Lifetime);
        // An owner that is neither a task nor a living instance cannot ask for its secret any more.
        var secrets = session.Statements.Run(
            """
            DELETE FROM secrets WHERE created_at < @before AND dies_with_instance = 0
                AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = secrets.owner AND (t.ended = 0 OR t.ended_at >= @before))
                AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.id = secrets.owner AND i.deleted = 0)
            """,
            ("@before", dayAgo));
        var keys = session.Statements.Run("DELETE FROM idempotency WHERE created_at <= @before", ("@before", dayAgo));
        var silos = session.Statements.Run(
            """
            DELETE FROM silos WHERE lease_until < @before AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.generation = silos.generation AND t.ended = 0)
            """,
            ("@before", dayAgo));
        session.Statements.Run("DELETE FROM revoked_tokens WHERE expires_at <= @before", ("@before", dayAgo));
        return new(secrets, keys, silos);
    }
}

/// <summary>What housekeeping removed.</summary>
/// <param name="Secrets">Secrets of tasks that ended long ago.</param>
/// <param name="IdempotencyKeys">Expired keys.</param>
/// <param name="Silos">Rows of ended silos.</param>
public sealed record HousekeepingReport(int Secrets, int IdempotencyKeys, int Silos);
