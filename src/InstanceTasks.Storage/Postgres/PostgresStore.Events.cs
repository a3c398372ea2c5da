using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    // In this order, in one round trip: rows that had been purged when they were read are known to be.
    private static readonly string AllAndFirstSql = $"{EventRow.OfAll(PostgresDialect.Instance)}; {StreamPlaces.CompleteFromSql}";

    private readonly CommitBell _bell = new();

    /// <inheritdoc/>
    public Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default) => ReadAsync(connection => StreamTail.ReadLastAsync(connection, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default) => ReadAsync(
        connection => connection.QuerySingleAsync<bool>(new(StreamPlaces.HasComeToSql, StreamPlaces.Parameters(place), cancellationToken: cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(connection => connection.QuerySingleAsync<long>(new(StreamPlaces.CompleteFromSql, cancellationToken: cancellationToken)), cancellationToken);

    /// <inheritdoc/>
    public Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
        {
            // In this order: what the counter says is in what is read next.
            var committed = Math.Max(after, await StreamTail.ReadLastAsync(connection, cancellationToken));
            await using var read = await connection.QueryMultipleAsync(new(AllAndFirstSql, new { after, limit }, cancellationToken: cancellationToken));
            var rows = (await read.ReadAsync<EventRow>()).AsList();
            StreamPlaces.CheckIsComplete(after, await read.ReadSingleAsync<long>());
            return EventRow.ToPage(rows, committed, limit);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
        {
            var rows = await connection.QueryAsync<EventRow>(new(EventRow.OfTask(PostgresDialect.Instance), new { task = task.ToString(), after, limit }, cancellationToken: cancellationToken));
            return EventRow.ToPage(rows.AsList(), after, limit);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task NextCommit() => _bell.Next();

    private void OnCommitted(IEnumerable<TaskRecord> tasks)
    {
        _signals.Raise(tasks);
        _bell.Ring();
    }
}
