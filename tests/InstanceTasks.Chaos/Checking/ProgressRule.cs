namespace InstanceTasks.Chaos.Checking;

/// <summary>How long a task was without a commit, from one to the next, by the database's clock.</summary>
/// <param name="Task">The task.</param>
/// <param name="After">The number of the commit after which nothing came.</param>
/// <param name="Time">How long.</param>
internal sealed record Stall(Guid Task, long After, TimeSpan Time);

/// <summary>Nobody waits long, also while faults strike: whatever holds a task up is found out, and somebody goes on with it.</summary>
internal static class ProgressRule
{
    /// <summary>
    /// A fault lasts up to 15 s; a silo that asks one that is silent gives up after 13 s, and what a client asked for is asked again for 15 s more. With the next fault, which may come at once, there is a
    /// quarter of that to spare. Without faults a commit follows the one before within a second.
    /// </summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    /// <summary>The longest stall of each task.</summary>
    public static IEnumerable<Stall> Longest(History history) => history.Stream.GroupBy(e => e.Task).Select(task => LongestOf([.. task]));

    public static IEnumerable<string> Stalled(History history)
    {
        var tasks = history.Tasks.ToDictionary(t => t.Id);
        return Longest(history).Where(s => s.Time > Bound).Select(s => $"{tasks.GetValueOrDefault(s.Task)?.Kind} {s.Task} was without progress for {s.Time.TotalSeconds:0.0} s after commit {s.After}");
    }

    private static Stall LongestOf(List<StoredEvent> commits) => commits
        .Zip(commits.Skip(1), (one, next) => new Stall(one.Task, one.Seq, next.At - one.At))
        .Append(new(commits[0].Task, commits[0].Seq, TimeSpan.Zero))
        .MaxBy(s => s.Time)!;
}
