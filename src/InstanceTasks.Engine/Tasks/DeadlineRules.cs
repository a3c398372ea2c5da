using System.Globalization;

namespace InstanceTasks.Engine;

/// <summary>Decides what a deadline that has passed does. Pure.</summary>
internal static class DeadlineRules
{
    /// <summary>
    /// What follows: the task is stopped at its next safe point and undone, or ends at once if it has not begun. Null: nothing, because it
    /// has none, is past its point of no return, is being undone or stopped already, or an operator is to decide or has decided that it goes on.
    /// </summary>
    public static CommandRule? Decide(TaskRecord task, Plan plan, DateTimeOffset now)
    {
        if (task is not { DeadlineIn: { } time, IsEnded: false, Outcome: TaskOutcome.None } || SomebodyDecided(task))
        {
            return null;
        }

        if (task.Turn == 0)
        {
            return new([new TaskEnded { At = now, Outcome = TaskOutcome.Failed, Failure = FailureOf(time, "it had not begun") }], Settles: true, "", null);
        }

        var stops = TaskTransitions.Allows(TaskShape.Of(task), TaskTrigger.AskCancel) && task.Step < plan.PointOfNoReturn;
        return stops ? new([new DeadlinePassed { At = now, Failure = FailureOf(time, "what was done is undone") }], Settles: false, "", null) : null;
    }

    // The command of the repeat that a task itself is has the task's id.
    private static bool SomebodyDecided(TaskRecord task) =>
        task.Commands.Exists(c => c.Kind is TaskCommandKind.Retry or TaskCommandKind.Skip or TaskCommandKind.Done && c.Id != task.Id.Value);

    private static Failure FailureOf(TimeSpan time, string what) =>
        new(FailureKinds.Deadline, string.Create(CultureInfo.InvariantCulture, $"The task was not done within {time.TotalSeconds:0.###} seconds: {what}."));
}
