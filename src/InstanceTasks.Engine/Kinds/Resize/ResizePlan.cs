namespace InstanceTasks.Engine;

/// <summary>
/// Claim room for the new flavor → shut down → set the old machine aside → copy its disk → define the new one → start it, unless the server was
/// stopped. The old machine, its claim and its share of the quota are kept until the resize is confirmed or reverted.
/// </summary>
internal static class ResizePlan
{
    private const string Prepare = "compute_prep_resize";
    private const string Resize = "compute_resize_instance";
    private const string Finish = "compute_finish_resize";
    private const string Removed = "the undo of set-machine-aside removes what was made in its place";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Resize,
        TaskState = "resize_prep",
        NovaAction = "resize",
        NeedsHost = true,
        Steps =
        [
            new()
            {
                Name = "claim-room", Control = ControlWork.GrowClaim, TaskState = "resize_prep", NovaEvent = Prepare, Cancel = Cancellability.Now,
            },
            new()
            {
                Name = "shut-down-guest", Do = Verb.Shutdown, Undo = Verb.Start, OnlyFrom = [VmState.Active], Timeout = TimeSpan.FromSeconds(60),
                Retry = RetryPolicy.Once, OnExhausted = Exhausted.GoOn, TaskState = "resize_migrating", NovaEvent = Resize,
            },
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, NoUndoBecause = "the undo of shut-down-guest starts the machine again", NeedsMachine = true,
                TaskState = "resize_migrating", NovaEvent = Resize,
            },
            new()
            {
                Name = "set-machine-aside", Do = Verb.SetAside, Undo = Verb.PutBack, TaskState = "resize_migrating", NovaEvent = Resize,
            },
            new()
            {
                Name = "copy-disk", Do = Verb.CopyDisk, NoUndoBecause = Removed, Timeout = TimeSpan.FromMinutes(30), Cancel = Cancellability.Now,
                TaskState = "resize_migrated", NovaEvent = Resize,
            },
            new()
            {
                Name = "define-machine", Do = Verb.Define, NoUndoBecause = Removed, TaskState = "resize_finish", NovaEvent = Finish,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, OnlyFrom = [VmState.Active], TaskState = "resize_finish", NovaEvent = Finish,
            },
        ],
    };
}
