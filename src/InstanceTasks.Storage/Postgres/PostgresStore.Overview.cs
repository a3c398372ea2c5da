using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public Task<int> CountAttentionAsync(ProjectId? project, int most, CancellationToken cancellationToken = default) => ReadAsync(
        connection =>
        {
            var sql = OverviewSql.Attention(project);
            return connection.QuerySingleAsync<int>(new(OverviewSql.CountAttention(sql, most, PostgresDialect.Instance), sql.Parameters, cancellationToken: cancellationToken));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EndedTask>> ListEndedAsync(ProjectId? project, TimeSpan window, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
        {
            var sql = OverviewSql.Ended(project, await connection.QuerySingleAsync<long>(new("SELECT now FROM database_clock", cancellationToken: cancellationToken)) - UnixMicros.Of(window));
            return OverviewSql.ToEnded(await connection.QueryAsync<(string, long, long)>(new(OverviewSql.ListEnded(sql, limit, PostgresDialect.Instance), sql.Parameters, cancellationToken: cancellationToken)));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, string>> NameServersAsync(IReadOnlyCollection<InstanceId> servers, ProjectId? project, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => OverviewSql.ToNames(await connection.QueryAsync<(string, string)>(new(
            "SELECT id, name FROM instances WHERE id = ANY (@ids) AND (@project::text IS NULL OR project_id = @project)",
            new { ids = servers.Select(s => s.ToString()).ToArray(), project = project?.Value },
            cancellationToken: cancellationToken))),
        cancellationToken);
}
