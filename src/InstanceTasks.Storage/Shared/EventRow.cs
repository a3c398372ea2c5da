using System.Text.Json;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>
/// A <c>task_events</c> row with what the stream says of its task. Rows are numbered by a counter row that a transaction holds until it is over, so
/// numbers become visible in their order, whatever runs at the same time: whoever has seen one has seen all before it.
/// </summary>
internal sealed class EventRow
{
    public long Seq { get; set; }

    public long StreamId { get; set; }

    public long At { get; set; }

    public string Events { get; set; } = "";

    public string TaskId { get; set; } = "";

    public string Kind { get; set; } = "";

    public long? PlanVersion { get; set; }

    public string InstanceId { get; set; } = "";

    public string ProjectId { get; set; } = "";

    public string UserId { get; set; } = "";

    public string? ParentId { get; set; }

    /// <summary>A page of the stream behind <c>@after</c>.</summary>
    public static string OfAll(SqlDialect dialect) => Select(dialect, "e.stream_id > @after ORDER BY e.stream_id LIMIT @limit");

    /// <summary>A page of the rows of <c>@task</c> behind <c>@after</c>.</summary>
    public static string OfTask(SqlDialect dialect) => Select(dialect, "e.task_id = @task AND e.stream_id > @after ORDER BY e.seq LIMIT @limit");

    /// <summary>The page, when everything up to a place had been committed before the rows were read.</summary>
    public static EventPage ToPage(IReadOnlyList<EventRow> rows, long committed, int limit)
    {
        var last = rows.Count == 0 ? 0 : rows[^1].StreamId;
        return new([.. rows.Select(row => row.ToStreamed())], rows.Count == limit ? last : Math.Max(committed, last), rows.Count == limit);
    }

    private StreamedEvents ToStreamed() => new(
        new(
            new(Guid.Parse(TaskId)), new(Kind), (int)(PlanVersion ?? 1), new(Guid.Parse(InstanceId)), new(ProjectId), new(UserId), ParentId is null ? null : new TaskId(Guid.Parse(ParentId))),
        new(Seq, StreamId, UnixMicros.ToTime(At), ReadEvents()));

    // A row of a newer release must not stop the stream of this one.
    private List<TaskEvent> ReadEvents()
    {
        try
        {
            return EngineJson.Read<List<TaskEvent>>(Events);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or FormatException or InvalidOperationException)
        {
            return [];
        }
    }

    private static string Select(SqlDialect dialect, string where) =>
        $"""
        SELECT e.seq AS Seq, e.stream_id AS StreamId, e.at AS At, e.events AS Events, e.task_id AS TaskId, t.kind AS Kind, {dialect.PlanVersion} AS PlanVersion,
            t.instance_id AS InstanceId, t.project_id AS ProjectId, t.user_id AS UserId, t.parent_id AS ParentId
        FROM task_events e JOIN tasks t ON t.id = e.task_id AND t.state <> '{TaskRow.RefusedState}' WHERE {where}
        """;
}
