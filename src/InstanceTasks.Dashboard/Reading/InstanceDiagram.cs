using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>A state in the drawing.</summary>
/// <param name="State">The state.</param>
/// <param name="X">Where its middle is.</param>
/// <param name="Y">Where its middle is.</param>
public sealed record DiagramNode(VmState State, int X, int Y);

/// <summary>What leads from one state to another.</summary>
/// <param name="From">From here.</param>
/// <param name="To">To there.</param>
/// <param name="Kinds">By tasks of these kinds.</param>
/// <param name="IsFailure">When they fail.</param>
public sealed record DiagramEdge(DiagramNode From, DiagramNode To, IReadOnlyList<string> Kinds, bool IsFailure);

/// <summary>The drawing of the instance machine, made from its table. Only where the states stand is chosen by hand.</summary>
public static class InstanceDiagram
{
    /// <summary>Its width.</summary>
    public const int Width = 900;

    /// <summary>Its height.</summary>
    public const int Height = 356;

    private static readonly Dictionary<VmState, (int X, int Y)> Places = new()
    {
        [VmState.Building] = (90, 178), [VmState.Active] = (340, 178), [VmState.Stopped] = (340, 28), [VmState.Paused] = (120, 28), [VmState.Suspended] = (120, 328),
        [VmState.Rescued] = (340, 328), [VmState.Resized] = (570, 328), [VmState.Shelved] = (570, 28), [VmState.ShelvedOffloaded] = (800, 28), [VmState.Error] = (570, 178), [VmState.Deleted] = (800, 228),
    };

    /// <summary>The states.</summary>
    public static IReadOnlyList<DiagramNode> Nodes { get; } = [.. Enum.GetValues<VmState>().Select(s => new DiagramNode(s, Places.GetValueOrDefault(s, (450, 380)).Item1, Places.GetValueOrDefault(s, (450, 380)).Item2))];

    /// <summary>What leads out of a state to another one; failures only where they leave the state.</summary>
    public static IReadOnlyList<DiagramEdge> From(VmState state) => [.. Edges(state, IsFailure: false), .. Edges(state, IsFailure: true)];

    /// <summary>The pairs of states between which there is a way by success, without those of an administrator's reset.</summary>
    public static IReadOnlyList<DiagramEdge> All { get; } = [.. Enum.GetValues<VmState>().SelectMany(s => Edges(s, IsFailure: false))];

    /// <summary>The kinds that leave a state as it is.</summary>
    public static IReadOnlyList<string> Staying(VmState state) => [.. InstanceMachine.All.Where(t => t.From == state && t.Success == state).Select(t => t.Kind.Name).Order(StringComparer.Ordinal)];

    private static IEnumerable<DiagramEdge> Edges(VmState state, bool IsFailure) => InstanceMachine.All
        .Where(t => t.From == state && (IsFailure || (t.Kind != TaskKinds.ResetToActive && t.Kind != TaskKinds.ResetToError)))
        .Select(t => (t.Kind, To: IsFailure ? t.Failure : t.Success))
        .Where(t => t.To is { } to && to != state)
        .GroupBy(t => t.To!.Value)
        .Select(g => new DiagramEdge(NodeOf(state), NodeOf(g.Key), [.. g.Select(t => t.Kind.Name).Order(StringComparer.Ordinal)], IsFailure));

    private static DiagramNode NodeOf(VmState state) => Nodes.First(n => n.State == state);
}
