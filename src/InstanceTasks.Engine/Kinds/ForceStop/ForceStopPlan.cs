namespace InstanceTasks.Engine;

/// <summary>Cut the power without asking the guest.</summary>
internal static class ForceStopPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.ForceStop,
        TaskState = "powering-off",
        NovaAction = "stop",
        NeedsHost = true,
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, Undo = Verb.Start, UndoOnlyFrom = [VmState.Active], NeedsMachine = true,
                NovaEvent = "compute_stop_instance",
            },
        ],
    };
}
