namespace InstanceTasks.Engine;

/// <summary>Choose host → claim → prepare disk → define machine → start; undone in reverse.</summary>
internal static class CreatePlan
{
    private const string Event = "compute__do_build_and_run_instance";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Create,
        TaskState = "scheduling",
        NovaAction = "create",
        NeedsLaunched = false,
        Steps =
        [
            new()
            {
                Name = "choose-host", Control = ControlWork.ChooseHost, TaskState = "scheduling", NovaEvent = Event,
                Cancel = Cancellability.Now,
            },
            new()
            {
                Name = "prepare-disk", Do = Verb.PrepareDisk, Undo = Verb.DeleteDisk, Timeout = TimeSpan.FromMinutes(10),
                TaskState = "block_device_mapping", NovaEvent = Event, Cancel = Cancellability.Now,
            },
            new()
            {
                Name = "define-machine", Do = Verb.Define, Undo = Verb.Undefine, TaskState = "spawning", NovaEvent = Event,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, TaskState = "spawning", NovaEvent = Event,
            },
        ],
    };
}
