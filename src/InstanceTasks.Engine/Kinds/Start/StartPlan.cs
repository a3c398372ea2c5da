namespace InstanceTasks.Engine;

/// <summary>Power on.</summary>
internal static class StartPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Start,
        TaskState = "powering-on",
        NovaAction = "start",
        NeedsHost = true,
        Steps =
        [
            new() { Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, NovaEvent = "compute_start_instance" },
        ],
    };
}
