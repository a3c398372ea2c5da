namespace InstanceTasks.Engine;

/// <summary>What a command on a task would do now.</summary>
/// <param name="Kind">The command.</param>
/// <param name="Effect">What would happen; null when it would be refused.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="NeedsReason">Whether it must come with a reason.</param>
public sealed record CommandOffer(TaskCommandKind Kind, string? Effect, Refusal? Refusal, bool NeedsReason)
{
    /// <summary>Whether it would be accepted.</summary>
    public bool Allowed => Refusal is null;
}

/// <summary>Says of every command what it would do now. Pure; decided by the same rules as the command itself.</summary>
public static class CommandOffers
{
    private static readonly TaskCommandKind[] All = Enum.GetValues<TaskCommandKind>();

    /// <summary>The offers, in the order of the commands; none for a task that this release cannot read.</summary>
    public static IReadOnlyList<CommandOffer> Of(TaskRecord task, Caller caller, DateTimeOffset now)
    {
        try
        {
            var plan = PlanRegistry.Of(task);
            return [.. All.Select(kind => Of(task, plan, kind, caller, now))];
        }
        catch (UndecodableTaskException)
        {
            return [];
        }
    }

    private static CommandOffer Of(TaskRecord task, Plan plan, TaskCommandKind kind, Caller caller, DateTimeOffset now)
    {
        var needsReason = kind is TaskCommandKind.Skip or TaskCommandKind.Done;
        if (kind == TaskCommandKind.Retry && task.IsEnded)
        {
            var refusal = Retries.Check(task);
            return new(kind, refusal is null ? "a new task does it again" : null, refusal, needsReason);
        }

        // Reason and priority only stand for some: what is asked is whether there is anything to decide.
        var other = TaskPriorities.Of(task) == TaskPriorities.Lowest ? TaskPriorities.Normal : TaskPriorities.Lowest;
        var rule = CommandRules.Decide(task, plan, new() { Id = Guid.Empty, Kind = kind, Caller = caller, Reason = "why", Priority = other }, now);
        return new(kind, rule.Effect, rule.Refusal, needsReason);
    }
}
