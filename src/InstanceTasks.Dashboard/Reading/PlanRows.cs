using InstanceTasks.Client;
using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>One step of a task's plan with what has become of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Planned">The step in the plan; null: this release does not know that plan.</param>
/// <param name="Done">How doing it went; null: not begun.</param>
/// <param name="Undone">How undoing it went; null: not begun.</param>
/// <param name="IsNoReturn">Whether from here on the task can only be finished.</param>
public sealed record PlanRow(string Name, Step? Planned, StepInfo? Done, StepInfo? Undone, bool IsNoReturn)
{
    /// <summary>What has become of it, in a word.</summary>
    public string State => (Undone, Done) switch
    {
        ({ State: "done" }, _) => "undone",
        ({ State: var undoing }, _) => undoing == "running" ? "undoing" : $"undo {undoing}",
        (_, { State: var doing }) => doing,
        _ => "to do",
    };

    /// <summary>What undoes it, or why nothing does.</summary>
    public string UndoText => Planned switch
    {
        null => "",
        { Undo: { } verb } => Wording.Words(verb),
        { NoUndoBecause: { } why } => $"nothing ({why})",
        { Control: ControlWork.ChooseHost or ControlWork.GrowClaim } => "the claim is released",
        { Control: ControlWork.Children } => "its children are stopped",
        _ => "nothing",
    };

    /// <summary>The plan of a task's version with its steps; steps that no plan names come last.</summary>
    public static IReadOnlyList<PlanRow> Of(TaskInfo task)
    {
        var plan = PlanRegistry.Find(new TaskKind(task.Kind), task.PlanVersion);
        List<PlanRow> rows = [];
        for (var i = 0; i < plan?.Steps.Count; i++)
        {
            var step = plan.Steps[i];
            rows.Add(new(step.Name, step, Last(task, step.Name, "do"), Last(task, step.Name, "undo"), i == plan.PointOfNoReturn));
        }

        var known = rows.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        rows.AddRange(task.Steps.Select(s => s.Name).Distinct().Where(n => !known.Contains(n)).Select(n => new PlanRow(n, null, Last(task, n, "do"), Last(task, n, "undo"), false)));
        return rows;
    }

    private static StepInfo? Last(TaskInfo task, string name, string direction) => task.Steps.LastOrDefault(s => s.Name == name && s.Direction == direction);
}
