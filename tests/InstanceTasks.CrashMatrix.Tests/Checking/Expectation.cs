using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Checking;

/// <summary>How a cell's task ends.</summary>
internal enum Ending
{
    /// <summary>It does what was asked.</summary>
    Succeeded = 0,

    /// <summary>It could not, and what it did is undone.</summary>
    Failed = 1,

    /// <summary>It was canceled, and what it did is undone.</summary>
    Canceled = 2,

    /// <summary>Another task took over and did what that is asked for.</summary>
    Superseded = 3,

    /// <summary>It never came to be.</summary>
    NotAccepted = 4,
}

/// <summary>What becomes of a command.</summary>
internal enum CommandFate
{
    /// <summary>It is accepted.</summary>
    Accepted = 0,

    /// <summary>It is refused, and says why.</summary>
    Refused = 1,
}

/// <summary>What is right for a cell: read from its plan and its row, so that nothing is written down per kind.</summary>
/// <param name="Ending">How the task ends.</param>
/// <param name="NeedsAttention">Whether it first waits for an operator, who lets it try again.</param>
/// <param name="Command">What becomes of the command, if the cell gives one.</param>
internal sealed record Expectation(Ending Ending, bool NeedsAttention = false, CommandFate? Command = null)
{
    /// <summary>What is right for a cell.</summary>
    public static Expectation Of(MatrixCell cell) =>
        cell.Point.IsAccept ? AtAccept(cell.Fault) : cell.Point.IsUndo ? AtUndo(cell) : AtDo(cell);

    /// <summary>The vm_states that may be left. One, except where the row that counts is the one from which a successor starts, which only the moment decides.</summary>
    public static IReadOnlyList<VmState> StatesAfter(MatrixCell cell, Ending ending) => ending switch
    {
        Ending.Succeeded => [cell.Row.Leaves(cell.Start?.BeforeResize)],
        Ending.Failed => [cell.Row.Failure ?? cell.Row.From],
        Ending.Canceled => [cell.Row.Undone ?? cell.Row.From],
        Ending.Superseded => [.. InstanceMachine.All.Where(r => r.Kind == cell.By).Select(r => r.Success).Distinct()],
        _ => [cell.Row.From],
    };

    private static Expectation AtAccept(MatrixFault fault) =>
        new(fault is MatrixFault.CrashBeforeCommit or MatrixFault.StoreFailure ? Ending.NotAccepted : Ending.Succeeded);

    private static Expectation AtDo(MatrixCell cell) => cell.Fault switch
    {
        MatrixFault.Fail => OfFailure(cell.Step!),
        MatrixFault.Cancel => CanBeCanceledAt(cell) ? new(Ending.Canceled, Command: CommandFate.Accepted) : new(Ending.Succeeded, Command: CommandFate.Refused),
        MatrixFault.Pause => new(Ending.Succeeded, Command: ReachedAt(cell) < cell.Plan.Steps.Count ? CommandFate.Accepted : CommandFate.Refused),
        MatrixFault.Supersede => new(Ending.Superseded),
        _ => new(Ending.Succeeded),
    };

    private static Expectation AtUndo(MatrixCell cell)
    {
        var ending = cell.Turn!.ByCancel ? Ending.Canceled : Ending.Failed;
        return cell.Fault switch
        {
            MatrixFault.Fail => new(ending, NeedsAttention: true),
            // A control step is over in the turn that began it: with the first step of the plan, so is the task.
            MatrixFault.Cancel => new(ending, Command: cell is { IsControl: true, Point.Index: 0 } ? CommandFate.Refused : CommandFate.Accepted),
            MatrixFault.Pause => new(ending, Command: CommandFate.Refused),
            MatrixFault.Supersede => new(Ending.Superseded),
            _ => new(ending),
        };
    }

    private static Expectation OfFailure(Step step) => step switch
    {
        { OnHost: false } => new(Ending.Failed),
        { OnExhausted: Exhausted.GoOn } => new(Ending.Succeeded),
        { OnExhausted: Exhausted.Hold } => new(Ending.Succeeded, NeedsAttention: true),
        _ => new(Ending.Failed),
    };

    /// <summary>The step at which a command finds the task. A control step is over before anything else is heard.</summary>
    private static int ReachedAt(MatrixCell cell) => cell.IsControl ? cell.Point.Index + 1 : cell.Point.Index;

    // When nothing is past the point of no return, that is the number of steps.
    private static bool CanBeCanceledAt(MatrixCell cell) => ReachedAt(cell) < cell.Plan.PointOfNoReturn;
}
