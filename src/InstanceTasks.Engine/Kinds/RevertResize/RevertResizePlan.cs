namespace InstanceTasks.Engine;

/// <summary>Power the new machine off → remove it and take the old one back → start that, unless the server was stopped before the resize.</summary>
internal static class RevertResizePlan
{
    private const string Event = "compute_revert_resize";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.RevertResize,
        TaskState = "resize_reverting",
        NovaAction = "revertResize",
        NeedsHost = true,
        EndsResize = true,
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, Undo = Verb.Start, UndoOnlyFrom = [VmState.Active], NovaEvent = Event,
            },
            new()
            {
                Name = "put-machine-back", Do = Verb.PutBack, NoUndoBecause = "the new machine is gone", NeedsMachine = true,
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold, NovaEvent = Event,
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, OnlyFrom = [VmState.Active], NoUndoBecause = "the new machine is gone",
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold, NovaEvent = "compute_finish_revert_resize",
            },
        ],
    };
}
