namespace InstanceTasks.Engine;

/// <summary>Stop the processors; memory is kept.</summary>
internal static class PausePlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Pause,
        TaskState = "pausing",
        NovaAction = "pause",
        Steps =
        [
            new()
            {
                Name = "pause-machine", Do = Verb.Pause, Undo = Verb.Start, NovaEvent = "compute_pause_instance",
            },
        ],
    };
}
