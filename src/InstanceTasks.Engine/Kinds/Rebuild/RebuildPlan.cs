namespace InstanceTasks.Engine;

/// <summary>
/// Power off → set the disk aside → make a new one → start, unless the server was stopped → drop the old disk. The last two steps say once more whether the
/// machine runs: while dropping the old disk needed attention, somebody may have stopped or started it.
/// </summary>
internal static class RebuildPlan
{
    private const string Event = "compute_rebuild_instance";
    private const string Why = "the old disk is gone";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Rebuild,
        TaskState = "rebuilding",
        NovaAction = "rebuild",
        NeedsHost = true,
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, Undo = Verb.Start, UndoOnlyFrom = [VmState.Active], NeedsMachine = true, NovaEvent = Event,
            },
            new()
            {
                Name = "set-disk-aside", Do = Verb.SetDiskAside, Undo = Verb.RestoreDisk, TaskState = "rebuild_block_device_mapping", NovaEvent = Event,
            },
            new()
            {
                Name = "prepare-disk", Do = Verb.PrepareDisk, NoUndoBecause = "the undo of set-disk-aside throws the new disk away",
                Timeout = TimeSpan.FromMinutes(10), Secret = SecretNames.AdminPassword, TaskState = "rebuild_block_device_mapping", NovaEvent = Event,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff, OnlyFrom = [VmState.Active, VmState.Error], TaskState = "rebuild_spawning",
                NovaEvent = Event,
            },
            new()
            {
                Name = "drop-old-disk", Do = Verb.DropOldDisk, NoUndoBecause = Why, TaskState = "rebuild_spawning", NovaEvent = Event,
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
            new()
            {
                Name = "leave-running", Do = Verb.Start, NoUndoBecause = Why, OnlyFrom = [VmState.Active, VmState.Error], TaskState = "rebuild_spawning",
                NovaEvent = Event, Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
            new()
            {
                Name = "leave-stopped", Do = Verb.PowerOff, NoUndoBecause = Why, OnlyFrom = [VmState.Stopped], TaskState = "powering-off",
                NovaEvent = Event, Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
        ],
    };
}
