using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>How a server is brought into a vm_state: the cheapest way through the rows of the instance machine, from nothing.</summary>
public static class StartPaths
{
    // A kind that only says what the state is, instead of bringing it about, is the last resort: the machine may be in another.
    private const int OnlySays = 10;

    /// <summary>The kinds to run one after the other, of which the first makes the server; null: no server ever rests in that state.</summary>
    public static IReadOnlyList<TaskKind>? Find(VmState state)
    {
        var best = new Dictionary<VmState, (int Cost, List<TaskKind> Path)>();
        var open = new PriorityQueue<(VmState State, List<TaskKind> Path), int>();
        foreach (var row in InstanceMachine.All.Where(r => r.Kind == TaskKinds.Create))
        {
            open.Enqueue((row.Success, [row.Kind]), 1);
        }

        while (open.TryDequeue(out var here, out var cost))
        {
            if (!best.TryAdd(here.State, (cost, here.Path)))
            {
                continue;
            }

            foreach (var row in InstanceMachine.All.Where(r => r.From == here.State && r.Kind != TaskKinds.Create))
            {
                open.Enqueue((row.Success, [.. here.Path, row.Kind]), cost + CostOf(row));
            }
        }

        return best.TryGetValue(state, out var found) ? found.Path : null;
    }

    private static int CostOf(InstanceTransition row) => PlanRegistry.Find(row.Kind) is { IsOneCommit: true } && row.Success != row.From ? OnlySays : 1;
}
