using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>The rules by which a combination means nothing, read from the plan and the tables. What none of them excludes is run.</summary>
public static class MatrixRules
{
    private static readonly Rule NoInstance = new("not on an instance", "The task has no instance and nothing on a host: its children are tasks of kinds that are here, and what it commits itself is the simulator's to break.");
    private static readonly Rule NobodyRestsThere = new("no server rests there", "No path of tasks that succeed ends in that vm_state: it is only passed through.");
    private static readonly Rule NoUndo = new("no undo", "The plan says why the step is not undone.");
    private static readonly Rule NeverUndone = new("past the point of no return", "The step, or one before it, is past the point of no return: from there a task can only be finished.");
    private static readonly Rule NoTurn = new("nothing turns it round", "No failure and no cancel leads back from here: the step holds or goes on when it fails.");
    private static readonly Rule LeftOut = new("left out from here", "The plan leaves the step, or its undo, out when the task starts in that vm_state.");
    private static readonly Rule NoWorker = new("control step", "The step is its commit: it has no effect outside of the store, and no worker that reports one.");
    private static readonly Rule CommitCannotFail = new("undo in the store", "The undo is a commit of what is there: it fails only with the store, which has a column of its own.");
    private static readonly Rule GivesBack = new("given back in the store", "The step only gives back what it has, and is its commit: it fails only with the store, which has a column of its own.");
    private static readonly Rule OnlyAccepted = new("accept has no step", "At its accept a task has no step to be done twice, to fail, or to be stopped: that is the first step's row.");
    private static readonly Rule NothingTakesOver = new("nothing takes over", "The conflict table has no kind that takes over from this one.");
    private static readonly Rule NoSecond = new("nobody drives it yet", "A second activation needs a first: nobody drives a task before it is accepted.");

    /// <summary>Why the cell cannot be run; null: it can.</summary>
    public static NotApplicable? Find(MatrixCell cell) =>
        StartOf(cell) ?? (cell.Point.IsAccept ? AtAccept(cell) : AtStep(cell)) ?? (cell is { Fault: MatrixFault.Supersede, By: null } ? new(NothingTakesOver) : null);

    /// <summary>Whether a plan leaves a step, or its undo, out when a task starts in a vm_state; the detail says why.</summary>
    public static string? LeavesOut(Step step, VmState from, Direction direction)
    {
        if (step.OnlyFrom?.Contains(from) == false)
        {
            return $"only from {Names(step.OnlyFrom)}";
        }

        if (step.OnlyWithHost && from == VmState.ShelvedOffloaded)
        {
            return "only with a host";
        }

        return direction == Direction.Undo && step.UndoOnlyFrom?.Contains(from) == false ? $"undone only from {Names(step.UndoOnlyFrom)}" : null;
    }

    /// <summary>What turns a task round at or after a step, so that the step is undone; null: nothing does.</summary>
    public static Turn? TurnFor(Plan plan, int index, VmState from)
    {
        bool CanFail(int i) => i < plan.PointOfNoReturn && plan.Steps[i].OnExhausted == Exhausted.Undo && LeavesOut(plan.Steps[i], from, Direction.Do) is null;
        var after = Enumerable.Range(index + 1, plan.Steps.Count - index - 1).LastOrDefault(CanFail, -1);
        if (after >= 0)
        {
            return new(after, ByCancel: false);
        }

        // A cancel that waits for the step's end undoes a step that is done; its failure, one that may not be.
        return index < plan.PointOfNoReturn && plan.Steps[index] is { OnHost: true, Cancel: Cancellability.NextSafePoint } ? new(index, ByCancel: true)
            : CanFail(index) && plan.Steps[index].OnHost ? new(index, ByCancel: false)
            : null;
    }

    private static NotApplicable? StartOf(MatrixCell cell) =>
        !cell.Plan.OnInstance ? new(NoInstance) : cell.Kind != TaskKinds.Create && cell.Start is null ? new(NobodyRestsThere, ServerStatus.WireName(cell.Row.From)) : null;

    private static NotApplicable? AtAccept(MatrixCell cell) => cell.Fault switch
    {
        MatrixFault.SecondActivation => new(NoSecond),
        MatrixFault.RunTwice or MatrixFault.Fail or MatrixFault.CrashBeforeEffect or MatrixFault.CrashAfterEffect or MatrixFault.LateReply => new(OnlyAccepted),
        MatrixFault.Cancel or MatrixFault.Pause or MatrixFault.Supersede => new(OnlyAccepted),
        _ => null,
    };

    private static NotApplicable? AtStep(MatrixCell cell)
    {
        var step = cell.Step!;
        if (LeavesOut(step, cell.Origin, Direction.Do) is { } skipped)
        {
            return new(LeftOut, skipped);
        }

        if (cell.Point.IsUndo && AtUndo(cell, step) is { } found)
        {
            return found;
        }

        return cell.IsControl && MatrixFaults.NeedsWorker(cell.Fault) ? new(NoWorker)
            : cell.Fault == MatrixFault.Fail && step.Control == ControlWork.LeaveHost ? new(GivesBack)
            : null;
    }

    private static NotApplicable? AtUndo(MatrixCell cell, Step step)
    {
        if (cell.Point.Index >= cell.Plan.PointOfNoReturn)
        {
            return new(NeverUndone);
        }

        if (step is { OnHost: true, Undo: null })
        {
            return new(NoUndo, step.NoUndoBecause);
        }

        return LeavesOut(step, cell.Origin, Direction.Undo) is { } skipped ? new(LeftOut, skipped)
            : cell.Turn is null ? new(NoTurn)
            : cell is { IsControl: true, Fault: MatrixFault.Fail } ? new(CommitCannotFail)
            : null;
    }

    private static string Names(IEnumerable<VmState> states) => string.Join(", ", states.Select(ServerStatus.WireName));
}
