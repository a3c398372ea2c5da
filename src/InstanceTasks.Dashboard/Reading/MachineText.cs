using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>The tables of tasks and conflicts in words.</summary>
public static class MachineText
{
    /// <summary>Kinds that can have an instance to themselves.</summary>
    public static IReadOnlyList<TaskKind> Running { get; } = [.. PlanRegistry.All.Where(p => !p.IsOneCommit && p.OnInstance).Select(p => p.Kind).DistinctBy(k => k.Name).OrderBy(k => k.Name, StringComparer.Ordinal)];

    /// <summary>Kinds that can be asked for.</summary>
    public static IReadOnlyList<TaskKind> Requested { get; } = [.. PlanRegistry.All.Where(p => p.OnInstance).Select(p => p.Kind).DistinctBy(k => k.Name).OrderBy(k => k.Name, StringComparer.Ordinal)];

    /// <summary>The states from which a transition is legal, by their public names.</summary>
    public static IEnumerable<string> Sources(TaskTrigger trigger) => TaskTransitions.SourcesOf(trigger).Select(StateOf).Distinct();

    /// <summary>The states to which it leads.</summary>
    public static IEnumerable<string> Destinations(TaskTrigger trigger) => TaskTransitions.SourcesOf(trigger).Select(s => StateOf(TaskTransitions.Next(s, trigger))).Distinct();

    /// <summary>A rule in one letter.</summary>
    public static string Letter(ConflictRule rule) => rule switch
    {
        ConflictRule.Refuse => "R",
        ConflictRule.QueueIfAsked => "Q",
        ConflictRule.Supersede => "S",
        ConflictRule.Alongside => "A",
        _ => "J",
    };

    // The public name is a function of the four parts of the state; the rest of a record plays no part in it.
    private static string StateOf(TaskShape shape) => Wording.Words(TaskStateNames.Of(new TaskRecord
    {
        Id = default, Kind = TaskKinds.Stop, Instance = default, Project = default, User = default, Request = default, Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome,
    }));
}
