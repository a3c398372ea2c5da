namespace InstanceTasks.Engine;

/// <summary>Copy the root disk into the image store.</summary>
internal static class CreateImagePlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.CreateImage,
        TaskState = "image_snapshot_pending",
        NovaAction = "createImage",
        RespectsLock = false,
        NeedsHost = true,
        Image = ImageEffect.Save,
        Steps =
        [
            new()
            {
                Name = "save-image", Do = Verb.SaveImage, NoUndoBecause = ImageRules.NoUndo, Timeout = TimeSpan.FromMinutes(30), Cancel = Cancellability.Now,
                TaskState = "image_snapshot", NovaEvent = "compute_snapshot_instance",
            },
        ],
    };
}
