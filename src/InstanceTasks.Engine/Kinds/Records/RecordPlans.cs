namespace InstanceTasks.Engine;

/// <summary>Changes that are one commit with an already ended task.</summary>
internal static class RecordPlans
{
    public static readonly Plan Lock = Of(TaskKinds.Lock, "lock");

    public static readonly Plan Unlock = Of(TaskKinds.Unlock, "unlock");

    public static readonly Plan Update = Of(TaskKinds.Update, null);

    public static readonly Plan Metadata = Of(TaskKinds.Metadata, null) with { RespectsLock = true };

    // PUT ignores the lock and the state in Nova (nova-api §2.4); lock and unlock have their own rules.
    private static Plan Of(TaskKind kind, string? action) => new()
    {
        Kind = kind, NovaAction = action, CountsForFault = false, RespectsLock = false, NeedsLaunched = false,
    };
}
