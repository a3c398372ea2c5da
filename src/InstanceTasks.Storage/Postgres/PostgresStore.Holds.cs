using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<Hold>> ListHoldsAsync(bool withRemoved = false, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Hold>>(
        async connection => (await connection.QueryAsync<HoldRow>(new(HoldRow.ListSql(withRemoved), cancellationToken: cancellationToken))).Select(r => r.ToHold()).ToList(),
        cancellationToken);

    /// <inheritdoc/>
    public async Task<Hold> AddHoldAsync(Hold hold, CancellationToken cancellationToken = default)
    {
        var at = await WriteAsync(
            connection => connection.QuerySingleAsync<long>(new(
                HoldRow.InsertSql + " RETURNING created_at",
                HoldRow.Parameters(hold),
                cancellationToken: cancellationToken)),
            cancellationToken);
        return hold with { At = UnixMicros.ToTime(at) };
    }

    /// <inheritdoc/>
    public Task<bool> RemoveHoldAsync(Guid id, UserId by, CancellationToken cancellationToken = default) =>
        RunAsync(HoldRow.RemoveSql, new { by = by.Value, id = id.ToString() }, cancellationToken);
}
