namespace InstanceTasks.Engine;

/// <summary>What the hypervisor is told about the machine. Pure.</summary>
internal static class MachineSpecs
{
    /// <summary>For a task that gets the machine now: what those before it in the queue have changed counts.</summary>
    public static MachineSpec Of(InstanceRecord instance, TaskRecord task) => instance.ToMachineSpec() with
    {
        Resources = (task.Change?.Flavor ?? instance.Flavor).ToResources(),
        ImageId = task.Change?.ImageId ?? (task.Kind == TaskKinds.Unshelve ? instance.ShelvedImageId : null) ?? instance.ImageId,
        RescueImageId = task.Parameters.GetValueOrDefault(TaskParameters.RescueImage),
        SnapshotId = PlanRegistry.Of(task).Image is ImageEffect.Save or ImageEffect.Shelve
            ? task.Parameters.GetValueOrDefault(TaskParameters.ImageId) ?? task.Id.ToString()
            : null,
    };
}
