namespace InstanceTasks.Engine;

/// <summary>Ask the guest to restart. A guest that does not is left as it is: the task fails, the server does not.</summary>
internal static class RebootPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Reboot,
        TaskState = "rebooting",
        NovaAction = "reboot",
        Steps =
        [
            new()
            {
                Name = "reboot-guest", Do = Verb.Reboot, NoUndoBecause = "a restart cannot be taken back",
                Timeout = TimeSpan.FromSeconds(120), Retry = new(2, TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(5)),
                Cancel = Cancellability.Now, TaskState = "reboot_started", NovaEvent = "compute_reboot_instance",
            },
        ],
    };
}
