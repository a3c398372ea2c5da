using System.Data.Common;
using Dapper;
using InstanceTasks.Engine;
using Npgsql;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    // A regular expression is matched here: so many names are looked at in one read.
    internal int PatternPage { get; set; } = 5000;

    private static readonly string FailuresSql = CountSql.Failures("failure_kind_1(body)");

    /// <inheritdoc/>
    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => (await ReadViewsAsync(connection, new($"{ListSql.View} WHERE i.id = @id", new { id = id.ToString() }, cancellationToken: cancellationToken))).SingleOrDefault() switch
        {
            { Id: null } => null,
            { View: { } view } => view,
            _ => throw new InvalidOperationException($"Instance {id} cannot be read by this version."),
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default)
    {
        var sort = ListSort.OfServers(filter.Sort, PostgresDialect.Instance);
        var pattern = filter.NamePattern is { } text ? NamePattern.Parse(text, _time) : null;
        return ReadSnapshotAsync<IReadOnlyList<ServerView>>(
            async connection =>
            {
                var marker = filter.Marker is { } id ? await ReadMarkerAsync(connection, filter, sort, id, cancellationToken) : null;
                var ids = pattern is null || NameLiteral.Of(filter.NamePattern!) is not null
                    ? await ReadIdsAsync(connection, filter, sort, marker, cancellationToken)
                    : await ReadMatchingAsync(connection, filter with { NamePattern = null }, sort, marker, pattern, cancellationToken);
                var rows = await ReadViewsAsync(connection, new($"{ListSql.View} WHERE i.id = ANY(@ids)", new { ids }, cancellationToken: cancellationToken));
                var views = rows.Where(v => v.View is not null).ToDictionary(v => v.Id, v => v.View!, StringComparer.Ordinal);
                return [.. ids.Where(views.ContainsKey).Select(i => views[i])];
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
            var sort = ListSort.OfTasks(filter.Sort);
            var marker = filter.Marker is { } id ? await ReadMarkerAsync(connection, filter, sort, id, cancellationToken) : null;
            var (sql, parameters) = ListSql.TaskPage(filter, sort, marker, PostgresDialect.Instance);
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

    private static async Task<string[]> ReadIdsAsync(NpgsqlConnection connection, ServerFilter filter, ListSort sort, object?[]? marker, CancellationToken cancellationToken)
    {
        var (sql, parameters) = ListSql.ServerPage(filter, sort, marker, PostgresDialect.Instance);
        return [.. await connection.QueryAsync<string>(new(sql, parameters, cancellationToken: cancellationToken))];
    }

    // Names alone, page by page: whatever the pattern, no instance is decoded that it does not match.
    private async Task<string[]> ReadMatchingAsync(
        NpgsqlConnection connection, ServerFilter filter, ListSort sort, object?[]? marker, NamePattern pattern, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        for (var isEnd = false; !isEnd && found.Count < filter.Limit;)
        {
            var (sql, parameters) = ListSql.ServerPage(filter with { Limit = PatternPage }, sort, marker, PostgresDialect.Instance, $"i.id, i.name, {sort.Values}");
            await using var row = await connection.ExecuteReaderAsync(new(sql, parameters, cancellationToken: cancellationToken));
            var looked = 0;
            for (; found.Count < filter.Limit && await row.ReadAsync(cancellationToken); looked++)
            {
                if (pattern.IsMatch(row.GetString(1)))
                {
                    found.Add(row.GetString(0));
                }

                marker = await ValuesAsync(row, 2, sort, cancellationToken);
            }

            isEnd = looked < PatternPage;
        }

        return [.. found];
    }

    private static Task<object?[]> ReadMarkerAsync(NpgsqlConnection connection, ServerFilter filter, ListSort sort, InstanceId marker, CancellationToken cancellationToken)
    {
        var scope = ServerFilterSql.Scope(filter);
        scope.Equal("i.id", marker.ToString());
        return ReadMarkerAsync(connection, new($"SELECT {sort.Values} FROM instances i LEFT JOIN tasks h ON h.id = i.holder WHERE {scope.Where}", scope.Parameters, cancellationToken: cancellationToken), sort, $"{marker}");
    }

    private static Task<object?[]> ReadMarkerAsync(NpgsqlConnection connection, TaskFilter filter, ListSort sort, TaskId marker, CancellationToken cancellationToken)
    {
        var scope = TaskFilterSql.Scope(filter);
        scope.Equal("t.id", marker.ToString());
        return ReadMarkerAsync(connection, new($"SELECT {sort.Values} FROM tasks t WHERE {scope.Where}", scope.Parameters, cancellationToken: cancellationToken), sort, $"{marker}");
    }

    private static async Task<object?[]> ReadMarkerAsync(NpgsqlConnection connection, CommandDefinition command, ListSort sort, string marker)
    {
        await using var row = await connection.ExecuteReaderAsync(command);
        return await row.ReadAsync(command.CancellationToken)
            ? await ValuesAsync(row, 0, sort, command.CancellationToken)
            : throw new MarkerNotFoundException($"marker [{marker}] not found");
    }

    private static async Task<object?[]> ValuesAsync(DbDataReader row, int first, ListSort sort, CancellationToken cancellationToken)
    {
        var values = new object?[sort.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = await row.IsDBNullAsync(first + i, cancellationToken) ? null : row.GetValue(first + i);
        }

        return values;
    }

    private async Task<IEnumerable<(string Id, ServerView? View)>> ReadViewsAsync(NpgsqlConnection connection, CommandDefinition command) =>
        await connection.QueryAsync<ServerRow, TaskRow?, TaskRow?, (string, ServerView?)>(
            command,
            (instance, holder, failed) => (instance.InstanceId, instance.ToView(holder, failed, e => LogUndecodableInstance(_logger, e, instance.InstanceId))),
            splitOn: "Id,Id");
}
