using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Builds the conditions of a task list: <c>t</c> is the task. Tombstones never show.</summary>
internal static class TaskFilterSql
{
    public static SqlFilter Build(TaskFilter filter)
    {
        var sql = Scope(filter);
        sql.Equal("t.instance_id", filter.Instance?.ToString());
        sql.Equal("t.parent_id", filter.Parent?.ToString());
        sql.Equal("t.request_id", filter.Request?.Value);
        sql.Equal("t.host", filter.Host?.Value);
        sql.Equal("t.user_id", filter.User?.Value);
        sql.In("t.kind", filter.Kinds?.Select(kind => kind.Name));
        AddStates(sql, filter);
        ServerFilterSql.AddTimes(sql, "t.updated_at", filter.ChangesSince, filter.ChangesBefore);
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

    /// <summary>The index that leads to what a filter leaves over; null: whatever the store chooses.</summary>
    public static string? IndexOf(TaskFilter filter) => filter switch
    {
        { Instance: not null } or { Parent: not null } or { Request: not null } => null,
        { States: [var only] } when TaskIndexes.OfState(only) is { } rare => rare,
        _ when AreOpen(filter) => TaskIndexes.Open,
        { User: not null } => TaskIndexes.User,
        { Project: not null } => TaskIndexes.Project,
        { Kinds: [_] } => TaskIndexes.Kind,
        // Of several kinds an index gives no order: without statistics a store would read and sort all of them.
        { Kinds: not null } when filter.Sort is [("created_at", _), ..] => TaskIndexes.Created,
        _ => null,
    };

    // The names are a closed set and stand in the text: a statement that is prepared for any value cannot use the index of one. Other names match nothing.
    private static void AddStates(SqlFilter sql, TaskFilter filter)
    {
        if (filter.States is not { } states)
        {
            return;
        }

        var known = TaskStateNames.All.Where(states.Contains).Select(state => $"'{state}'").ToArray();
        sql.Add(known.Length switch { 0 => "1 = 0", 1 => $"t.state = {known[0]}", _ => $"t.state IN ({string.Join(", ", known)})" });
        if (AreOpen(filter))
        {
            // Says nothing new, but is what the index of those is for. Every generation is at least 0.
            sql.Add("t.ended = 0 AND t.generation >= 0");
        }
    }

    private static bool AreOpen(TaskFilter filter) => filter.States is { Count: > 0 } states && !states.Any(TaskStateNames.Terminal.Contains) && states.Any(TaskStateNames.All.Contains);
}
