using System.Collections.Frozen;
using System.Reflection;
using System.Text.Json.Serialization;

namespace InstanceTasks.Storage;

/// <summary>The stored names of event types, as the JSON discriminators have them.</summary>
internal static class EventTypes
{
    /// <summary>The version of the stored form of events; raised when a reader must treat older rows differently.</summary>
    public const int Version = 1;

    private static readonly FrozenDictionary<Type, string> Names = typeof(TaskEvent).GetCustomAttributes<JsonDerivedTypeAttribute>()
        .ToFrozenDictionary(a => a.DerivedType, a => (string)a.TypeDiscriminator!);

    private static readonly string[] Resting = [Names[typeof(TaskEnded)], Names[typeof(AttentionNeeded)]];

    /// <summary>Whether a commit with these events brings its task to rest.</summary>
    public static bool MeansRest(string types) => types.Split(',').Any(Resting.Contains);

    public static string Of(IReadOnlyList<TaskEvent> events) =>
        events.Count == 1 ? Names[events[0].GetType()] : string.Join(',', events.Select(e => Names[e.GetType()]));
}
