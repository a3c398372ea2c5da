namespace InstanceTasks.Engine;

/// <summary>
/// Computes the rows of the catalogue of images from the tasks that a commit writes, so that both change in one commit: there is no image whose
/// task has ended without making it, and none that outlives a failure.
/// </summary>
public static class ImageRules
{
    /// <summary>Why a step that saves an image has no undo.</summary>
    internal const string NoUndo = "the image's row goes with the end of the task, and the copy with it";

    /// <summary>The changes that go with these writes.</summary>
    public static IReadOnlyList<ImageChange> Of(IReadOnlyList<TaskWrite> writes)
    {
        List<ImageChange>? changes = null;
        foreach (var write in writes)
        {
            if (Of(write.After) is { } change)
            {
                (changes ??= []).Add(change);
            }
        }

        return changes ?? (IReadOnlyList<ImageChange>)[];
    }

    /// <summary>Whether the whole disk was copied: then the image is good, whatever became of the task afterwards, unless that was undone.</summary>
    public static bool IsSaved(TaskRecord task) =>
        task.Outcome == TaskOutcome.Succeeded
        || (task.Phase == TaskPhase.Forward && PlanRegistry.Find(task.Kind)!.Steps.ToList().FindIndex(s => s.Do == Verb.SaveImage) < task.Step);

    private static ImageChange? Of(TaskRecord task)
    {
        var effect = PlanRegistry.Find(task.Kind)?.Image ?? ImageEffect.None;
        if (effect == ImageEffect.None || task.Machine is null)
        {
            return null;
        }

        if (effect == ImageEffect.GiveUpShelved)
        {
            return task.IsEnded && SettleComposer.IsDone(task) ? new(ImageChangeKind.RemoveShelved, ImageOf(task, effect)) : null;
        }

        return task.IsEnded ? new(IsSaved(task) ? ImageChangeKind.Activate : ImageChangeKind.Remove, ImageOf(task, effect))
            : task.Seq == 1 ? new(ImageChangeKind.Add, ImageOf(task, effect))
            : null;
    }

    private static ImageRecord ImageOf(TaskRecord task, ImageEffect effect) => new()
    {
        Id = task.Machine!.SnapshotId ?? task.Id.ToString(),
        Project = task.Project,
        Name = task.Parameters.GetValueOrDefault(TaskParameters.ImageName, $"{task.Machine.Name}-shelved"),
        MinDiskGb = task.Machine.Resources.DiskGb,
        Properties = task.Parameters.TryGetValue(TaskParameters.ImageProperties, out var json) ? EngineJson.Read<Dictionary<string, string>>(json) : [],
        Instance = task.Instance,
        Task = task.Id,
        Shelved = effect == ImageEffect.Shelve,
        CreatedAt = task.CreatedAt,
        UpdatedAt = task.UpdatedAt,
    };
}
