using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>A way from nothing to where a kind may start.</summary>
/// <param name="Kinds">What to run, one after the other; the first makes the server.</param>
/// <param name="BeforeResize">The vm_state before the resize that is then to be ended; null: there is none.</param>
public sealed record StartPath(IReadOnlyList<TaskKind> Kinds, VmState? BeforeResize);

/// <summary>How a server is brought to where a kind may start: the cheapest way through the rows of the instance machine.</summary>
public static class StartPaths
{
    // A kind that only says what the state is, instead of bringing it about, is the last resort: the machine may be in another.
    private const int OnlySays = 10;

    /// <summary>The way to a vm_state from which a kind may start; null: no server ever rests there.</summary>
    public static StartPath? Find(Plan plan, VmState state)
    {
        var seen = new HashSet<(VmState, VmState?)>();
        var open = new PriorityQueue<(VmState State, StartPath Path), int>();
        foreach (var row in InstanceMachine.All.Where(r => r.Kind == TaskKinds.Create))
        {
            open.Enqueue((row.Success, new([row.Kind], null)), 1);
        }

        while (open.TryDequeue(out var here, out var cost))
        {
            if (here.State == state && MayStart(plan, here.Path))
            {
                return here.Path;
            }

            foreach (var row in seen.Add((here.State, here.Path.BeforeResize)) ? RowsFrom(here.State, here.Path) : [])
            {
                open.Enqueue((row.Leaves(here.Path.BeforeResize), Further(here.Path, row)), cost + CostOf(row));
            }
        }

        return null;
    }

    private static IEnumerable<InstanceTransition> RowsFrom(VmState state, StartPath path) =>
        InstanceMachine.All.Where(r => r.From == state && r.Kind != TaskKinds.Create && MayStart(PlanRegistry.Find(r.Kind)!, path));

    // While there is a resize to be ended, only what ends it may start, besides delete and what is one commit.
    private static bool MayStart(Plan plan, StartPath path) =>
        plan.EndsResize ? path.BeforeResize is not null : path.BeforeResize is null || plan.IsOneCommit || plan.Kind == TaskKinds.Delete;

    private static StartPath Further(StartPath path, InstanceTransition row)
    {
        var before = row.Kind == TaskKinds.Resize ? row.From : PlanRegistry.Find(row.Kind)!.EndsResize ? null : path.BeforeResize;
        return new([.. path.Kinds, row.Kind], before);
    }

    private static int CostOf(InstanceTransition row) => PlanRegistry.Find(row.Kind) is { IsOneCommit: true } && row.Success != row.From ? OnlySays : 1;
}
