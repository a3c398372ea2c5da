using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<Hold>> ListHoldsAsync(bool withRemoved = false, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Hold>>(
        reader => reader.Connection.Query<HoldRow>(HoldRow.ListSql(withRemoved)).Select(r => r.ToHold()).ToList(), cancellationToken);

    /// <inheritdoc/>
    public async Task<Hold> AddHoldAsync(Hold hold, CancellationToken cancellationToken = default)
    {
        var at = await WriteAsync(
            session =>
            {
                InsertHold(session, hold);
                return session.Statements.Long("SELECT created_at FROM holds WHERE id = @id", ("@id", hold.Id.ToString()));
            },
            cancellationToken);
        return hold with { At = UnixMicros.ToTime(at) };
    }

    private static void InsertHold(WriterSession session, Hold hold) => session.Statements.Run(
        HoldRow.InsertSql,
        ("@id", hold.Id.ToString()), ("@host", hold.Host?.Value), ("@project", hold.Project?.Value), ("@kind", hold.Kind?.Name), ("@reason", hold.Reason), ("@by", hold.By.Value));

    /// <inheritdoc/>
    public Task<bool> RemoveHoldAsync(Guid id, UserId by, CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.Statements.Run(HoldRow.RemoveSql, ("@by", by.Value), ("@id", id.ToString())) == 1, cancellationToken);
}
