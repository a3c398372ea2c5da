namespace InstanceTasks.Engine;

/// <summary>Remove the machine that the resize has set aside; its claim and its share of the quota go with the settle.</summary>
internal static class ConfirmResizePlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.ConfirmResize,
        TaskState = "resize_confirming",
        NovaAction = "confirmResize",
        NeedsHost = true,
        EndsResize = true,
        Steps =
        [
            new()
            {
                Name = "drop-old-machine", Do = Verb.DropAside, NoUndoBecause = "the owner has confirmed the new machine",
                Cancel = Cancellability.PastNoReturn, OnExhausted = Exhausted.Hold, NovaEvent = "compute_confirm_resize",
            },
        ],
    };
}
