using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    internal const string DueSql =
        """
        WITH RECURSIVE
        clock AS MATERIALIZED (SELECT now FROM database_clock),
        owners (generation) AS (
            (SELECT t.generation FROM tasks t WHERE t.ended = 0 AND t.generation > 0 ORDER BY t.generation LIMIT 1)
            UNION ALL
            SELECT (SELECT t.generation FROM tasks t WHERE t.ended = 0 AND t.generation > owners.generation ORDER BY t.generation LIMIT 1)
            FROM owners WHERE owners.generation IS NOT NULL),
        lost (generation) AS (
            SELECT o.generation FROM owners o
            WHERE o.generation IS NOT NULL AND NOT EXISTS (SELECT 1 FROM silos s WHERE s.generation = o.generation AND s.lease_until > (SELECT now FROM clock)))
        SELECT id, min(due_at) AS due, max(lost) AS lost FROM (
            (SELECT t.id, t.due_at, 0 AS lost FROM tasks t
             WHERE t.shard = @shard AND t.quarantine IS NULL AND t.due_at IS NOT NULL AND t.due_at <= (SELECT now FROM clock) ORDER BY t.due_at LIMIT @limit)
            UNION ALL
            SELECT x.id, x.due_at, 1 FROM lost CROSS JOIN LATERAL (
                SELECT t.id, t.due_at FROM tasks t WHERE t.generation = lost.generation AND t.shard = @shard AND t.ended = 0 AND t.quarantine IS NULL OFFSET 0) x) found
        GROUP BY id ORDER BY lost DESC, due NULLS LAST, id LIMIT @limit
        """;

    /// <inheritdoc/>
    public async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default) =>
        await Open.Lane.CommitAsync(PreparedCommit.Of(commit, _options.MaxRowCharacters), cancellationToken);

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
        {
            var row = await connection.QuerySingleOrDefaultAsync<StoredTaskRow>(new(
                """
                SELECT state AS State, seq AS Seq, created_at AS CreatedAt, body AS Body, wakes AS Wakes, due_at - (SELECT now FROM database_clock) AS DueIn,
                    (SELECT now FROM database_clock) - (SELECT e.at FROM task_events e WHERE e.task_id = tasks.id AND e.seq = 1) AS Age,
                    children_started AS Started, children_succeeded AS Succeeded, children_failed AS Failed, children_canceled AS Canceled
                FROM tasks WHERE id = @id
                """,
                new { id = id.ToString() },
                cancellationToken: cancellationToken));
            if (row is null)
            {
                return null;
            }

            var task = new TaskRow { Id = id.ToString(), State = row.State, Seq = row.Seq, CreatedAt = row.CreatedAt, Body = row.Body };
            return new StoredTask(task.ToRecord(), row.Wakes, row.DueIn is { } due ? UnixMicros.ToSpan(due) : null, row.Age is { } age ? UnixMicros.ToSpan(age) : null, row.Children);
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
            await connection.QuerySingleOrDefaultAsync<string>(new("SELECT body FROM instances WHERE id = @id", new { id = id.ToString() }, cancellationToken: cancellationToken)) is { } body
                ? EngineJson.Read<InstanceRecord>(body)
                : null,
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<StoredEvents>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<(long Seq, long StreamId, long At, string Events)>(new(
                "SELECT seq, stream_id, at, events FROM task_events WHERE task_id = @id ORDER BY seq", new { id = id.ToString() }, cancellationToken: cancellationToken));
            return rows.Select(row => new StoredEvents(row.Seq, row.StreamId, UnixMicros.ToTime(row.At), EngineJson.Read<List<TaskEvent>>(row.Events))).ToList();
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        var at = UnixMicros.ToTime(await ReadClockAsync(cancellationToken));
        var events = EngineJson.Write<IReadOnlyList<TaskEvent>>([new TaskEnded { At = at, Outcome = TaskOutcome.Refused }]);
        return await WriteAsync(
            connection => connection.QuerySingleAsync<bool>(new(
                "SELECT refuse_task_1(@id, @streamBase, @version, @events)",
                new { id = id.ToString(), streamBase = StreamIds.Base(ClusterEpoch), version = EventTypes.Version, events },
                cancellationToken: cancellationToken)),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) => ReadAsync(
        async connection =>
        {
            var (hash, answer) = await connection.QuerySingleOrDefaultAsync<(byte[]? Hash, string? Answer)>(new(
                """
                SELECT body_hash, answer FROM idempotency
                WHERE project_id = @project AND user_id = @user AND key = @key AND created_at > (SELECT now FROM database_clock) - @lifetime
                """,
                new { project = project.Value, user = user.Value, key, lifetime = UnixMicros.Of(IdempotencyRows.Lifetime) },
                cancellationToken: cancellationToken));
            return hash is null || answer is null ? null : new StoredIdempotency(hash, EngineJson.Read<StoredAnswer>(answer));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<DueTask>>(
        async connection =>
        {
            var rows = await connection.QueryAsync<(string Id, long? Due, int Lost)>(new(DueSql, new { shard, limit }, cancellationToken: cancellationToken));
            return rows.Select(row => new DueTask(new(Guid.Parse(row.Id)), row.Lost != 0)).ToList();
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => ReadAsync<TimeSpan?>(
        async connection =>
            await connection.QuerySingleAsync<long?>(new(
                "SELECT min(due_at) - (SELECT now FROM database_clock) FROM tasks WHERE shard = @shard AND quarantine IS NULL AND due_at IS NOT NULL",
                new { shard },
                cancellationToken: cancellationToken)) is { } micros
                ? UnixMicros.ToSpan(micros)
                : null,
        cancellationToken);

    /// <inheritdoc/>
    public async Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default)
    {
        await WriteAsync(
            connection => connection.ExecuteAsync(new(
                "UPDATE tasks SET quarantine = @reason WHERE id = @id",
                new { id = id.ToString(), reason = reason.Replace("\0", "", StringComparison.Ordinal) },
                cancellationToken: cancellationToken)),
            cancellationToken);
        LogQuarantined(_logger, id, reason);
    }

    private sealed record StoredTaskRow(string State, long Seq, long CreatedAt, string Body, long Wakes, long? DueIn, long? Age, int Started, int Succeeded, int Failed, int Canceled)
    {
        public ChildCounts Children => new(Started, Succeeded, Failed, Canceled);
    }
}
