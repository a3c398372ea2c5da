namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>Something to run on a world's thread, in a transaction that it may share with others.</summary>
internal abstract class WorldWork
{
    /// <summary>Nothing to run: only look for ends.</summary>
    public static WorldWork Look { get; } = new WorldWork<int>(static _ => 0, static _ => []);

    /// <summary>Inside the transaction; again when the transaction was rolled back for another's sake.</summary>
    public abstract void Run(WorldSession session);

    /// <summary>After the commit.</summary>
    public abstract void Complete(WorldWaiters waiters);

    /// <summary>Instead of the commit.</summary>
    public abstract void Fail(Exception error);
}

/// <inheritdoc/>
internal sealed class WorldWork<T>(Func<WorldSession, T> work, Func<T, IReadOnlyList<long>> underWay) : WorldWork
{
    private readonly TaskCompletionSource<Watched<T>> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? result;
    private long lastEnded;

    public Task<Watched<T>> Task => done.Task;

    public override void Run(WorldSession session)
    {
        result = work(session);
        lastEnded = underWay(result).Count > 0 ? session.LastEnded() : 0;
    }

    public override void Complete(WorldWaiters waiters) =>
        done.SetResult(new Watched<T>(result!, [.. underWay(result!).Select(id => waiters.Add(id, lastEnded))]));

    public override void Fail(Exception error) => done.SetException(error);
}

/// <summary>Who waits for which operation. Used on the world's thread only.</summary>
internal sealed class WorldWaiters
{
    private readonly Dictionary<long, TaskCompletionSource<OperationEnd>> waiting = [];

    public int Count => waiting.Count;

    /// <summary>Ends up to this number have been told.</summary>
    public long LastEnded { get; private set; }

    /// <summary>Waits for an operation that was under way when the newest end was this one.</summary>
    public Task<OperationEnd> Add(long operation, long lastEnded)
    {
        if (waiting.Count == 0)
        {
            // Nobody waited: ends until then are nobody's here and are not read again.
            LastEnded = lastEnded;
        }

        if (!waiting.TryGetValue(operation, out var source))
        {
            source = new TaskCompletionSource<OperationEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Add(operation, source);
        }

        return source.Task;
    }

    public void Complete(List<(long Number, long Operation, OperationEnd End)> ends)
    {
        foreach (var (number, operation, end) in ends)
        {
            LastEnded = number;
            if (waiting.Remove(operation, out var source))
            {
                source.SetResult(end);
            }
        }
    }

    public void FailAll(Exception error)
    {
        foreach (var source in waiting.Values)
        {
            source.SetException(error);

            // The waiter may have left (its token); an exception that nobody reads is not news then.
            _ = source.Task.Exception;
        }

        waiting.Clear();
    }
}
