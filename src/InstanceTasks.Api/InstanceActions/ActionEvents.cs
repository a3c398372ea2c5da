namespace InstanceTasks.Api.InstanceActions;

/// <summary>One event of an instance action: a run of steps that Nova reports under one name.</summary>
internal sealed record ActionEvent(string Name, DateTimeOffset Start, DateTimeOffset? Finish, string? Result, HostName? Host, string? Details, string? Traceback)
{
    private const string Success = "Success";
    private const string Error = "Error";

    /// <summary>The events of a task, oldest first.</summary>
    public static IReadOnlyList<ActionEvent> Of(TaskRecord task)
    {
        var runs = Runs(task.Steps);
        return [.. runs.Select((run, i) => OfRun(task, run, isLast: i == runs.Count - 1))];
    }

    /// <summary>Whether nothing will follow by itself: ended, or somebody must decide.</summary>
    private static bool AtRest(TaskRecord task) => task.IsEnded || task.Outcome == TaskOutcome.NeedsAttention;

    private static List<List<StepRecord>> Runs(IEnumerable<StepRecord> steps)
    {
        var runs = new List<List<StepRecord>>();
        foreach (var step in steps.Where(s => s.NovaEvent is not null))
        {
            if (runs.Count > 0 && runs[^1][0].NovaEvent == step.NovaEvent)
            {
                runs[^1].Add(step);
            }
            else
            {
                runs.Add([step]);
            }
        }

        return runs;
    }

    /// <summary>The last run is under way until the task is at rest, also between two of its steps.</summary>
    private static ActionEvent OfRun(TaskRecord task, List<StepRecord> run, bool isLast)
    {
        var over = !isLast || AtRest(task);
        var failed = run.Find(s => s.Result == "failed");
        var result = !over ? null : failed is not null || (isLast && task.Outcome != TaskOutcome.Succeeded) ? Error : Success;
        var failure = result == Error ? failed?.Failure ?? task.Failure : null;
        return new(
            run[0].NovaEvent!,
            run[0].StartedAt,
            over ? run.Max(s => s.FinishedAt) ?? task.FinishedAt ?? task.UpdatedAt : null,
            result,
            run.FindLast(s => s.Host is not null)?.Host,
            failure?.Message,
            failure?.Details);
    }
}
