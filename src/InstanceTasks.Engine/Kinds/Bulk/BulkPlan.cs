namespace InstanceTasks.Engine;

/// <summary>The plan of a task whose work is done by other tasks.</summary>
internal static class BulkPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Bulk,
        OnInstance = false,
        CountsForFault = false,
        Steps = [new() { Name = "run-children", Control = ControlWork.Children, Cancel = Cancellability.Now, Timeout = TimeSpan.FromSeconds(15) }],
    };
}
