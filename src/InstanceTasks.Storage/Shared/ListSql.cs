using System.Text.Json;
using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>The statements behind lists, written once for both stores.</summary>
internal static class ListSql
{
    /// <summary>Servers with their holder and the newest task that counts for their fault.</summary>
    public static readonly string View =
        $"""
        SELECT i.id AS InstanceId, i.body AS InstanceBody, {TaskRow.Columns("h")}, {TaskRow.Columns("f")}
        FROM instances i
        LEFT JOIN tasks h ON h.id = i.holder
        LEFT JOIN tasks f ON f.id = (SELECT x.id FROM tasks x WHERE x.instance_id = i.id AND x.is_fault = 1 ORDER BY x.created_at DESC, x.id DESC LIMIT 1)
        """;

    /// <summary>How a server list's page is found: its ids, unless other columns are asked for.</summary>
    public static (string Sql, DynamicParameters Parameters) ServerPage(ServerFilter filter, ListSort sort, IReadOnlyList<object?>? marker, SqlDialect dialect, string columns = "i.id")
    {
        var sql = ServerFilterSql.Build(filter, dialect);
        if (marker is not null)
        {
            sort.AddAfter(sql, marker);
        }

        var limit = sql.Parameter(filter.Limit);
        return ($"SELECT {columns} FROM instances i LEFT JOIN tasks h ON h.id = i.holder WHERE {sql.Where} ORDER BY {sort.OrderBy} LIMIT {limit}", sql.Parameters);
    }

    /// <summary>How a task list's page is found.</summary>
    public static (string Sql, DynamicParameters Parameters) TaskPage(TaskFilter filter, ListSort sort, IReadOnlyList<object?>? marker, SqlDialect dialect)
    {
        var sql = TaskFilterSql.Build(filter);
        if (marker is not null)
        {
            sort.AddAfter(sql, marker);
        }

        var limit = sql.Parameter(filter.Limit);
        return ($"SELECT {TaskRow.Columns("t")} FROM tasks t{dialect.Indexed(TaskFilterSql.IndexOf(filter))} WHERE {sql.Where} ORDER BY {sort.OrderBy} LIMIT {limit}", sql.Parameters);
    }
}

/// <summary>An instance as <see cref="ListSql.View"/> reads it.</summary>
internal sealed class ServerRow
{
    public string InstanceId { get; set; } = "";

    public string InstanceBody { get; set; } = "";

    /// <summary>One row that this version cannot read must not take the whole list with it; its actor fails on it with the full error.</summary>
    public ServerView? ToView(TaskRow? holder, TaskRow? failed, Action<JsonException> onUndecodable)
    {
        try
        {
            return new(EngineJson.Read<InstanceRecord>(InstanceBody), holder?.ToShownRecord(), failed?.ToShownRecord());
        }
        catch (JsonException e)
        {
            onUndecodable(e);
            return null;
        }
    }
}
