using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>
/// What may be purged, said once for both stores and used twice: to find it, and again when it is taken away. In all of it <c>i</c> is an instance, <c>t</c> a task,
/// and <see cref="Terms"/> come first.
/// </summary>
internal static class RetentionSql
{
    /// <summary>
    /// How far back a purge looks for repeated calls once more: what it takes away was read with all of them, not longer ago than a run's claim lasts. With those of a whole day each
    /// batch would hold up the only writer for as long as they take to read.
    /// </summary>
    public static readonly TimeSpan KeysSinceRead = TimeSpan.FromMinutes(10);

    /// <summary>Whether nothing may go on: the hold of <c>--paused</c> and of a restored database.</summary>
    public const string IsHeld = "EXISTS (SELECT 1 FROM holds h WHERE h.removed_at IS NULL AND h.host IS NULL AND h.project_id IS NULL AND h.kind IS NULL)";

    public const string StateSql =
        $"""
        SELECT r.stream_from AS StreamFrom, r.usage_from AS UsageFrom, r.last_run_at AS LastRunAt, r.last_purge_at AS LastPurgeAt, r.tasks AS Tasks, r.servers AS Servers,
            r.run_until AS RunUntil, CASE WHEN {IsHeld} THEN 1 ELSE 0 END AS Held, c.now AS Now FROM retention r, database_clock c
        """;

    public const string ClaimSql =
        $"""
        UPDATE retention SET run = @run, run_until = (SELECT now FROM database_clock) + @lease
        WHERE id = 1 AND (run = @run OR run_until <= (SELECT now FROM database_clock)) AND NOT {IsHeld}
        """;

    public const string EndSql = "UPDATE retention SET run = NULL, run_until = 0, last_run_at = (SELECT now FROM database_clock) WHERE id = 1 AND run = @run";

    /// <summary>Whether a run has its claim still.</summary>
    public const string MineSql = $"SELECT 1 FROM retention WHERE id = 1 AND run = @run AND run_until > (SELECT now FROM c) AND NOT {IsHeld}";

    /// <summary>Tasks that are on no server: parents, and tombstones.</summary>
    public const string HasNoServer = "t.instance_id IN ('', '00000000-0000-0000-0000-000000000000')";

    /// <summary>
    /// An ended task may go when it ended before the time, somebody has not put it aside to be looked at, its parent (which finds out by its children's ids whether it has made them) has ended,
    /// none of its children is kept, and no call that may be repeated is answered with it.
    /// </summary>
    public const string TaskIsRipe =
        """
        t.ended = 1 AND coalesce(t.ended_at, 9223372036854775807) < (SELECT cutoff FROM c) AND t.quarantine IS NULL
            AND NOT EXISTS (SELECT 1 FROM tasks p WHERE p.id = t.parent_id AND p.ended = 0)
            AND NOT EXISTS (SELECT 1 FROM tasks d WHERE d.parent_id = t.id)
            AND t.id NOT IN (SELECT task FROM k WHERE task IS NOT NULL)
        """;

    /// <summary>A server may go when it is deleted, nobody has it, it has no room claimed, and all of its tasks may go. The first condition on time is there for the index.</summary>
    public const string ServerIsRipe =
        $"""
        i.deleted = 1 AND i.deleted_at < (SELECT cutoff FROM c) AND i.holder IS NULL
            AND NOT EXISTS (SELECT 1 FROM claims x WHERE x.instance_id = i.id)
            AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.instance_id = i.id AND NOT ({TaskIsRipe}))
        """;

    private const string LooseTasks = $"tasks t WHERE {HasNoServer} AND t.created_at < (SELECT cutoff FROM c) AND {TaskIsRipe}";

    /// <summary>The time before which things are old, and the tasks that repeats of calls are answered with.</summary>
    public static string Terms(SqlDialect dialect) =>
        $"""
        c AS MATERIALIZED (SELECT now, now - @keep AS cutoff, now - @lifetime AS keyed FROM database_clock),
        k AS MATERIALIZED (SELECT {dialect.AnswerTask} AS task FROM idempotency WHERE created_at > (SELECT keyed FROM c))
        """;

    /// <summary>The oldest servers with their tasks, the newest first. One without tasks is a row, too.</summary>
    public static string Servers(SqlDialect dialect) =>
        $"""
        WITH {Terms(dialect)},
        ripe AS MATERIALIZED (SELECT i.id, i.version, i.deleted_at FROM instances i WHERE {ServerIsRipe} ORDER BY i.deleted_at, i.id LIMIT @limit)
        SELECT r.id AS Server, r.version AS Version, t.id AS Task, t.seq AS Seq FROM ripe r LEFT JOIN tasks t ON t.instance_id = r.id LEFT JOIN task_events e ON e.task_id = t.id AND e.seq = 1
        ORDER BY r.deleted_at, r.id, e.stream_id DESC LIMIT @limit + 1
        """;

    /// <summary>The oldest tasks without a server.</summary>
    public static string Loose(SqlDialect dialect) => $"WITH {Terms(dialect)} SELECT t.id AS Task, t.seq AS Seq FROM {LooseTasks} ORDER BY t.created_at, t.id LIMIT @limit";

    /// <summary>How much may go, in all.</summary>
    public static string Count(SqlDialect dialect) =>
        $"""
        WITH {Terms(dialect)}, ripe AS MATERIALIZED (SELECT i.id FROM instances i WHERE {ServerIsRipe})
        SELECT (SELECT count(*) FROM ripe) AS Servers, (SELECT count(*) FROM tasks t WHERE t.instance_id IN (SELECT id FROM ripe)) + (SELECT count(*) FROM {LooseTasks}) AS Tasks
        """;

    public static string TaskRows(SqlDialect dialect) => $"SELECT * FROM tasks WHERE {dialect.IsOneOf("id", "@ids")}";

    public static string EventRows(SqlDialect dialect) => $"SELECT * FROM task_events WHERE {dialect.IsOneOf("task_id", "@ids")} ORDER BY task_id, seq";

    public static string ServerRows(SqlDialect dialect) => $"SELECT * FROM instances WHERE {dialect.IsOneOf("id", "@ids")}";
}

/// <summary>The <c>retention</c> row as read.</summary>
internal sealed class RetentionRow
{
    public long StreamFrom { get; set; }

    public long? UsageFrom { get; set; }

    public long? LastRunAt { get; set; }

    public long? LastPurgeAt { get; set; }

    public long Tasks { get; set; }

    public long Servers { get; set; }

    public long RunUntil { get; set; }

    public long Held { get; set; }

    public long Now { get; set; }

    public RetentionState ToState() => new(StreamFrom, TimeOf(UsageFrom), TimeOf(LastRunAt), TimeOf(LastPurgeAt), Tasks, Servers, RunUntil > Now, Held != 0, UnixMicros.ToTime(Now));

    private static DateTimeOffset? TimeOf(long? micros) => micros is { } value ? UnixMicros.ToTime(value) : null;
}

/// <summary>A row of what may go: a server, or a task of it, or a task alone.</summary>
internal sealed class RipeRow
{
    public string? Server { get; set; }

    public long Version { get; set; }

    public string? Task { get; set; }

    public long? Seq { get; set; }
}
