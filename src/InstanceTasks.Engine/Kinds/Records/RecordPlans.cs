namespace InstanceTasks.Engine;

/// <summary>Changes that are one commit with an already ended task.</summary>
internal static class RecordPlans
{
    private const string ResetRule = "os_compute_api:os-admin-actions:reset_state";

    public static readonly Plan Lock = Of(TaskKinds.Lock, "lock");

    public static readonly Plan Unlock = Of(TaskKinds.Unlock, "unlock");

    public static readonly Plan Update = Of(TaskKinds.Update, null);

    public static readonly Plan Metadata = Of(TaskKinds.Metadata, null) with { RespectsLock = true };

    public static readonly Plan ResetToActive = Of(TaskKinds.ResetToActive, "resetState") with { AdminRule = ResetRule };

    public static readonly Plan ResetToError = Of(TaskKinds.ResetToError, "resetState") with { AdminRule = ResetRule };

    // PUT ignores the lock and the state in Nova (nova-api §2.4); lock and unlock have their own rules.
    private static Plan Of(TaskKind kind, string? action) => new()
    {
        Kind = kind, NovaAction = action, CountsForFault = false, RespectsLock = false, NeedsLaunched = false,
    };
}
