namespace InstanceTasks.Engine;

/// <summary>Let a paused machine run again.</summary>
internal static class UnpausePlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Unpause,
        TaskState = "unpausing",
        NovaAction = "unpause",
        Steps =
        [
            new()
            {
                Name = "unpause-machine", Do = Verb.Unpause, Undo = Verb.Pause, Leaves = PowerState.Running, NovaEvent = "compute_unpause_instance",
            },
        ],
    };
}
