namespace InstanceTasks.Bench.Limits;

/// <summary>What a bare lane writes for one commit: an event row and the task's row; at both ends of the task also the instance's.</summary>
/// <param name="Task">The task.</param>
/// <param name="Seq">1: the row is new.</param>
/// <param name="Ended">Whether it is the last.</param>
/// <param name="Instance">The instance.</param>
/// <param name="ExpectedVersion">The instance's row goes from this version to the next; null: it is not touched.</param>
internal sealed record BareCommit(string Task, long Seq, bool Ended, string Instance, long? ExpectedVersion);

/// <summary>The database as a task engine uses it, with no engine: whoever writes the rows, and how many transactions that took.</summary>
internal interface IBareLane : IAsyncDisposable
{
    Task AddInstanceAsync(string id);

    Task CommitAsync(BareCommit commit);
}

/// <summary>The rows' contents: as long as those of real tasks of five steps.</summary>
internal static class BareRows
{
    public static readonly string TaskBody = new('t', 1500);
    public static readonly string EventBody = new('e', 210);
    public static readonly string InstanceBody = new('i', 700);
}
