using System.Text.RegularExpressions;
using Dapper;
using InstanceTasks.Engine;
using Npgsql;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    // A name pattern is matched here: so many servers are looked at in one read.
    private const int PatternPage = 1000;

    private static readonly string FailuresSql = CountSql.Failures("failure_kind_1(body)");

    /// <inheritdoc/>
    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => (await ReadViewsAsync(connection, $"{ListSql.View} WHERE i.id = @id", new { id = id.ToString() })).SingleOrDefault() switch
        {
            { Id: null } => null,
            { View: { } view } => view,
            _ => throw new InvalidOperationException($"Instance {id} cannot be read by this version."),
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default)
    {
        var sort = new ServerSort(filter.Sort, PostgresDialect.Instance);
        var pattern = filter.NamePattern is { } text ? NamePattern.Parse(text, _time) : null;
        return ReadSnapshotAsync<IReadOnlyList<ServerView>>(
            async connection =>
            {
                var marker = filter.Marker is { } id ? await ReadMarkerAsync(connection, filter, sort, id) : null;
                return pattern is null
                    ? (await ReadPageAsync(connection, filter, sort, marker)).Views
                    : await ReadMatchingAsync(connection, filter with { NamePattern = null }, sort, marker, pattern);
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) =>
        (await _tasksById.ReadAsync(id.ToString(), cancellationToken))?.ToShownRecord();

    private Task<IReadOnlyDictionary<string, TaskRow>> ReadTasksAsync(string[] ids) => ReadAsync<IReadOnlyDictionary<string, TaskRow>>(
        async connection => (await connection.QueryAsync<TaskRow>(
            $"SELECT {TaskRow.Columns("t")} FROM tasks t WHERE t.id = ANY (@ids) AND t.state <> '{TaskRow.RefusedState}'", new { ids })).ToDictionary(row => row.Id),
        CancellationToken.None);

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default) => ReadSnapshotAsync<IReadOnlyList<TaskRecord>>(
        async connection =>
        {
            long? createdAt = filter.Marker is { } marker ? await ReadMarkerAsync(connection, filter, marker) : null;
            var (sql, parameters) = ListSql.TaskPage(filter, createdAt);
            return (await connection.QueryAsync<TaskRow>(new(sql, parameters, cancellationToken: cancellationToken))).Select(row => row.ToShownRecord()).ToList();
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default) =>
        _signals.WaitAsync(id, () => GetTaskAsync(id, cancellationToken), atMost, _time, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<HostView>>(
        async connection =>
        {
            var hosts = new List<HostView>();
            await using var command = new NpgsqlCommand(
                "SELECT name, coalesce(aggregate_zone, zone), vcpus, memory_mb, disk_gb, taken_vcpus, taken_memory_mb, taken_disk_gb, disabled FROM hosts ORDER BY name", connection);
            await using var row = await command.ExecuteReaderAsync(cancellationToken);
            while (await row.ReadAsync(cancellationToken))
            {
                hosts.Add(new(
                    new(row.GetString(0)),
                    row.GetString(1),
                    new(row.GetInt32(2), row.GetInt32(3), row.GetInt32(4)),
                    new(row.GetInt32(5), row.GetInt32(6), row.GetInt32(7)),
                    await row.IsDBNullAsync(8, cancellationToken) ? null : row.GetString(8)));
            }

            return hosts;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => await connection.QuerySingleOrDefaultAsync<QuotaUsage>(new(
            """
            SELECT instances AS Instances, cores AS Cores, ram_mb AS RamMb, max_instances AS MaxInstances, max_cores AS MaxCores, max_ram_mb AS MaxRamMb
            FROM quota WHERE project_id = @project
            """,
            new { project = project.Value },
            cancellationToken: cancellationToken)) ?? new(0, 0, 0),
        cancellationToken);

    /// <inheritdoc/>
    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => ReadSnapshotAsync(
        async connection =>
        {
            // As a parameter: with a value that it knows, the planner sees how few rows are that young.
            var since = await connection.QuerySingleAsync<long>("SELECT now FROM database_clock") - UnixMicros.Of(window);
            return CountSql.ToCounts(
                await connection.QueryAsync<(string, long)>(CountSql.Servers),
                (await connection.QueryAsync<(string, string, string?, long)>(CountSql.Open)).AsList(),
                await connection.QueryAsync<(string, string, long)>(CountSql.Ended, new { since }),
                await connection.QueryAsync<(string, long)>(FailuresSql, new { since }));
        },
        cancellationToken);

    /// <summary>Reads a sealed secret, as it was handed to the commit: open it with <see cref="Secrets"/>. Null when it is not there (any more).</summary>
    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) => ReadAsync(
        connection => connection.QuerySingleOrDefaultAsync<byte[]?>(new(
            "SELECT ciphertext FROM secrets WHERE owner = @owner AND name = @name", new { owner = owner.ToString(), name }, cancellationToken: cancellationToken)),
        cancellationToken);

    private async Task<List<ServerView>> ReadMatchingAsync(NpgsqlConnection connection, ServerFilter filter, ServerSort sort, object?[]? marker, NamePattern pattern)
    {
        var found = new List<ServerView>();
        while (found.Count < filter.Limit)
        {
            var (views, last, isEnd) = await ReadPageAsync(connection, filter with { Limit = PatternPage }, sort, marker);
            found.AddRange(views.Where(view => IsMatch(pattern, view.Instance.Name)));
            if (isEnd)
            {
                break;
            }

            marker = await ReadMarkerAsync(connection, filter, sort, last);
        }

        return found.Count <= filter.Limit ? found : found[..filter.Limit];
    }

    private static bool IsMatch(NamePattern pattern, string name)
    {
        try
        {
            return pattern.IsMatch(name);
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new ArgumentException("The name pattern takes too long; use a simpler one.", nameof(pattern), e);
        }
    }

    private async Task<(List<ServerView> Views, InstanceId Last, bool IsEnd)> ReadPageAsync(NpgsqlConnection connection, ServerFilter filter, ServerSort sort, object?[]? marker)
    {
        var (sql, parameters) = ListSql.ServerPage(filter, sort, marker, PostgresDialect.Instance);
        var ids = (await connection.QueryAsync<string>(sql, parameters)).ToArray();
        var rows = await ReadViewsAsync(connection, $"{ListSql.View} WHERE i.id = ANY(@ids)", new { ids });
        var views = rows.Where(v => v.View is not null).ToDictionary(v => v.Id, v => v.View!, StringComparer.Ordinal);
        return ([.. ids.Where(views.ContainsKey).Select(i => views[i])], ids.Length == 0 ? default : new InstanceId(Guid.Parse(ids[^1])), ids.Length < filter.Limit);
    }

    private static async Task<object?[]> ReadMarkerAsync(NpgsqlConnection connection, ServerFilter filter, ServerSort sort, InstanceId marker)
    {
        var scope = ServerFilterSql.Scope(filter);
        scope.Equal("i.id", marker.ToString());
        await using var row = await connection.ExecuteReaderAsync($"SELECT {sort.Values} FROM instances i LEFT JOIN tasks h ON h.id = i.holder WHERE {scope.Where}", scope.Parameters);
        if (!await row.ReadAsync())
        {
            throw new MarkerNotFoundException($"marker [{marker}] not found");
        }

        var values = new object?[sort.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = await row.IsDBNullAsync(i) ? null : row.GetValue(i);
        }

        return values;
    }

    private static async Task<long> ReadMarkerAsync(NpgsqlConnection connection, TaskFilter filter, TaskId marker)
    {
        var scope = TaskFilterSql.Scope(filter);
        scope.Equal("t.id", marker.ToString());
        return await connection.QuerySingleOrDefaultAsync<long?>($"SELECT t.created_at FROM tasks t WHERE {scope.Where}", scope.Parameters)
            ?? throw new MarkerNotFoundException($"marker [{marker}] not found");
    }

    private async Task<IEnumerable<(string Id, ServerView? View)>> ReadViewsAsync(NpgsqlConnection connection, string sql, object parameters) =>
        await connection.QueryAsync<ServerRow, TaskRow?, TaskRow?, (string, ServerView?)>(
            sql,
            (instance, holder, failed) => (instance.InstanceId, instance.ToView(holder, failed, e => LogUndecodableInstance(_logger, e, instance.InstanceId))),
            parameters,
            splitOn: "Id,Id");
}
