using InstanceTasks.TestKit;

namespace InstanceTasks.Bench.Recovery;

/// <summary>Tasks that were in the middle of a step when their process was killed, and when each came to its next: by the rows of world and store themselves.</summary>
internal sealed class Interrupted(string directory) : SqliteReader(StoreReader.OpenerOf(directory))
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // When something happened is read from its row: how often one looks changes nothing but the load.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(500);

    private readonly WorldReader _world = new(directory);

    /// <summary>The tasks with an operation under way that this process began.</summary>
    public IReadOnlyCollection<Guid> Of(int process) => [.. _world.ReadUnfinished().Where(o => o.Process == process).Select(o => o.Task).Distinct()];

    /// <summary>Operations under way of other processes.</summary>
    public IReadOnlyCollection<long> OfOthers(int process) => [.. _world.ReadUnfinished().Where(o => o.Process != process).Select(o => o.Id)];

    /// <summary>How many of these operations were ended from outside.</summary>
    public int Disturbed(IReadOnlyCollection<long> operations) => _world.ReadAllOperations().Count(o => operations.Contains(o.Id) && o.State is not ("begun" or "done"));

    /// <summary>For each task the milliseconds from a moment to its next step: a new operation of it, or the commit of an outcome.</summary>
    public async Task<double[]> NextStepsAsync(IReadOnlyCollection<Guid> tasks, DateTimeOffset from)
    {
        var next = new Dictionary<Guid, DateTimeOffset>();
        await Eventually.TrueAsync(
            () => (next = Next(tasks.ToHashSet(), from)).Count == tasks.Count,
            Patience,
            "every task has come to its next step",
            () => $"{next.Count} of {tasks.Count}: without {string.Join(", ", tasks.Except(next.Keys).Take(10))}",
            BetweenLooks);
        return [.. next.Values.Select(at => (at - from).TotalMilliseconds).Order()];
    }

    /// <summary>When the first and the last of the tasks was claimed by another owner, in milliseconds from a moment.</summary>
    public (double First, double Last) Claims(IReadOnlyCollection<Guid> tasks, DateTimeOffset from)
    {
        var claims = Query(
            "SELECT task_id, min(at) FROM task_events WHERE at > @from AND types LIKE '%claimed%' GROUP BY task_id",
            r => (Task: Guid.Parse(r.GetString(0)), At: DateTimeOffset.UnixEpoch.AddMicroseconds(r.GetInt64(1))),
            ("@from", (long)(from - DateTimeOffset.UnixEpoch).TotalMicroseconds)).Where(c => tasks.Contains(c.Task)).Select(c => Math.Round((c.At - from).TotalMilliseconds)).ToList();
        return (claims.Min(), claims.Max());
    }

    private Dictionary<Guid, DateTimeOffset> Next(HashSet<Guid> tasks, DateTimeOffset from)
    {
        var begun = _world.ReadAllOperations().Where(o => o.BegunAt > from).Select(o => (o.Task, At: o.BegunAt));
        var outcomes = Query(
            "SELECT task_id, at FROM task_events WHERE at > @from AND (types LIKE '%step_done%' OR types LIKE '%ended%')",
            r => (Task: Guid.Parse(r.GetString(0)), At: DateTimeOffset.UnixEpoch.AddMicroseconds(r.GetInt64(1))),
            ("@from", (long)(from - DateTimeOffset.UnixEpoch).TotalMicroseconds));
        return begun.Concat(outcomes).Where(e => tasks.Contains(e.Task)).GroupBy(e => e.Task).ToDictionary(g => g.Key, g => g.Min(e => e.At));
    }
}
