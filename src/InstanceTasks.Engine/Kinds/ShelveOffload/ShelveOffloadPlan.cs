namespace InstanceTasks.Engine;

/// <summary>Remove the definition → remove the disk → give up the place on the host.</summary>
internal static class ShelveOffloadPlan
{
    private const string TaskState = "shelving_offloading";
    private const string Event = "compute_shelve_offload_instance";

    private static readonly Step DeleteDisk = new()
    {
        Name = "delete-disk", Do = Verb.DeleteDisk, NoUndoBecause = "the image has all that was on it", TaskState = TaskState, NovaEvent = Event,
        Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
    };

    private static readonly Step LeaveHost = new()
    {
        Name = "leave-host", Control = ControlWork.LeaveHost, NoUndoBecause = "nothing is left there", TaskState = TaskState, NovaEvent = Event,
        Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
    };

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.ShelveOffload,
        TaskState = TaskState,
        NovaAction = "shelveOffload",
        NeedsHost = true,
        AdminRule = "os_compute_api:os-shelve:shelve_offload",
        Steps =
        [
            new() { Name = "undefine-machine", Do = Verb.Undefine, Undo = Verb.Define, TaskState = TaskState, NovaEvent = Event },
            DeleteDisk,
            LeaveHost,
        ],
    };

    /// <summary>The same once it is past the point of no return.</summary>
    public static IReadOnlyList<Step> ForGood { get; } =
    [
        V1.Steps[0] with { Undo = null, NoUndoBecause = DeleteDisk.NoUndoBecause, Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold },
        DeleteDisk,
        LeaveHost,
    ];
}
