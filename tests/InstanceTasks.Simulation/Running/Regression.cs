using System.Text.Json;
using System.Text.Json.Serialization;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Running;

/// <summary>A run that has once failed, as it is committed: what it needs to happen again, and what it has shown.</summary>
internal sealed record Regression
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>What it has shown, for people.</summary>
    public required string Story { get; init; }

    /// <summary>The seed.</summary>
    public required long Seed { get; init; }

    /// <summary>The faults that strike: <c>kind#draw</c>; null: all that the seed says.</summary>
    public List<string>? Faults { get; init; }

    /// <summary>The requests that are made, by number; null: all.</summary>
    public List<int>? Requests { get; init; }

    [JsonIgnore]
    public RunOptions Options => new(Seed) { Faults = Faults?.Select(Parse).ToHashSet(), Requests = Requests?.ToHashSet() };

    public static Regression Of(RunResult result, string story) => new()
    {
        Story = story,
        Seed = result.Options.Seed,
        Faults = result.Options.Faults is null ? null : [.. result.Faults.Select(f => $"{f.Kind}#{f.Draw}")],
        Requests = result.Options.Requests is null ? null : [.. result.Requests],
    };

    public static Regression Read(string path) =>
        JsonSerializer.Deserialize<Regression>(File.ReadAllText(path), Json) ?? throw new JsonException($"{path} holds nothing.");

    public void Write(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, Json) + "\n");

    private static FaultId Parse(string text)
    {
        var parts = text.Split('#');
        return new FaultId(Enum.Parse<FaultKind>(parts[0]), int.Parse(parts[1]));
    }
}
