namespace InstanceTasks.Engine;

/// <summary>Where only the image is left: choose a host → make the disk from the image → define → start. Where the machine is still there: start.</summary>
internal static class UnshelvePlan
{
    private const string Event = "compute_unshelve_instance";
    private static readonly VmState[] Offloaded = [VmState.ShelvedOffloaded];

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Unshelve,
        TaskState = "unshelving",
        NovaAction = "unshelve",
        Image = ImageEffect.GiveUpShelved,
        Steps =
        [
            new()
            {
                Name = "choose-host", Control = ControlWork.ChooseHost, OnlyFrom = Offloaded, NovaEvent = Event, Cancel = Cancellability.Now,
            },
            new()
            {
                Name = "prepare-disk", Do = Verb.PrepareDisk, Undo = Verb.DeleteDisk, OnlyFrom = Offloaded, Timeout = TimeSpan.FromMinutes(10),
                TaskState = "spawning", NovaEvent = Event, Cancel = Cancellability.Now,
            },
            new()
            {
                Name = "define-machine", Do = Verb.Define, Undo = Verb.Undefine, OnlyFrom = Offloaded, TaskState = "spawning", NovaEvent = Event,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, OnlyFrom = Offloaded, TaskState = "spawning", NovaEvent = Event,
            },
            new()
            {
                Name = "power-on", Do = Verb.Start, Undo = Verb.PowerOff, OnlyFrom = [VmState.Shelved], TaskState = "powering-on", NovaEvent = "compute_start_instance",
            },
        ],
    };
}
