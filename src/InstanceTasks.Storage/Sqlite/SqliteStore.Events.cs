using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    private const string LastPlaceSql = "SELECT last_id FROM stream_counter";

    private readonly CommitBell _bell = new();

    /// <inheritdoc/>
    public Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default) => ReadAsync(reader => reader.Statements.Long(LastPlaceSql), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default) =>
        ReadAsync(reader => reader.Connection.QuerySingle<bool>(StreamPlaces.HasComeToSql, StreamPlaces.Parameters(place)), cancellationToken);

    /// <inheritdoc/>
    public Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default) => ReadAsync(reader => reader.Statements.Long(StreamPlaces.CompleteFromSql), cancellationToken);

    /// <inheritdoc/>
    public Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            // In this order: what the counter says is in what is read next.
            var committed = Math.Max(after, reader.Statements.Long(LastPlaceSql));
            var rows = reader.Connection.Query<EventRow>(EventRow.OfAll(SqliteDialect.Instance), new { after, limit }).AsList();
            StreamPlaces.CheckIsComplete(after, reader.Statements.Long(StreamPlaces.CompleteFromSql));
            return EventRow.ToPage(rows, committed, limit);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        reader => EventRow.ToPage(reader.Connection.Query<EventRow>(EventRow.OfTask(SqliteDialect.Instance), new { task = task.ToString(), after, limit }).AsList(), after, limit),
        cancellationToken);

    /// <inheritdoc/>
    public Task NextCommit() => _bell.Next();

    private void OnCommitted(IReadOnlyList<TaskRecord> tasks)
    {
        _signals.Raise(tasks);
        _bell.Ring();
    }
}
