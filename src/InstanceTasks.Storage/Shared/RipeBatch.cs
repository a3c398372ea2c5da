using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Makes a batch of what was found: whole servers first, then tasks that have none.</summary>
internal sealed class RipeBatch
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private RipeBatch(IReadOnlyList<RipeRow> rows, bool isFull) => (Rows, IsFull) = (rows, isFull);

    /// <summary>What it takes.</summary>
    public IReadOnlyList<RipeRow> Rows { get; }

    /// <summary>Whether there may be more.</summary>
    public bool IsFull { get; }

    public string[] TaskIds => [.. Rows.Where(r => r.Task is not null).Select(r => r.Task!)];

    public string[] ServerIds => [.. Rows.Where(r => r.Server is not null).Select(r => r.Server!).Distinct(StringComparer.Ordinal)];

    /// <summary>The servers that fit. The last one may have been cut off by the limit: it is left for the next batch, unless it is the only one.</summary>
    public static RipeBatch OfServers(IReadOnlyList<RipeRow> rows, int limit)
    {
        if (rows.Count <= limit)
        {
            return new(rows, rows.Count == limit);
        }

        var last = rows[limit].Server;
        var whole = rows.Take(limit).Where(r => r.Server != last).ToList();
        return new(whole.Count > 0 ? whole : [.. rows.Take(limit)], isFull: true);
    }

    /// <summary>The same with tasks that have no server.</summary>
    public RipeBatch With(IReadOnlyList<RipeRow> loose, int room) => new([.. Rows, .. loose], IsFull || loose.Count == room);

    /// <summary>With the rows themselves, as they are stored.</summary>
    public PurgeBatch ToBatch(IEnumerable<IDictionary<string, object?>> tasks, IEnumerable<IDictionary<string, object?>> events, IEnumerable<IDictionary<string, object?>> servers)
    {
        var eventsOf = events.GroupBy(e => (string)e["task_id"]!).ToDictionary(g => g.Key, g => new JsonArray([.. g.Select(e => LineOf(e, null))]), StringComparer.Ordinal);
        var lines = tasks.Select(t => TaskLine(t, eventsOf.GetValueOrDefault((string)t["id"]!))).Concat(servers.Select(s => LineOf(s, "server")));
        return new(
            [.. Rows.Where(r => r.Task is not null).Select(r => new PurgedRow(Guid.Parse(r.Task!), r.Seq!.Value))],
            [.. Rows.Where(r => r.Server is not null).DistinctBy(r => r.Server).Select(r => new PurgedRow(Guid.Parse(r.Server!), r.Version))],
            [.. lines.Select(l => l.ToJsonString(Plain))],
            IsFull);
    }

    private static JsonObject TaskLine(IDictionary<string, object?> row, JsonArray? events)
    {
        var line = LineOf(row, "task");
        line["events"] = events ?? [];
        return line;
    }

    private static JsonObject LineOf(IDictionary<string, object?> row, string? type)
    {
        var line = new JsonObject();
        if (type is not null)
        {
            line["type"] = type;
        }

        foreach (var (column, value) in row)
        {
            line[column] = column is "body" or "events" ? Document((string?)value) : JsonSerializer.SerializeToNode(value);
        }

        return line;
    }

    // What is no JSON is kept as the text that it is.
    private static JsonNode? Document(string? text)
    {
        try
        {
            return text is null ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
