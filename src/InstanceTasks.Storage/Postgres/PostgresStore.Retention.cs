using System.Data;
using Dapper;
using InstanceTasks.Engine;
using Npgsql;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    private static readonly string RipeServersSql = RetentionSql.Servers(PostgresDialect.Instance);
    private static readonly string RipeLooseSql = RetentionSql.Loose(PostgresDialect.Instance);
    private static readonly string CountRipeSql = RetentionSql.Count(PostgresDialect.Instance);
    private static readonly string TaskRowsSql = RetentionSql.TaskRows(PostgresDialect.Instance);
    private static readonly string EventRowsSql = RetentionSql.EventRows(PostgresDialect.Instance);
    private static readonly string ServerRowsSql = RetentionSql.ServerRows(PostgresDialect.Instance);

    // Every access is by key. A planner that takes the rules for joins of whole tables would make each batch as dear as all of them.
    private const string ByKeySql = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

    // One statement: all of it looks at one moment, and the claim's row is held until it is durable. Rows that somebody has locked stay for another time.
    private static readonly string PurgeSql =
        $"""
        WITH {RetentionSql.Terms(PostgresDialect.Instance)},
        mine AS MATERIALIZED ({RetentionSql.MineSql} FOR UPDATE),
        servers AS MATERIALIZED (
            SELECT i.id FROM unnest(@servers, @versions) AS w (id, version) JOIN instances i ON i.id = w.id AND i.version = w.version WHERE EXISTS (SELECT 1 FROM mine) AND {RetentionSql.ServerIsRipe}),
        gone AS MATERIALIZED (
            SELECT t.id FROM tasks t JOIN unnest(@tasks, @seqs) AS w (id, seq) ON w.id = t.id AND w.seq = t.seq
            WHERE EXISTS (SELECT 1 FROM mine) AND (t.instance_id IN (SELECT id FROM servers) OR ({RetentionSql.HasNoServer} AND {RetentionSql.TaskIsRipe}))
            FOR UPDATE OF t SKIP LOCKED),
        gone_events AS (DELETE FROM task_events e USING gone g WHERE e.task_id = g.id RETURNING e.stream_id),
        gone_tasks AS (DELETE FROM tasks t USING gone g WHERE t.id = g.id RETURNING 1),
        gone_servers AS (
            DELETE FROM instances i USING servers s WHERE i.id = s.id AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.instance_id = s.id AND t.id NOT IN (SELECT id FROM gone)) RETURNING i.id, i.deleted_at, {TurnOf} AS turn),
        turns AS (INSERT INTO purged_servers (id, turn) SELECT id, turn FROM gone_servers),
        gone_secrets AS (DELETE FROM secrets x USING (SELECT id FROM gone UNION ALL SELECT id FROM gone_servers) g WHERE x.owner = g.id),
        counts AS (SELECT (SELECT count(*) FROM gone_tasks)::int AS tasks, (SELECT count(*) FROM gone_servers)::int AS servers, (SELECT count(*) FROM gone_events)::int AS events)
        UPDATE retention r SET stream_from = greatest(r.stream_from, (SELECT max(stream_id) FROM gone_events)), usage_from = greatest(r.usage_from, (SELECT max(deleted_at) FROM gone_servers)),
            tasks = r.tasks + n.tasks, servers = r.servers + n.servers, last_purge_at = CASE WHEN n.tasks + n.servers > 0 THEN (SELECT now FROM c) ELSE r.last_purge_at END
        FROM counts n WHERE r.id = 1 AND EXISTS (SELECT 1 FROM mine) RETURNING n.tasks, n.servers, n.events
        """;

    /// <inheritdoc/>
    public async Task<RetentionState> ReadRetentionAsync(CancellationToken cancellationToken = default) =>
        (await ReadAsync(connection => connection.QuerySingleAsync<RetentionRow>(new(RetentionSql.StateSql, cancellationToken: cancellationToken)), cancellationToken)).ToState();

    /// <inheritdoc/>
    public Task<RipeCounts> CountRipeAsync(TimeSpan keepFor, CancellationToken cancellationToken = default) => ReadAsync(
        OpenForPurgeAsync,
        async connection =>
        {
            // It looks at all that is deleted, and is asked for by people, who wait. The connection ends with it.
            await connection.ExecuteAsync(new("SET statement_timeout = 0", cancellationToken: cancellationToken));
            var (servers, tasks) = await connection.QuerySingleAsync<(long, long)>(new(CountRipeSql, RetentionTerms(keepFor), commandTimeout: 0, cancellationToken: cancellationToken));
            return new RipeCounts((int)servers, (int)tasks);
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<PurgeClaim> ClaimPurgeAsync(Guid run, TimeSpan lease, CancellationToken cancellationToken = default) =>
        await RunAsync(RetentionSql.ClaimSql, new { run = run.ToString(), lease = UnixMicros.Of(lease) }, cancellationToken)
            ? PurgeClaim.Granted
            : (await ReadRetentionAsync(cancellationToken)).IsHeld ? PurgeClaim.Held : PurgeClaim.Busy;

    /// <inheritdoc/>
    public Task<PurgeBatch> ReadRipeAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        OpenForPurgeAsync,
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var terms = new { keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(IdempotencyRows.Lifetime), limit };
            var found = RipeBatch.OfServers((await connection.QueryAsync<RipeRow>(new(RipeServersSql, terms, cancellationToken: cancellationToken))).AsList(), limit);
            if (limit - found.Rows.Count is > 0 and var room)
            {
                found = found.With((await connection.QueryAsync<RipeRow>(new(RipeLooseSql, terms with { limit = room }, cancellationToken: cancellationToken))).AsList(), room);
            }

            return found.ToBatch(
                await RowsAsync(connection, TaskRowsSql, found.TaskIds, cancellationToken),
                await RowsAsync(connection, EventRowsSql, found.TaskIds, cancellationToken),
                await RowsAsync(connection, ServerRowsSql, found.ServerIds, cancellationToken));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<PurgeReport?> PurgeAsync(Guid run, TimeSpan keepFor, PurgeBatch batch, CancellationToken cancellationToken = default) => WriteAsync(
        OpenForPurgeAsync,
        async connection => (await connection.QueryAsync<(int Tasks, int Servers, int Events)>(new(
            PurgeSql,
            new
            {
                run = run.ToString(), keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(RetentionSql.KeysSinceRead),
                tasks = batch.Tasks.Select(t => t.Id.ToString()).ToArray(), seqs = batch.Tasks.Select(t => t.Version).ToArray(),
                servers = batch.Servers.Select(s => s.Id.ToString()).ToArray(), versions = batch.Servers.Select(s => s.Version).ToArray(),
            },
            cancellationToken: cancellationToken))).Select(n => new PurgeReport(n.Tasks, n.Servers, n.Events)).SingleOrDefault(),
        cancellationToken);

    /// <inheritdoc/>
    public Task EndPurgeAsync(Guid run, CancellationToken cancellationToken = default) => RunAsync(RetentionSql.EndSql, new { run = run.ToString() }, cancellationToken);

    // Not of the pool: it is in nobody's way, and its settings end with it.
    private async ValueTask<NpgsqlConnection> OpenForPurgeAsync(CancellationToken cancellationToken)
    {
        var connection = await Open.Connections.OpenSingleAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync(new(ByKeySql, cancellationToken: cancellationToken));
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private static object RetentionTerms(TimeSpan keepFor) => new { keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(IdempotencyRows.Lifetime) };

    private static async Task<IEnumerable<IDictionary<string, object?>>> RowsAsync(NpgsqlConnection connection, string sql, string[] ids, CancellationToken cancellationToken) =>
        (await connection.QueryAsync(new CommandDefinition(sql, new { ids }, cancellationToken: cancellationToken))).Cast<IDictionary<string, object?>>();
}
