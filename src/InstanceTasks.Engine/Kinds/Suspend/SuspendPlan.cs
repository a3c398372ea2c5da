namespace InstanceTasks.Engine;

/// <summary>Save memory to disk and stop the machine.</summary>
internal static class SuspendPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Suspend,
        TaskState = "suspending",
        NovaAction = "suspend",
        Steps =
        [
            new()
            {
                Name = "suspend-machine", Do = Verb.Suspend, Undo = Verb.Start, Timeout = TimeSpan.FromMinutes(10), NovaEvent = "compute_suspend_instance",
            },
        ],
    };
}
