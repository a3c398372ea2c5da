namespace InstanceTasks.Engine;

/// <summary>What a resize, its confirm and its revert make of the record of an instance. Pure.</summary>
internal static class ResizeRules
{
    /// <summary>Whether a kind that ends a resize fits to how far that is.</summary>
    public static bool Allows(ResizeStage stage, TaskKind kind) => stage switch
    {
        ResizeStage.Finished => true,
        ResizeStage.Confirming => kind == TaskKinds.ConfirmResize,
        _ => kind == TaskKinds.RevertResize,
    };

    /// <summary>The instance once a task has been accepted on it.</summary>
    public static InstanceRecord Begin(InstanceRecord instance, SubmitTask request) =>
        request.Kind == TaskKinds.Resize && request.Change?.Flavor is { } flavor
            ? instance with { Resize = new() { Other = flavor, From = instance.VmState } }
            : instance;

    /// <summary>The instance after the end, or the hold, of a task.</summary>
    /// <param name="instance">The instance.</param>
    /// <param name="task">The task.</param>
    /// <param name="done">All of it is done.</param>
    /// <param name="undone">Nothing of it is.</param>
    public static InstanceRecord After(InstanceRecord instance, TaskRecord task, bool done, bool undone) => instance.Resize switch
    {
        null => instance,
        { } resize when task.Kind == TaskKinds.Resize => done ? Finish(instance, resize) : undone ? instance with { Resize = null } : instance,
        { } when task.Kind == TaskKinds.ConfirmResize => done ? instance with { Resize = null } : undone ? instance : At(instance, ResizeStage.Confirming),
        { } resize when task.Kind == TaskKinds.RevertResize =>
            done ? instance with { Flavor = Old(instance, resize), Resize = null } : undone ? instance : At(instance, ResizeStage.Reverting),
        _ => instance,
    };

    private static InstanceRecord Finish(InstanceRecord instance, PendingResize resize) => instance with
    {
        Flavor = resize.Other, Resize = resize with { Other = instance.Flavor, Stage = ResizeStage.Finished },
    };

    // One that was stopped half-way is reverted from a record that still has the old flavor.
    private static FlavorSnapshot Old(InstanceRecord instance, PendingResize resize) => resize.Stage == ResizeStage.UnderWay ? instance.Flavor : resize.Other;

    private static InstanceRecord At(InstanceRecord instance, ResizeStage stage) =>
        instance.Resize!.Stage == ResizeStage.UnderWay ? instance : instance with { Resize = instance.Resize with { Stage = stage } };
}
