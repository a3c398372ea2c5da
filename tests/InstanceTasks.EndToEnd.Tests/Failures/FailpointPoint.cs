using InstanceTasks.Engine;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>One moment in the life of a task at which the process is to die.</summary>
/// <param name="Name">The failpoint.</param>
/// <param name="Kind">The kind of task.</param>
/// <param name="Step">The step, or the commit's name.</param>
/// <param name="Hit">At which hit.</param>
internal sealed record FailpointPoint(string Name, string Kind, string? Step = null, int Hit = 1)
{
    /// <summary>Whether the task is durable when the process dies here.</summary>
    public bool IsAfterAccept => Name != "commit-before" || Step is not (null or "accept");

    /// <summary>The steps on hosts that a task takes, from where the crash series let a task of the kind start.</summary>
    public static IReadOnlyList<Step> StepsOf(Plan plan) =>
        [.. plan.Steps.Where(s => s.OnHost && s.IsTakenFrom(ServerRequests.StartOf(plan.Kind.Name)))];

    /// <summary>The value of <see cref="Failpoints.Variable"/>.</summary>
    public override string ToString() => $"{Name}@{Kind}{(Step is null ? "" : $":{Step}")}{(Hit == 1 ? "" : $"#{Hit}")}";

    /// <summary>
    /// The points that a task of the kind passes without a crash: its plan says which steps, a task that ran through says how many step commits.
    /// </summary>
    public static IReadOnlyList<FailpointPoint> Of(string kind, int stepCommits)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind)) ?? throw new InvalidOperationException($"No plan for {kind}.");
        if (plan.IsOneCommit)
        {
            // Accept and end are one commit; it bears the kind's own name.
            return [new("commit-before", kind), new("commit-after", kind), new("accepted", kind)];
        }

        List<FailpointPoint> points = [new("commit-before", kind, "accept"), new("commit-after", kind, "accept"), new("accepted", kind)];
        // A control step has no effect of its own: what it does is in its commit.
        foreach (var step in StepsOf(plan))
        {
            points.Add(new("effect-before", kind, step.Name));
            points.Add(new("effect-after", kind, step.Name));
        }

        for (var n = 1; n <= stepCommits; n++)
        {
            points.Add(new("commit-before", kind, "step", n));
            points.Add(new("commit-after", kind, "step", n));
        }

        points.Add(new("commit-before", kind, "settle"));
        points.Add(new("commit-after", kind, "settle"));
        return points;
    }
}
