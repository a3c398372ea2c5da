using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>Makes the cells from the registry of plans, the instance machine and the conflict table: a kind that is registered is in it.</summary>
public static class MatrixGenerator
{
    /// <summary>Every cell, those that mean nothing with their rule.</summary>
    public static IReadOnlyList<MatrixCell> All() => [.. PlanRegistry.All.OrderBy(p => p.Kind.Name, StringComparer.Ordinal).SelectMany(Of)];

    /// <summary>Every cell of one kind.</summary>
    public static IEnumerable<MatrixCell> Of(Plan plan)
    {
        var rows = RowsOf(plan);
        if (rows.Count == 0)
        {
            throw new InvalidOperationException($"Kind '{plan.Kind}' has no row in the instance machine: it can start nowhere.");
        }

        var starts = rows.ToDictionary(r => r.From, r => StartPaths.Find(plan, r.From));
        return from row in rows
               from point in MatrixPoint.Of(plan)
               from fault in MatrixFaults.All
               from successor in fault == MatrixFault.Supersede ? TakingOver(plan) : [null]
               select Complete(new MatrixCell(plan, row, point, fault) { By = successor, Start = starts[row.From] });
    }

    // What is on no instance starts nowhere; its cells say so.
    private static List<InstanceTransition> RowsOf(Plan plan) =>
        plan.OnInstance ? [.. InstanceMachine.All.Where(r => r.Kind == plan.Kind)] : [new(VmState.Building, plan.Kind, VmState.Building)];

    /// <summary>The kinds that take over from this one; one null when there is none.</summary>
    private static List<TaskKind?> TakingOver(Plan plan)
    {
        var found = PlanRegistry.All.Where(p => ConflictTable.Find(plan.Kind, p.Kind) == ConflictRule.Supersede).Select(p => (TaskKind?)p.Kind).ToList();
        return found.Count > 0 && !plan.IsOneCommit ? found : [null];
    }

    private static MatrixCell Complete(MatrixCell cell)
    {
        var turned = cell.Point.IsUndo ? cell with { Turn = MatrixRules.TurnFor(cell.Plan, cell.Point.Index, cell.Origin) } : cell;
        return turned with { NotApplicable = MatrixRules.Find(turned) };
    }
}
