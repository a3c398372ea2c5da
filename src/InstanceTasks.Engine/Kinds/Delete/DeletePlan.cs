namespace InstanceTasks.Engine;

/// <summary>Power off → remove the definition → remove the disk; the claim and the quota go with the settle.</summary>
internal static class DeletePlan
{
    private const string Event = "compute_terminate_instance";
    private const string Why = "the owner asked for the machine to be gone";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Delete,
        TaskState = "deleting",
        NovaAction = "delete",
        NeedsLaunched = false,
        Image = ImageEffect.GiveUpShelved,
        Steps =
        [
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, NoUndoBecause = Why, OnlyWithHost = true, NovaEvent = Event,
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
            new()
            {
                Name = "undefine-machine", Do = Verb.Undefine, NoUndoBecause = Why, OnlyWithHost = true, NovaEvent = Event,
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
            new()
            {
                Name = "delete-disk", Do = Verb.DeleteDisk, NoUndoBecause = Why, OnlyWithHost = true, NovaEvent = Event,
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold,
            },
        ],
    };
}
