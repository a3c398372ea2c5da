namespace InstanceTasks.Engine;

/// <summary>What a store counts at a parent when a task is written; one rule for every store.</summary>
public static class ChildCounting
{
    /// <summary>The change, and whose; null: nothing is counted.</summary>
    public static (TaskId Parent, ChildCounts Change)? Of(TaskRecord after)
    {
        var (first, last) = (after.Seq == 1, after.IsEnded);
        return after.Parent is not { } parent || (!first && !last) ? null : (parent, new(
            first ? 1 : 0,
            last && after.Outcome == TaskOutcome.Succeeded ? 1 : 0,
            last && after.Outcome is not (TaskOutcome.Succeeded or TaskOutcome.Canceled) ? 1 : 0,
            last && after.Outcome == TaskOutcome.Canceled ? 1 : 0));
    }

    /// <summary>Counts after a change.</summary>
    public static ChildCounts Plus(ChildCounts counts, ChildCounts change) =>
        new(counts.Started + change.Started, counts.Succeeded + change.Succeeded, counts.Failed + change.Failed, counts.Canceled + change.Canceled);
}
