using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Builds the conditions of a task list: <c>t</c> is the task. Tombstones never show.</summary>
internal static class TaskFilterSql
{
    public static SqlFilter Build(TaskFilter filter, long? markerCreatedAt)
    {
        var sql = Scope(filter);
        sql.Equal("t.instance_id", filter.Instance?.ToString());
        sql.Equal("t.parent_id", filter.Parent?.ToString());
        sql.Equal("t.request_id", filter.Request?.Value);
        sql.Equal("t.host", filter.Host?.Value);
        sql.Equal("t.user_id", filter.User?.Value);
        sql.In("t.kind", filter.Kinds?.Select(kind => kind.Name));
        sql.In("t.state", filter.States);
        ServerFilterSql.AddTimes(sql, "t.updated_at", filter.ChangesSince, filter.ChangesBefore);
        if (markerCreatedAt is { } createdAt)
        {
            sql.Add($"(t.created_at, t.id) < ({sql.Parameter(createdAt)}, {sql.Parameter(filter.Marker.ToString())})");
        }

        return sql;
    }

    /// <summary>The conditions that a marker must meet.</summary>
    public static SqlFilter Scope(TaskFilter filter)
    {
        var sql = new SqlFilter();
        sql.Add($"t.state <> '{TaskRow.RefusedState}'");
        sql.Equal("t.project_id", filter.Project?.Value);
        return sql;
    }
}
