using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Checking;

/// <summary>A task's events and its effects in the world, compared with what its plan and the cell's ending allow.</summary>
internal sealed class HistoryCheck
{
    private readonly MatrixCell _cell;
    private readonly Expectation _right;
    private readonly TaskRecord _task;
    private readonly List<TaskEvent> _events;
    private readonly List<string> _problems = [];

    private HistoryCheck(MatrixCell cell, Expectation right, TaskRecord task, IReadOnlyList<StoredEvents> rows)
    {
        (_cell, _right, _task) = (cell, right, task);
        _events = [.. rows.SelectMany(r => r.Events)];
        CheckRows(rows);
    }

    /// <summary>What is wrong.</summary>
    public static IReadOnlyList<string> Find(MatrixCell cell, Expectation right, TaskRecord task, IReadOnlyList<StoredEvents> rows, IReadOnlyDictionary<string, long> effects)
    {
        var check = new HistoryCheck(cell, right, task, rows);
        check.CheckEnd();
        check.CheckClaims();
        check.CheckSteps();
        check.CheckEffects(effects);
        return check._problems;
    }

    private void Check(bool holds, Func<string> problem)
    {
        if (!holds)
        {
            _problems.Add($"history: {problem()}");
        }
    }

    private void CheckRows(IReadOnlyList<StoredEvents> rows)
    {
        Check(rows.Select(r => r.Seq).SequenceEqual(Enumerable.Range(1, rows.Count).Select(n => (long)n)), () => $"rows are numbered {string.Join(",", rows.Select(r => r.Seq))}");
        Check(rows.Zip(rows.Skip(1)).All(p => p.First.StreamId < p.Second.StreamId), () => "the stream's numbers do not rise");
        Check(EngineJson.Write(TaskMachine.Fold(rows.Select(r => r.Events))) == EngineJson.Write(_task), () => "the task is not what its events lead to");
    }

    private void CheckEnd()
    {
        var outcome = _right.Ending switch
        {
            Ending.Succeeded => TaskOutcome.Succeeded,
            Ending.Failed => TaskOutcome.Failed,
            _ => TaskOutcome.Canceled,
        };
        Check(_task.Outcome == outcome, () => $"it ended {_task.State}, right is {outcome}: {_task.Failure} {string.Join(" | ", _task.Steps.Select(s => $"{s.Name} {s.Direction} {s.Result} {s.Failure?.Message}"))}");
        Check(_events.Count(e => e is TaskAccepted) == 1 && _events[0] is TaskAccepted, () => "it was not accepted once, first of all");
        var ends = _cell.Plan.IsOneCommit ? 0 : 1;
        Check(_events.Count(e => e is TaskEnded) == ends && (ends == 0 || _events[^1] is TaskEnded), () => $"it ended {_events.Count(e => e is TaskEnded)} times, or something happened after its end");
        var held = _events.Count(e => e is AttentionNeeded);
        Check(held == (_right.NeedsAttention ? 1 : 0), () => $"it needed attention {held} times");
        Check(_right.Ending == Ending.Superseded == _task.SupersededBy is not null, () => $"superseded by {_task.SupersededBy?.ToString() ?? "nobody"}");
        Check(_right.Ending != Ending.Failed || _task.Failure is not null, () => "it failed without a failure");
    }

    private void CheckClaims()
    {
        var epochs = _events.OfType<TaskClaimed>().Select(c => c.Epoch).ToList();
        Check(epochs.Zip(epochs.Skip(1)).All(p => p.First < p.Second), () => $"claims have epochs {string.Join(",", epochs)}");
    }

    private void CheckSteps()
    {
        var forward = _events.OfType<StepDone>().Where(s => s.Direction == Direction.Do).ToList();
        var back = _events.OfType<StepDone>().Where(s => s.Direction == Direction.Undo).ToList();
        var count = _cell.Plan.Steps.Count;
        Check(forward.Select(s => s.Step).SequenceEqual(Enumerable.Range(0, forward.Count)), () => $"steps were done in the order {string.Join(",", forward.Select(s => s.Step))}");
        forward.ForEach(s => CheckSkipped(s, MayBeLeftOut(s)));
        if (_right.Ending == Ending.Succeeded)
        {
            Check(forward.Count == count && back.Count == 0, () => $"{forward.Count} of {count} steps were done and {back.Count} undone");
        }
        else if (_right.Ending is Ending.Failed or Ending.Canceled)
        {
            CheckWayBack(forward.Count, back);
        }
    }

    private void CheckWayBack(int done, List<StepDone> back)
    {
        var turns = _events.OfType<UndoBegun>().ToList();
        Check(turns.Count == 1, () => $"it turned round {turns.Count} times");
        var from = turns.FirstOrDefault()?.FromStep ?? -1;
        Check(from == done || from == done - 1, () => $"{done} steps were done, and undone from step {from}");
        Check(back.Select(s => s.Step).SequenceEqual(Enumerable.Range(0, from + 1).Reverse()), () => $"undone from step {from} in the order {string.Join(",", back.Select(s => s.Step))}");
        back.ForEach(s => CheckSkipped(s, HasNoUndo(_cell.Plan.Steps[s.Step])));
    }

    private void CheckSkipped(StepDone done, bool mayBe) =>
        Check(done.Skipped == mayBe, () => $"step {_cell.Plan.Steps[done.Step].Name} ({done.Direction}) was {(done.Skipped ? $"left out: {done.Note}" : "not left out")}");

    private bool MayBeLeftOut(StepDone done)
    {
        var gaveUp = _cell is { Fault: MatrixFault.Fail, Point.IsUndo: false } && _cell.Point.Index == done.Step && _cell.Step!.OnExhausted == Exhausted.GoOn;
        return gaveUp || MatrixRules.LeavesOut(_cell.Plan.Steps[done.Step], _cell.Origin, Direction.Do) is not null;
    }

    private bool HasNoUndo(Step step) =>
        step is { OnHost: true, Undo: null } || MatrixRules.LeavesOut(step, _cell.Origin, Direction.Do) is not null || MatrixRules.LeavesOut(step, _cell.Origin, Direction.Undo) is not null;

    /// <summary>Whatever was done on a host has happened there, once: a repeat is for a driver that cannot tell, which is one of the faults.</summary>
    private void CheckEffects(IReadOnlyDictionary<string, long> effects)
    {
        foreach (var done in _events.OfType<StepDone>().Where(s => !s.Skipped && _cell.Plan.Steps[s.Step].OnHost))
        {
            var key = new VerbKey(_task.Id, _cell.Plan.Steps[done.Step].Name, done.Direction).ToString();
            var expected = _cell.Fault == MatrixFault.RunTwice && done.Step == _cell.Point.Index && done.Direction == _cell.Point.Direction ? 2 : 1;
            Check(effects.GetValueOrDefault(key) == expected, () => $"{key} has happened {effects.GetValueOrDefault(key)} times, right is {expected}");
        }
    }
}
