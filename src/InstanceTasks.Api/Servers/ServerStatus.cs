namespace InstanceTasks;

/// <summary>Temporary: replaced by the one in Abstractions.</summary>
internal static class ServerStatus
{
    public static string Of(VmState state, string? taskState) => state switch
    {
        VmState.Building => "BUILD",
        VmState.Active => taskState switch
        {
            "rebooting" or "reboot_pending" or "reboot_started" => "REBOOT",
            "rebooting_hard" or "reboot_pending_hard" or "reboot_started_hard" => "HARD_REBOOT",
            _ => "ACTIVE",
        },
        VmState.Stopped => "SHUTOFF",
        VmState.Error => "ERROR",
        VmState.Deleted => "DELETED",
        _ => "UNKNOWN",
    };
}
