using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>A field of a task at two moments.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Before">Its value at the earlier moment; null: there was no such field.</param>
/// <param name="After">Its value at the later one.</param>
public sealed record FieldChange(string Name, string? Before, string? After)
{
    /// <summary>Whether it is another.</summary>
    public bool Differs => Before != After;
}

/// <summary>A task as it was after one of its commits: the fold of its events up to there, by the machine that the engine itself uses.</summary>
public static class TaskAsOf
{
    /// <summary>The task after its first commits.</summary>
    /// <param name="rows">All of its commits, in order.</param>
    /// <param name="seq">The number of the last one that counts.</param>
    public static TaskRecord Of(IReadOnlyList<StoredEvents> rows, long seq) => TaskMachine.Fold(rows.Where(r => r.Seq <= seq).Select(r => r.Events));

    /// <summary>What there is to know of it. Where machines are, and details of failures, are for those who may see what is stored.</summary>
    public static IReadOnlyList<(string Name, string Value)> Fields(TaskRecord task, bool withHosts)
    {
        List<(string, string?)> fields =
        [
            ("State", Wording.Words(task.State)),
            ("Phase", task.Phase.ToString().ToLowerInvariant()),
            ("Intent", task.Intent == TaskIntent.None ? null : task.Intent.ToString().ToLowerInvariant()),
            ("Step", StepOf(task)),
            ("Failed attempts of it", task.FailedAttempts == 0 ? null : $"{task.FailedAttempts}"),
            ("Waits for", withHosts || task.Wait is null ? task.WaitReason : Wording.Words(task.Wait.Limit)),
            ("Not before", task.NotBefore is { } time ? Wording.Exact(time) : null),
            ("Turn", task.Turn == 0 ? null : $"{task.Turn}"),
            ("Epoch", $"{task.Epoch}"),
            ("Owner", task.Generation == 0 ? null : $"generation {task.Generation}"),
            ("Must fence first", task.MustFence ? "yes" : null),
            ("Power", task.Power?.ToString().ToLowerInvariant()),
            ("Host", withHosts ? task.Host?.Value : null),
            ("Nova's task_state", task.TaskState),
            ("Priority", $"{TaskPriorities.Of(task)}"),
            ("Failure", task.Failure is { } failure ? $"{failure.Kind}: {failure.Message}" : null),
            ("Superseded by", task.SupersededBy?.ToString()),
            ("Children asked for", task.Children is { } children ? $"{children.Next} of {children.Total}" : null),
        ];
        fields.AddRange(task.Steps.Select(s => (s.Direction == Direction.Do ? $"{s.Name}" : $"{s.Name}, undo", (string?)$"{s.Result ?? "under way"}, {Wording.Count(s.Attempts, "attempt")} ended")));
        return [.. fields.Where(f => f.Item2 is not null).Select(f => (f.Item1, f.Item2!))];
    }

    /// <summary>Two moments beside each other, in the order of the later one.</summary>
    public static IReadOnlyList<FieldChange> Compare(TaskRecord? before, TaskRecord after, bool withHosts)
    {
        var old = before is null ? [] : Fields(before, withHosts).ToDictionary(f => f.Name, f => f.Value);
        var now = Fields(after, withHosts);
        var gone = old.Keys.Except(now.Select(f => f.Name));
        return [.. now.Select(f => new FieldChange(f.Name, old.GetValueOrDefault(f.Name), f.Value)), .. gone.Select(n => new FieldChange(n, old[n], null))];
    }

    private static string? StepOf(TaskRecord task)
    {
        var plan = PlanRegistry.Find(task.Kind, task.PlanVersion);
        return task.IsEnded || plan is null || task.Step < 0 || task.Step >= plan.Steps.Count ? null : $"{task.Step + 1} of {plan.Steps.Count}: {plan.Steps[task.Step].Name}";
    }
}
