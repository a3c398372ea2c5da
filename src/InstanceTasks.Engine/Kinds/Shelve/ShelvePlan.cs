namespace InstanceTasks.Engine;

/// <summary>
/// Shut the guest down, or cut the power if it does not → save the disk as an image. The disk of a paused or suspended machine is at rest: it is
/// saved first, since its memory cannot be brought back.
/// </summary>
internal static class ShelvePlan
{
    private const string Event = "compute_shelve_instance";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Shelve,
        TaskState = "shelving",
        NovaAction = "shelve",
        NeedsHost = true,
        Image = ImageEffect.Shelve,
        Steps =
        [
            new()
            {
                Name = "shut-down-guest", Do = Verb.Shutdown, Undo = Verb.Start, OnlyFrom = [VmState.Active], Timeout = TimeSpan.FromSeconds(60),
                Retry = RetryPolicy.Once, OnExhausted = Exhausted.GoOn, NovaEvent = Event,
            },
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, NoUndoBecause = "the undo of shut-down-guest starts the machine again", OnlyFrom = [VmState.Active],
                NeedsMachine = true, NovaEvent = Event,
            },
            new()
            {
                Name = "save-image", Do = Verb.SaveImage, NoUndoBecause = ImageRules.NoUndo, Timeout = TimeSpan.FromMinutes(30), Cancel = Cancellability.Now,
                TaskState = "shelving_image_uploading", NovaEvent = Event,
            },
            new()
            {
                Name = "discard-memory", Do = Verb.PowerOff, NoUndoBecause = "what was in memory is gone", OnlyFrom = [VmState.Paused, VmState.Suspended],
                NovaEvent = Event, Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
        ],
    };
}
