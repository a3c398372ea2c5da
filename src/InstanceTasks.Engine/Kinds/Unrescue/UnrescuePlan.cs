namespace InstanceTasks.Engine;

/// <summary>Power off, which takes the rescue disk away → start from the root disk.</summary>
internal static class UnrescuePlan
{
    private const string Event = "compute_unrescue_instance";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Unrescue,
        TaskState = "unrescuing",
        NovaAction = "unrescue",
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, Undo = Verb.StartRescue, NeedsMachine = true, NovaEvent = Event,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, NovaEvent = Event,
            },
        ],
    };
}
