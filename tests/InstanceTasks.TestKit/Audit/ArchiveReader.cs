using System.IO.Compression;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit;

/// <summary>Reads an archive as anybody would.</summary>
public static class ArchiveReader
{
    /// <summary>The finished files, oldest first.</summary>
    public static IReadOnlyList<string> Files(string directory) =>
        Directory.Exists(directory) ? [.. Directory.GetFiles(directory, "*.jsonl.gz").Order(StringComparer.Ordinal)] : [];

    /// <summary>Every line of every file.</summary>
    public static IReadOnlyList<JsonObject> Lines(string directory) => [.. Files(directory).SelectMany(LinesOf)];

    /// <summary>The ids of the tasks, as often as they are there.</summary>
    public static IEnumerable<Guid> Tasks(string directory) => Lines(directory).Where(l => (string?)l["type"] == "task").Select(l => Guid.Parse((string)l["id"]!));

    /// <summary>Every line of one file.</summary>
    public static IReadOnlyList<JsonObject> LinesOf(string file)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return [.. text.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.AsObject())];
    }
}
