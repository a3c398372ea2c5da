using static InstanceTasks.TaskIntent;
using static InstanceTasks.TaskOutcome;
using static InstanceTasks.TaskPhase;
using static InstanceTasks.TaskRun;

namespace InstanceTasks.Engine;

/// <summary>The one table that decides which change of a task's state is legal. Recovery replays the same rows.</summary>
public static class TaskTransitions
{
    /// <summary>The shapes in which a task can come to be.</summary>
    public static IReadOnlyList<TaskShape> Initial { get; } =
    [
        new(Forward, Running, TaskIntent.None, TaskOutcome.None, true),
        new(Forward, Queued, TaskIntent.None, TaskOutcome.None, false),
        new(Forward, Waiting, TaskIntent.None, TaskOutcome.None, false),
        new(Forward, Ended, TaskIntent.None, Succeeded, false),
    ];

    /// <summary>The table, one row per trigger.</summary>
    public static IReadOnlyList<TaskTransition> All { get; } =
    [
        new(TaskTrigger.Grant, s => s is { Run: Queued or Waiting, HasMachine: false }, s => s with { Run = Running, HasMachine = true }),
        new(TaskTrigger.Claim, s => HasWork(s), s => s),
        new(TaskTrigger.StepEnds, Works, s => s with { Run = Running }),
        new(TaskTrigger.AttemptFails, Works, s => s with { Run = Waiting }),
        new(TaskTrigger.Wait, Works, s => s with { Run = Waiting }),
        new(TaskTrigger.Proceed, s => Works(s) && s.Run == Waiting, s => s with { Run = Running }),
        new(TaskTrigger.RefuseHost, s => Works(s) && s.Phase == Forward, s => s with { Run = Running }),
        new(TaskTrigger.AskPause, s => Works(s) && s is { Phase: Forward, Intent: TaskIntent.None }, s => s with { Intent = Pause }),
        new(TaskTrigger.AskCancel, s => HasWork(s) && s is { Phase: Forward, Intent: TaskIntent.None or Pause }, s => s with { Run = Moving(s.Run), Intent = Cancel }),
        new(TaskTrigger.Supersede, HasWork, s => s with { Run = Moving(s.Run), Intent = TaskIntent.Supersede }),
        new(TaskTrigger.TakeBack, s => Works(s) && s.Intent == Pause, s => s with { Intent = TaskIntent.None }),
        new(TaskTrigger.ReachPause, s => Works(s) && s is { Phase: Forward, Intent: Pause }, s => s with { Run = Paused, Intent = TaskIntent.None }),
        new(TaskTrigger.Resume, s => s is { Run: Paused, Outcome: TaskOutcome.None }, s => s with { Run = Running }),
        new(TaskTrigger.BeginUndo, s => Works(s) && s.Phase == Forward, s => s with { Phase = Undo, Run = Running }),
        new(TaskTrigger.NeedAttention, s => Works(s) && s.Intent != TaskIntent.Supersede, s => s with { Run = Paused, Intent = TaskIntent.None, Outcome = NeedsAttention, HasMachine = false }),
        new(TaskTrigger.Decide, s => s.Outcome == NeedsAttention, s => s with { Run = Waiting, Outcome = TaskOutcome.None }),
        new(TaskTrigger.Succeed, s => Works(s) && s is { Phase: Forward, Intent: TaskIntent.None or Pause }, s => End(s, Succeeded)),
        new(TaskTrigger.Fail, s => s.Run != Ended && s.Intent != TaskIntent.Supersede, s => End(s, Failed)),
        new(TaskTrigger.EndCanceled, s => s.Run != Ended, s => End(s, Canceled)),
    ];

    /// <summary>Every shape that can be reached from the initial ones by the table; computed once, breadth first.</summary>
    public static IReadOnlyList<TaskShape> Reachable { get; } = Search();

    /// <summary>Where a trigger leads.</summary>
    /// <exception cref="IllegalTransitionException">The table does not allow it.</exception>
    public static TaskShape Next(TaskShape shape, TaskTrigger trigger)
    {
        var row = All[(int)trigger];
        return row.Sources(shape) ? row.Destination(shape) : throw IllegalTransitionException.For(trigger, shape);
    }

    /// <summary>Whether the table allows a trigger.</summary>
    public static bool Allows(TaskShape shape, TaskTrigger trigger) => All[(int)trigger].Sources(shape);

    /// <summary>The reachable shapes from which a trigger is legal.</summary>
    public static IEnumerable<TaskShape> SourcesOf(TaskTrigger trigger) => Reachable.Where(All[(int)trigger].Sources);

    private static bool HasWork(TaskShape s) => s is { HasMachine: true, Run: Running or Waiting or Paused };

    private static bool Works(TaskShape s) => s is { HasMachine: true, Run: Running or Waiting };

    // A paused task that is canceled or superseded must move to reach its end.
    private static TaskRun Moving(TaskRun run) => run == Paused ? Running : run;

    private static TaskShape End(TaskShape s, TaskOutcome outcome) => s with { Run = Ended, Intent = TaskIntent.None, Outcome = outcome, HasMachine = false };

    private static List<TaskShape> Search()
    {
        var seen = new List<TaskShape>(Initial);
        for (var i = 0; i < seen.Count; i++)
        {
            foreach (var row in All.Where(r => r.Sources(seen[i])))
            {
                var next = row.Destination(seen[i]);
                if (!seen.Contains(next))
                {
                    seen.Add(next);
                }
            }
        }

        return seen;
    }
}
