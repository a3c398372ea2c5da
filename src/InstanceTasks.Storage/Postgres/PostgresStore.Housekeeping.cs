using Dapper;
using InstanceTasks.Engine;
using Npgsql;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    // One statement: all of it looks at one moment.
    private const string CleanUpSql =
        """
        WITH limits AS MATERIALIZED (SELECT now - @lifetime AS before FROM database_clock),
        gone_secrets AS (
            DELETE FROM secrets USING limits l WHERE created_at < l.before AND dies_with_instance = 0
                AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.id = secrets.owner AND (t.ended = 0 OR t.ended_at >= l.before))
                AND NOT EXISTS (SELECT 1 FROM instances i WHERE i.id = secrets.owner AND i.deleted = 0) RETURNING 1),
        gone_keys AS (DELETE FROM idempotency USING limits l WHERE created_at <= l.before RETURNING 1),
        gone_tokens AS (DELETE FROM revoked_tokens USING limits l WHERE expires_at <= l.before),
        gone_silos AS (
            DELETE FROM silos USING limits l WHERE lease_until < l.before
                AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.generation = silos.generation AND t.ended = 0) RETURNING 1)
        SELECT (SELECT count(*) FROM gone_secrets)::int, (SELECT count(*) FROM gone_keys)::int, (SELECT count(*) FROM gone_silos)::int
        """;

    /// <summary>
    /// Removes what is over: secrets of tasks that ended 24 hours ago, expired idempotency keys and tokens, and rows of silos that ended a day ago and own
    /// nothing. Safe to run at any time, as often as wanted, and by several silos at once.
    /// </summary>
    public async Task<HousekeepingReport> RunHousekeepingAsync(CancellationToken cancellationToken = default)
    {
        var (secrets, keys, silos) = await WriteAsync(
            connection => connection.QuerySingleAsync<(int, int, int)>(new(CleanUpSql, new { lifetime = UnixMicros.Of(IdempotencyRows.Lifetime) }, cancellationToken: cancellationToken)),
            cancellationToken);
        LogHousekeeping(_logger, secrets, keys, silos);
        return new(secrets, keys, silos);
    }

    /// <inheritdoc/>
    public Task SetLimitsAsync(ProjectId project, int maxInstances, int maxCores, int maxRamMb, CancellationToken cancellationToken = default) => RunAsync(
        """
        INSERT INTO quota (project_id, max_instances, max_cores, max_ram_mb) VALUES (@project, @maxInstances, @maxCores, @maxRamMb)
        ON CONFLICT (project_id) DO UPDATE SET max_instances = excluded.max_instances, max_cores = excluded.max_cores, max_ram_mb = excluded.max_ram_mb
        """,
        new { project = project.Value, maxInstances, maxCores, maxRamMb },
        cancellationToken);

    /// <summary>Tests only: runs anything on a connection of the pool.</summary>
    internal async Task<T> OnConnectionAsync<T>(Func<NpgsqlConnection, Task<T>> run)
    {
        await using var connection = await Open.Connections.OpenAsync(CancellationToken.None);
        return await run(connection);
    }

    /// <summary>Tests only: the lane.</summary>
    internal CommitLane Lane => Open.Lane;

    /// <summary>Tests only: how often a notification came, and how many tasks are waited for.</summary>
    internal (long Notified, int Waiting) Counters => (Open.Tail.Notified, _signals.Count);
}
