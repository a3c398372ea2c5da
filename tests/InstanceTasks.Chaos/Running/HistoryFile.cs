using System.Text.Json;
using System.Text.Json.Serialization;
using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Faults;

namespace InstanceTasks.Chaos.Running;

/// <summary>A history on disk, for people: one line of JSON for each fault, call, delivery, task, server and commit.</summary>
internal static class HistoryFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = { new JsonStringEnumConverter() } };

    public static void Write(string? path, History history, IReadOnlyList<FaultRecord> faults)
    {
        if (path is null)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var file = new StreamWriter(path);
        WriteAll(file, "fault", faults);
        WriteAll(file, "call", history.Calls);
        WriteAll(file, "delivery", history.Deliveries);
        WriteAll(file, "task", history.Tasks);
        WriteAll(file, "server", history.Servers);
        WriteAll(file, "commit", history.Stream);
    }

    private static void WriteAll<T>(StreamWriter file, string name, IEnumerable<T> all)
    {
        foreach (var one in all)
        {
            file.WriteLine($$"""{"{{name}}":{{JsonSerializer.Serialize(one, Json)}}}""");
        }
    }
}
