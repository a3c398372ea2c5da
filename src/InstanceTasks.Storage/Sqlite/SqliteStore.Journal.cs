using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    internal const string DueSql =
        """
        WITH RECURSIVE
        clock AS MATERIALIZED (SELECT now FROM database_clock),
        owners (generation) AS (
            SELECT MIN(generation) FROM tasks WHERE ended = 0 AND generation > 0
            UNION ALL
            SELECT (SELECT MIN(t.generation) FROM tasks t WHERE t.ended = 0 AND t.generation > owners.generation) FROM owners WHERE owners.generation IS NOT NULL),
        lost (generation) AS (
            SELECT generation FROM owners
            WHERE generation IS NOT NULL AND generation NOT IN (SELECT s.generation FROM silos s WHERE s.lease_until > (SELECT now FROM clock)))
        SELECT id, MIN(due_at) AS due_at, MAX(lost) AS lost FROM (
            SELECT id, due_at, 0 AS lost FROM (
                SELECT id, due_at FROM tasks
                WHERE shard = @shard AND quarantine IS NULL AND due_at IS NOT NULL AND due_at <= (SELECT now FROM clock) ORDER BY due_at LIMIT @limit)
            UNION ALL
            SELECT t.id, t.due_at, 1 FROM lost CROSS JOIN tasks t
            WHERE t.generation = lost.generation AND t.shard = @shard AND t.ended = 0 AND t.quarantine IS NULL)
        GROUP BY id ORDER BY lost DESC, due_at IS NULL, due_at, id LIMIT @limit
        """;

    /// <inheritdoc/>
    public async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        var prepared = PreparedCommit.Of(commit, _options.MaxRowCharacters);
        return await Writer.RunAsync(new WriteItem<CommitResult>(session => CommitApplier.Apply(session, prepared), result => result.Applied), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            using var row = reader.Statements.Query(
                """
                SELECT state, seq, created_at, body, wakes, due_at - (SELECT now FROM database_clock), quarantine,
                    (SELECT now FROM database_clock) - (SELECT e.at FROM task_events e WHERE e.task_id = tasks.id AND e.seq = 1),
                    children_started, children_succeeded, children_failed, children_canceled
                FROM tasks WHERE id = @id
                """,
                ("@id", id.ToString()));
            if (!row.Read())
            {
                return null;
            }

            var task = new TaskRow { Id = id.ToString(), State = row.GetString(0), Seq = row.GetInt64(1), CreatedAt = row.GetInt64(2), Body = row.GetString(3) };
            return new StoredTask(task.ToRecord(), row.GetInt64(4), Span(row, 5), Span(row, 7), new(row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11)));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.Statements.Scalar("SELECT body FROM instances WHERE id = @id", ("@id", id.ToString())) is string body ? EngineJson.Read<InstanceRecord>(body) : null,
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<StoredEvents>>(
        reader =>
        {
            var events = new List<StoredEvents>();
            using var row = reader.Statements.Query("SELECT seq, stream_id, at, events FROM task_events WHERE task_id = @id ORDER BY seq", ("@id", id.ToString()));
            while (row.Read())
            {
                events.Add(new(row.GetInt64(0), row.GetInt64(1), UnixMicros.ToTime(row.GetInt64(2)), EngineJson.Read<List<TaskEvent>>(row.GetString(3))));
            }

            return events;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => WriteAsync(session => TaskApplier.Refuse(session, id), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        ReadAsync(reader => IdempotencyRows.Read(reader.Statements, project, user, key), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<DueTask>>(
        reader =>
        {
            var due = new List<DueTask>();
            using var row = reader.Statements.Query(DueSql, ("@shard", shard), ("@limit", limit));
            while (row.Read())
            {
                due.Add(new(new(Guid.Parse(row.GetString(0))), row.GetInt64(2) != 0));
            }

            return due;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => ReadAsync<TimeSpan?>(
        reader => reader.Statements.Scalar(
            "SELECT MIN(due_at) - (SELECT now FROM database_clock) FROM tasks WHERE shard = @shard AND quarantine IS NULL AND due_at IS NOT NULL", ("@shard", shard)) is long micros
            ? UnixMicros.ToSpan(micros)
            : null,
        cancellationToken);

    /// <inheritdoc/>
    public async Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default)
    {
        await WriteAsync(
            session => session.Statements.Run("UPDATE tasks SET quarantine = @reason WHERE id = @id", ("@reason", reason.Replace("\0", "", StringComparison.Ordinal)), ("@id", id.ToString())),
            cancellationToken);
        LogQuarantined(_logger, id, reason);
    }

    private static TimeSpan? Span(Microsoft.Data.Sqlite.SqliteDataReader row, int column) => row.IsDBNull(column) ? null : UnixMicros.ToSpan(row.GetInt64(column));
}
