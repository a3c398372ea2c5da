namespace InstanceTasks.Storage;

/// <summary>Which tasks can be the reason for a server's <c>fault</c>.</summary>
internal static class FaultRules
{
    // Changes of descriptive fields: one commit, never an operation on the machine.
    private static readonly HashSet<string> OneCommitKinds = new(StringComparer.Ordinal) { "lock", "unlock", "update", "metadata" };

    public static bool IsFault(TaskRecord task) =>
        task.State is "failed" or "needs_attention" && task.Outcome != TaskOutcome.Refused && !OneCommitKinds.Contains(task.Kind.Name);
}
