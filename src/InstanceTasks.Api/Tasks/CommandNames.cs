namespace InstanceTasks.Api.Tasks;

/// <summary>The names of commands on the wire.</summary>
internal static class CommandNames
{
    private static readonly Dictionary<string, TaskCommandKind> Kinds = new(StringComparer.Ordinal)
    {
        ["cancel"] = TaskCommandKind.Cancel,
        ["pause"] = TaskCommandKind.Pause,
        ["resume"] = TaskCommandKind.Resume,
        ["retry"] = TaskCommandKind.Retry,
        ["skip"] = TaskCommandKind.Skip,
        ["done"] = TaskCommandKind.Done,
        ["abandon"] = TaskCommandKind.Abandon,
        ["set_priority"] = TaskCommandKind.SetPriority,
    };

    private static readonly Dictionary<TaskCommandKind, string> Names = Kinds.ToDictionary(k => k.Value, k => k.Key);

    /// <summary>Null: there is no such command.</summary>
    public static TaskCommandKind? Find(string name) => Kinds.TryGetValue(name, out var kind) ? kind : null;

    public static string Of(TaskCommandKind kind) => Names[kind];
}
