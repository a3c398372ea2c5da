using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task<int> CountAttentionAsync(ProjectId? project, int most, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            var sql = OverviewSql.Attention(project);
            return reader.Connection.QuerySingle<int>(OverviewSql.CountAttention(sql, most, SqliteDialect.Instance), sql.Parameters);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<EndedTask>> ListEndedAsync(ProjectId? project, TimeSpan window, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            var sql = OverviewSql.Ended(project, reader.Statements.Long("SELECT now FROM database_clock") - UnixMicros.Of(window));
            return OverviewSql.ToEnded(reader.Connection.Query<(string, long, long)>(OverviewSql.ListEnded(sql, limit, SqliteDialect.Instance), sql.Parameters));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, string>> NameServersAsync(IReadOnlyCollection<InstanceId> servers, ProjectId? project, CancellationToken cancellationToken = default) => ReadAsync(
        reader => OverviewSql.ToNames(reader.Connection.Query<(string, string)>(
            "SELECT id, name FROM instances WHERE id IN (SELECT value FROM json_each(@ids)) AND (@project IS NULL OR project_id = @project)",
            new { ids = EngineJson.Write(servers.Select(s => s.ToString()).ToList()), project = project?.Value })),
        cancellationToken);
}
