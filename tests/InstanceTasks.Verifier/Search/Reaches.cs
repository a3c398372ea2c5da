using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>Compares what a search has met with what the tables have.</summary>
internal static class Reaches
{
    private static readonly IReadOnlyList<TaskKind> Long = [.. PlanRegistry.All.Where(p => !p.IsOneCommit).Select(p => p.Kind)];

    private static readonly IReadOnlyList<(TaskKind Running, TaskKind Requested)> Cells = [.. Long.SelectMany(r => PlanRegistry.All.Select(p => (r, p.Kind)))];

    /// <summary>How much of each table was met.</summary>
    public static IEnumerable<string> Counts(Coverage coverage) => Groups(coverage).Select(g => $"reached: {g.All.Count - g.Missing.Count} of {g.All.Count} {g.What}");

    /// <summary>Everything that was not met.</summary>
    public static IEnumerable<string> Missing(Coverage coverage) => Groups(coverage).SelectMany(g => g.Missing);

    private static IEnumerable<(string What, IReadOnlyList<string> All, IReadOnlyList<string> Missing)> Groups(Coverage c) =>
    [
        Group("shapes of tasks", TaskTransitions.Reachable, c.Shapes.Contains, s => $"shape {s}"),
        Group("transitions of tasks", TaskTransitions.All, r => c.Edges.Any(e => e.Trigger == r.Trigger), r => $"transition {r.Trigger}"),
        Group("rows of the instance machine", InstanceMachine.All, r => c.Starts.Contains((r.From, r.Kind)), r => $"{r.Kind} from {r.From}"),
        Group("vm_states that a row leads to", Endings(), e => c.Leaves.Contains(e), e => $"{e.Kind} from {e.From} leaves {e.After}"),
        Group("cells of the conflict table", Cells, p => c.Requests.Any(r => (r.Running, r.Requested) == p && Answers(p, r.Mode)), p => $"{p.Requested} while {p.Running}: {ConflictTable.Find(p.Running, p.Requested)}"),
        Group("effects of plans", Effects(), c.Effects.Contains, e => $"{e.Direction} of {e.Kind}/{e.Step}"),
        Group("answers to a command in a state", Commands(), p => c.Commands.Any(m => (m.Command, m.State) == p), p => $"'{p.Command}' while {p.State}"),
        Group("kinds of steps of the model", Enum.GetValues<MoveKind>(), c.Moves.Contains, m => $"step {m}"),
        Group("outcomes of attempts", Enum.GetValues<Ending>().Where(e => e != Ending.None), c.Endings.Contains, e => $"outcome {e}"),
    ];

    private static (string, IReadOnlyList<string>, IReadOnlyList<string>) Group<T>(string what, IEnumerable<T> all, Func<T, bool> met, Func<T, string> name)
    {
        var list = all.ToList();
        return (what, [.. list.Select(name)], [.. list.Where(i => !met(i)).Select(name)]);
    }

    // One-commit kinds leave the state as it is, which no settle writes.
    private static IEnumerable<(VmState From, TaskKind Kind, VmState After)> Endings() => InstanceMachine.All
        .Where(r => Long.Contains(r.Kind))
        .SelectMany(r => new[] { (VmState?)r.Leaves(VmState.Active), r.Leaves(VmState.Stopped), r.Failure, r.Undone }.OfType<VmState>().Distinct().Select(after => (r.From, r.Kind, after)));

    private static IEnumerable<(TaskCommandKind Command, string State)> Commands() =>
        Enum.GetValues<TaskCommandKind>().SelectMany(c => TaskStateNames.All.Except(TaskStateNames.Terminal).Select(s => (c, s)));

    private static IEnumerable<(TaskKind Kind, string Step, Direction Direction)> Effects() => PlanRegistry.All
        .SelectMany(p => p.Steps.SelectMany(s => new[] { (p.Kind, s.Name, Direction.Do, Verb: s.Do), (p.Kind, s.Name, Direction.Undo, Verb: s.Undo) }))
        .Where(e => e.Verb is not null)
        .Select(e => (e.Kind, e.Name, e.Item3));

    // What the cell says must have been the answer at least once.
    private static bool Answers((TaskKind Running, TaskKind Requested) pair, AcceptMode mode) => ConflictTable.Find(pair.Running, pair.Requested) switch
    {
        ConflictRule.Refuse => mode == AcceptMode.Refuse,
        ConflictRule.QueueIfAsked => mode == AcceptMode.Queue,
        ConflictRule.Supersede => mode == AcceptMode.Supersede,
        ConflictRule.Alongside => mode == AcceptMode.OneCommit,
        _ => mode == AcceptMode.Join,
    };
}
