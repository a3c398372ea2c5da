using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    internal static readonly string FailuresSql = CountSql.Failures("CASE WHEN json_valid(body) THEN json_extract(body, '$.failure.kind') END");

    /// <inheritdoc/>
    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(
        reader => ReadViews(reader, $"{ListSql.View} WHERE i.id = @id", new { id = id.ToString() }).SingleOrDefault() switch
        {
            { Id: null } => null,
            { View: { } view } => view,
            _ => throw new InvalidOperationException($"Instance {id} cannot be read by this version."),
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default)
    {
        var sort = ListSort.OfServers(filter.Sort, SqliteDialect.Instance);
        var pattern = filter.NamePattern is { } text ? NamePattern.Parse(text, _time) : null;
        return ReadAsync<IReadOnlyList<ServerView>>(reader => reader.WithPattern(pattern, () => reader.InSnapshot(() => ListServers(reader, filter, sort))), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.Connection.QuerySingleOrDefault<TaskRow>(
            $"SELECT {TaskRow.Columns("t")} FROM tasks t WHERE t.id = @id AND t.state <> '{TaskRow.RefusedState}'", new { id = id.ToString() })?.ToShownRecord(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyList<TaskRecord>>(reader => reader.InSnapshot(() => ListTasks(reader, filter)), cancellationToken);

    /// <inheritdoc/>
    public Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default) =>
        _signals.WaitAsync(id, () => GetTaskAsync(id, cancellationToken), atMost, _time, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<HostView>>(
        reader =>
        {
            var hosts = new List<HostView>();
            using var row = reader.Statements.Query(
                "SELECT name, coalesce(aggregate_zone, zone), vcpus, memory_mb, disk_gb, taken_vcpus, taken_memory_mb, taken_disk_gb, disabled FROM hosts ORDER BY name");
            while (row.Read())
            {
                hosts.Add(new(
                    new(row.GetString(0)),
                    row.GetString(1),
                    new(row.GetInt32(2), row.GetInt32(3), row.GetInt32(4)),
                    new(row.GetInt32(5), row.GetInt32(6), row.GetInt32(7)),
                    row.IsDBNull(8) ? null : row.GetString(8)));
            }

            return hosts;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) =>
        ReadAsync(reader => QuotaRows.Read(reader.Statements, project.Value), cancellationToken);

    /// <inheritdoc/>
    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.InSnapshot(() =>
        {
            var since = reader.Statements.Long("SELECT now FROM database_clock") - UnixMicros.Of(window);
            return CountSql.ToCounts(
                reader.Connection.Query<(string, long)>(CountSql.Servers),
                reader.Connection.Query<(string, string, string?, long)>(CountSql.Open).AsList(),
                reader.Connection.Query<(string, string, long)>(CountSql.Ended, new { since }),
                reader.Connection.Query<(string, long)>(FailuresSql, new { since }));
        }),
        cancellationToken);

    /// <summary>Reads a sealed secret, as it was handed to the commit: open it with <see cref="Secrets"/>. Null when it is not there (any more).</summary>
    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.Statements.Scalar("SELECT ciphertext FROM secrets WHERE owner = @owner AND name = @name", ("@owner", owner.ToString()), ("@name", name)) as byte[],
        cancellationToken);

    private List<ServerView> ListServers(SqliteReader reader, ServerFilter filter, ListSort sort)
    {
        var marker = filter.Marker is { } id ? ReadMarker(reader, filter, sort, id) : null;
        var (sql, parameters) = ListSql.ServerPage(filter, sort, marker, SqliteDialect.Instance);
        var ids = reader.Connection.Query<string>(sql, parameters).AsList();
        var views = ReadViews(reader, $"{ListSql.View} WHERE i.id IN (SELECT value FROM json_each(@ids))", new { ids = EngineJson.Write(ids) }).Where(v => v.View is not null).ToDictionary(v => v.Id, v => v.View!);
        return [.. ids.Where(views.ContainsKey).Select(i => views[i])];
    }

    private static object?[] ReadMarker(SqliteReader reader, ServerFilter filter, ListSort sort, InstanceId marker)
    {
        var scope = ServerFilterSql.Scope(filter);
        scope.Equal("i.id", marker.ToString());
        return ReadMarker(reader, $"SELECT {sort.Values} FROM instances i LEFT JOIN tasks h ON h.id = i.holder WHERE {scope.Where}", scope, sort, $"{marker}");
    }

    private static object?[] ReadMarker(SqliteReader reader, TaskFilter filter, ListSort sort, TaskId marker)
    {
        var scope = TaskFilterSql.Scope(filter);
        scope.Equal("t.id", marker.ToString());
        return ReadMarker(reader, $"SELECT {sort.Values} FROM tasks t WHERE {scope.Where}", scope, sort, $"{marker}");
    }

    private static object?[] ReadMarker(SqliteReader reader, string sql, SqlFilter scope, ListSort sort, string marker)
    {
        using var row = reader.Connection.ExecuteReader(sql, scope.Parameters);
        if (!row.Read())
        {
            throw new MarkerNotFoundException($"marker [{marker}] not found");
        }

        var values = new object?[sort.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = row.IsDBNull(i) ? null : row.GetValue(i);
        }

        return values;
    }

    private IEnumerable<(string Id, ServerView? View)> ReadViews(SqliteReader reader, string sql, object parameters) =>
        reader.Connection.Query<ServerRow, TaskRow?, TaskRow?, (string, ServerView?)>(
            sql, (instance, holder, failed) => (instance.InstanceId, instance.ToView(holder, failed, e => LogUndecodableInstance(_logger, e, instance.InstanceId))), parameters, splitOn: "Id,Id");

    private static List<TaskRecord> ListTasks(SqliteReader reader, TaskFilter filter)
    {
        var sort = ListSort.OfTasks(filter.Sort);
        var marker = filter.Marker is { } id ? ReadMarker(reader, filter, sort, id) : null;
        var (sql, parameters) = ListSql.TaskPage(filter, sort, marker, SqliteDialect.Instance);
        return reader.Connection.Query<TaskRow>(sql, parameters).Select(row => row.ToShownRecord()).ToList();
    }
}
