namespace InstanceTasks.Engine;

/// <summary>Power off → start from a rescue disk, with the root disk beside it.</summary>
internal static class RescuePlan
{
    private const string Event = "compute_rescue_instance";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Rescue,
        TaskState = "rescuing",
        NovaAction = "rescue",
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, Undo = Verb.Start, UndoOnlyFrom = [VmState.Active], NeedsMachine = true, NovaEvent = Event,
            },
            new()
            {
                Name = "start-rescue", Do = Verb.StartRescue, Undo = Verb.PowerOff, Secret = SecretNames.AdminPassword, NovaEvent = Event,
            },
        ],
    };
}
