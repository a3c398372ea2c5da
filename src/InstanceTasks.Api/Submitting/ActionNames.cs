using InstanceTasks.Engine;

namespace InstanceTasks.Api.Submitting;

/// <summary>Names of instance actions.</summary>
internal static class ActionNames
{
    /// <summary>The instance action of a kind (nova-api §5.3); null: it is shown in the Tasks API only.</summary>
    public static string? Of(TaskKind kind) => PlanRegistry.Find(kind)?.NovaAction;
}
