namespace InstanceTasks.Engine;

/// <summary>What shelving and offloading do, as one task.</summary>
internal static class ShelveAndOffloadPlan
{
    public static readonly Plan V1 = ShelvePlan.V1 with
    {
        Kind = TaskKinds.ShelveAndOffload,
        Steps = [.. ShelvePlan.V1.Steps, .. ShelveOffloadPlan.ForGood],
    };
}
