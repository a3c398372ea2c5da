namespace InstanceTasks.Engine;

/// <summary>Restart the machine without asking the guest.</summary>
internal static class HardRebootPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.HardReboot,
        TaskState = "rebooting_hard",
        NovaAction = "reboot",
        Steps =
        [
            new()
            {
                Name = "reset-machine", Do = Verb.Reset, NoUndoBecause = "a restart cannot be taken back", Cancel = Cancellability.PastNoReturn,
                TaskState = "reboot_started_hard", NovaEvent = "compute_reboot_instance",
            },
        ],
    };
}
