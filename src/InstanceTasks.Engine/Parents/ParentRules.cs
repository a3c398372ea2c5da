namespace InstanceTasks.Engine;

/// <summary>What a parent does next, from its record and the counts of its children. Pure.</summary>
internal static class ParentRules
{
    /// <summary>So many children are asked for in one go; a command to the parent waits no longer than that takes.</summary>
    public const int Round = 50;

    private const int ReasonsKept = 100;

    /// <summary>How many children to ask for now.</summary>
    public static int StartNow(ChildrenRecord children, ChildCounts counts) =>
        Math.Max(0, Math.Min(Math.Min(Round, children.Concurrency - counts.Open), children.Total - children.Next));

    /// <summary>Whether every child has been asked for, and those that came to be have ended.</summary>
    public static bool AllOver(ChildrenRecord children, ChildCounts counts) => children.Next >= children.Total && counts.Open <= 0;

    /// <summary>Why the rest is not begun and what runs is stopped; null: the budget is not spent.</summary>
    public static Failure? BudgetSpent(ChildrenRecord children, ChildCounts counts) =>
        children.FailureBudget is { } budget && Bad(children, counts) > budget
            ? new(FailureKinds.Children, $"{Tally(children, counts)}: more than the {budget} that may.", Details: Reasons(children))
            : null;

    /// <summary>What the parent fails with at the end; null: nothing.</summary>
    public static Failure? FailureOfEnd(ChildrenRecord children, ChildCounts counts) =>
        Bad(children, counts) > (children.FailureBudget ?? 0) ? new(FailureKinds.Children, $"{Tally(children, counts)}.", Details: Reasons(children)) : null;

    /// <summary>The quota of creates that never came to be, to be given back.</summary>
    public static IReadOnlyList<QuotaChange> Unused(TaskRecord parent, int started)
    {
        if (parent.Children is not { Template: { } template } children || started >= children.Total)
        {
            return [];
        }

        var count = started - children.Total;
        return [new QuotaChange(parent.Project, count, count * template.Flavor.Vcpus, count * template.Flavor.RamMb)];
    }

    /// <summary>The request for a child. Whoever asks again asks for the same task.</summary>
    /// <param name="parent">The parent.</param>
    /// <param name="index">Which child, from 0.</param>
    /// <param name="userData">The user data of servers to make, as it was sealed for the parent; each server keeps it beside itself.</param>
    public static SubmitTask RequestOf(TaskRecord parent, int index, byte[]? userData = null)
    {
        var children = parent.Children!;
        return new()
        {
            Task = ChildIds.TaskOf(parent.Id, index), Kind = children.Kind, Instance = children.InstanceOf(parent.Id, index),
            Request = parent.Request, Caller = CallerOf(parent), Parameters = children.Parameters, QueueWhenBusy = children.QueueWhenBusy, Priority = parent.Priority,
            NewInstance = children.MakesInstances ? children.NewInstance(parent.Id, index) : null,
            Parent = new ParentRef(parent.Id, index, parent.Seq),
            Secrets = userData is null ? [] : new() { [SecretNames.UserData] = userData },
        };
    }

    /// <summary>The request that removes what a child has made; it takes over from a create that still runs.</summary>
    public static SubmitTask RemovalOf(TaskRecord parent, int index) => new()
    {
        Task = ChildIds.RemovalOf(parent.Id, index), Kind = TaskKinds.Delete, Instance = parent.Children!.InstanceOf(parent.Id, index),
        Request = parent.Request, Caller = CallerOf(parent), Parent = new ParentRef(parent.Id, index, parent.Seq),
    };

    /// <summary>A command that is passed on to a child; passed on again it is the same.</summary>
    public static TaskCommand CommandOf(TaskRecord parent, TaskCommandKind kind, Guid cause, int index) => new()
    {
        Id = ChildIds.Of(cause, "command", index), Kind = kind, Caller = CallerOf(parent), Reason = $"asked of the parent task {parent.Id}",
    };

    public static TaskRecord Moved(TaskRecord task, ChildrenMoved e)
    {
        var children = task.Children!;
        var reasons = children.RefusedBecause.Concat(e.Refused).OrderBy(r => r.Key).Take(ReasonsKept).ToDictionary();
        return task with
        {
            Children = children with
            {
                Next = e.Next ?? children.Next, Refused = children.Refused + e.Refused.Count, RefusedBecause = e.Refused.Count == 0 ? children.RefusedBecause : reasons,
                Created = e.Created ?? children.Created, Removed = e.Removed ?? children.Removed,
            },
        };
    }

    // Whoever may ask for the parent may ask for the children: the API has looked.
    private static Caller CallerOf(TaskRecord parent) => new(parent.User, parent.Project, IsAdmin: parent.Parameters.ContainsKey(TaskParameters.ByAdmin));

    private static int Bad(ChildrenRecord children, ChildCounts counts) => counts.Failed + counts.Canceled + children.Refused;

    private static string Tally(ChildrenRecord children, ChildCounts counts) => string.Join(
        ", ",
        new[] { (counts.Failed, "failed"), (counts.Canceled, "were canceled"), (children.Refused, "were refused") }.Where(p => p.Item1 > 0).Select(p => $"{p.Item1} of {children.Total} tasks {p.Item2}"));

    private static string? Reasons(ChildrenRecord children) =>
        children.RefusedBecause.Count == 0 ? null : string.Join("; ", children.RefusedBecause.OrderBy(r => r.Key).Take(5).Select(r => $"task {r.Key} was refused: {r.Value}"));
}
