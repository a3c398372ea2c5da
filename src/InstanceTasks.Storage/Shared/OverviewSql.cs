using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>The statements behind what is looked at all the time, written once for both stores; each is of one index.</summary>
internal static class OverviewSql
{
    public static SqlFilter Attention(ProjectId? project)
    {
        var sql = new SqlFilter();
        sql.Add("state = 'needs_attention'");
        sql.Equal("project_id", project?.Value);
        return sql;
    }

    public static string CountAttention(SqlFilter sql, int most, SqlDialect dialect) =>
        $"SELECT COUNT(*) FROM (SELECT 1 FROM tasks{dialect.Indexed(TaskIndexes.Attention)} WHERE {sql.Where} LIMIT {sql.Parameter(most)}) AS counted";

    public static SqlFilter Ended(ProjectId? project, long since)
    {
        var sql = new SqlFilter();
        sql.Add($"ended_at > {sql.Parameter(since)}");
        sql.Add($"state <> '{TaskRow.RefusedState}'");
        sql.Equal("project_id", project?.Value);
        return sql;
    }

    public static string ListEnded(SqlFilter sql, int limit, SqlDialect dialect) =>
        $"SELECT state, created_at, ended_at FROM tasks{dialect.Indexed(TaskIndexes.Ended)} WHERE {sql.Where} ORDER BY ended_at DESC LIMIT {sql.Parameter(limit)}";

    public static IReadOnlyList<EndedTask> ToEnded(IEnumerable<(string State, long Created, long Ended)> rows) =>
        [.. rows.Select(r => new EndedTask(r.State, UnixMicros.ToTime(r.Created), UnixMicros.ToTime(r.Ended)))];

    public static IReadOnlyDictionary<InstanceId, string> ToNames(IEnumerable<(string Id, string Name)> rows) => rows.ToDictionary(r => new InstanceId(Guid.Parse(r.Id)), r => r.Name);
}

/// <summary>The indexes of <c>tasks</c> that statements choose by name.</summary>
internal static class TaskIndexes
{
    public const string Attention = "tasks_attention";

    public const string Created = "tasks_created";

    public const string Ended = "tasks_ended";

    public const string Kind = "tasks_kind";

    /// <summary>Of those that have not ended. Only SQLite has it: PostgreSQL chooses by what it knows of the rows.</summary>
    public const string Open = "tasks_open";

    public const string Project = "tasks_project";

    public const string User = "tasks_user";

    /// <summary>The index of a state that few tasks are in; null: it has none.</summary>
    public static string? OfState(string state) => state switch
    {
        "needs_attention" => Attention,
        "failed" => "tasks_failed",
        "canceled" => "tasks_canceled",
        _ => null,
    };
}
