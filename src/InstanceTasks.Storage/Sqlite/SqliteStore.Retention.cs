using System.Text.Json;
using Dapper;
using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    private const string GivenServers =
        $"""
        SELECT i.id FROM json_each(@servers) w JOIN instances i ON i.id = json_extract(w.value, '$[0]') AND i.version = json_extract(w.value, '$[1]')
        WHERE EXISTS (SELECT 1 FROM mine) AND {RetentionSql.ServerIsRipe}
        """;

    private static readonly string RipeServersSql = RetentionSql.Servers(SqliteDialect.Instance);
    private static readonly string RipeLooseSql = RetentionSql.Loose(SqliteDialect.Instance);
    private static readonly string CountRipeSql = RetentionSql.Count(SqliteDialect.Instance);
    private static readonly string TaskRowsSql = RetentionSql.TaskRows(SqliteDialect.Instance);
    private static readonly string EventRowsSql = RetentionSql.EventRows(SqliteDialect.Instance);
    private static readonly string ServerRowsSql = RetentionSql.ServerRows(SqliteDialect.Instance);

    private static readonly string GoneSql =
        $"""
        WITH {RetentionSql.Terms(SqliteDialect.Instance)}, mine AS MATERIALIZED ({RetentionSql.MineSql}), servers AS MATERIALIZED ({GivenServers})
        SELECT 'server' AS Kind, s.id AS Id FROM servers s
        UNION ALL
        SELECT 'task', t.id FROM json_each(@tasks) w JOIN tasks t ON t.id = json_extract(w.value, '$[0]') AND t.seq = json_extract(w.value, '$[1]')
        WHERE EXISTS (SELECT 1 FROM mine) AND (t.instance_id IN (SELECT id FROM servers) OR ({RetentionSql.HasNoServer} AND {RetentionSql.TaskIsRipe}))
        UNION ALL
        SELECT 'mine', '' FROM mine
        """;

    private static readonly string DeleteServersSql =
        $"DELETE FROM instances WHERE {SqliteDialect.Instance.IsOneOf("id", "@ids")} AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.instance_id = instances.id) RETURNING id, deleted_at, {TurnOf}";

    /// <inheritdoc/>
    public Task<RetentionState> ReadRetentionAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(reader => reader.Connection.QuerySingle<RetentionRow>(RetentionSql.StateSql).ToState(), cancellationToken);

    /// <inheritdoc/>
    public Task<RipeCounts> CountRipeAsync(TimeSpan keepFor, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            var (servers, tasks) = reader.Connection.QuerySingle<(long, long)>(CountRipeSql, RetentionTerms(keepFor));
            return new RipeCounts((int)servers, (int)tasks);
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<PurgeClaim> ClaimPurgeAsync(Guid run, TimeSpan lease, CancellationToken cancellationToken = default)
    {
        var granted = await WriteAsync(
            session => session.Statements.Run(RetentionSql.ClaimSql, ("@run", run.ToString()), ("@lease", UnixMicros.Of(lease))) == 1, cancellationToken);
        return granted ? PurgeClaim.Granted : (await ReadRetentionAsync(cancellationToken)).IsHeld ? PurgeClaim.Held : PurgeClaim.Busy;
    }

    /// <inheritdoc/>
    public Task<PurgeBatch> ReadRipeAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.InSnapshot(() =>
        {
            var terms = new { keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(IdempotencyRows.Lifetime), limit };
            var found = RipeBatch.OfServers(reader.Connection.Query<RipeRow>(RipeServersSql, terms).AsList(), limit);
            if (limit - found.Rows.Count is > 0 and var room)
            {
                found = found.With(reader.Connection.Query<RipeRow>(RipeLooseSql, terms with { limit = room }).AsList(), room);
            }

            return found.ToBatch(Rows(reader, TaskRowsSql, found.TaskIds), Rows(reader, EventRowsSql, found.TaskIds), Rows(reader, ServerRowsSql, found.ServerIds));
        }),
        cancellationToken);

    /// <inheritdoc/>
    public Task<PurgeReport?> PurgeAsync(Guid run, TimeSpan keepFor, PurgeBatch batch, CancellationToken cancellationToken = default) => WriteAsync(
        session =>
        {
            var given = new { run = run.ToString(), tasks = Json(batch.Tasks), servers = Json(batch.Servers), keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(RetentionSql.KeysSinceRead) };
            var gone = session.Connection.Query<(string Kind, string Id)>(GoneSql, given).ToLookup(r => r.Kind, r => r.Id, StringComparer.Ordinal);
            return gone.Contains("mine") ? Purge(session.Connection, [.. gone["task"]], [.. gone["server"]]) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task EndPurgeAsync(Guid run, CancellationToken cancellationToken = default) => WriteAsync(session => session.Statements.Run(RetentionSql.EndSql, ("@run", run.ToString())), cancellationToken);

    private static PurgeReport Purge(SqliteConnection connection, string[] tasks, string[] servers)
    {
        var ids = JsonSerializer.Serialize(tasks);
        var last = connection.QuerySingle<long?>($"SELECT max(stream_id) FROM task_events WHERE {SqliteDialect.Instance.IsOneOf("task_id", "@ids")}", new { ids });
        var events = connection.Execute($"DELETE FROM task_events WHERE {SqliteDialect.Instance.IsOneOf("task_id", "@ids")}", new { ids });
        var gone = connection.Execute($"DELETE FROM tasks WHERE {SqliteDialect.Instance.IsOneOf("id", "@ids")}", new { ids });
        // The last: a server goes when no task of it is left.
        var goneServers = connection.Query<(string Id, long? DeletedAt, long Turn)>(DeleteServersSql, new { ids = JsonSerializer.Serialize(servers) }).AsList();
        connection.Execute("INSERT INTO purged_servers (id, turn) VALUES (@Id, @Turn)", goneServers.Select(s => new { s.Id, s.Turn }));
        connection.Execute($"DELETE FROM secrets WHERE {SqliteDialect.Instance.IsOneOf("owner", "@ids")}", new { ids = JsonSerializer.Serialize(tasks.Concat(goneServers.Select(s => s.Id))) });
        connection.Execute(
            """
            UPDATE retention SET stream_from = max(stream_from, coalesce(@last, 0)), usage_from = max(coalesce(usage_from, @deleted), coalesce(@deleted, usage_from)), tasks = tasks + @gone,
                servers = servers + @servers, last_purge_at = CASE WHEN @gone + @servers > 0 THEN (SELECT now FROM database_clock) ELSE last_purge_at END WHERE id = 1
            """,
            new { last, deleted = goneServers.Max(s => s.DeletedAt), gone, servers = goneServers.Count });
        return new(gone, goneServers.Count, events);
    }

    private static object RetentionTerms(TimeSpan keepFor) => new { keep = UnixMicros.Of(keepFor), lifetime = UnixMicros.Of(IdempotencyRows.Lifetime) };

    private static string Json(IEnumerable<PurgedRow> rows) => JsonSerializer.Serialize(rows.Select(r => new object[] { r.Id.ToString(), r.Version }));

    private static IEnumerable<IDictionary<string, object?>> Rows(SqliteReader reader, string sql, string[] ids) =>
        reader.Connection.Query(sql, new { ids = JsonSerializer.Serialize(ids) }).Cast<IDictionary<string, object?>>().ToList();
}
