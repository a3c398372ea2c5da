using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>The result of a transaction, and the operations to wait for, in the order in which it named them.</summary>
internal readonly record struct Watched<T>(T Result, IReadOnlyList<Task<OperationEnd>> Ends);

/// <summary>
/// A world's file, open in this process. One thread owns the connection and runs what callers hand it, several at a time in one
/// transaction, so that callers never block a pool thread on another process's lock. The same thread ends what is due and
/// wakes those who wait, also for operations of other processes.
/// </summary>
internal sealed partial class WorldFile : IDisposable
{
    private const int MaxBatch = 128;

    /// <summary>How late an end that another process causes (abort, fence, moved clock) is seen here.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly BlockingCollection<WorldWork> queue = [];
    private readonly WorldWaiters waiters = new();
    private readonly WorldSession session;
    private readonly ILogger logger;
    private readonly ITimer timer;
    private readonly Thread thread;
    private int closed;

    private WorldFile(WorldSession session, TimeProvider time, ILogger logger)
    {
        this.session = session;
        this.logger = logger;
        timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        thread = new Thread(Work) { IsBackground = true, Name = "simulated-world" };
        thread.Start();
    }

    public static WorldFile Open(string path, bool create, TimeProvider time, ILogger logger) =>
        new(new WorldSession(WorldSchema.Open(path, create), time), time, logger);

    /// <summary>Runs the work in a transaction; the answer comes after its commit. The work may run twice and must touch nothing but the session.</summary>
    public async Task<T> RunAsync<T>(Func<WorldSession, T> work) => (await RunAndWatchAsync(work, static _ => [])).Result;

    /// <summary>As <see cref="RunAsync"/>; also watches operations that the result names as under way, without missing their end.</summary>
    public Task<Watched<T>> RunAndWatchAsync<T>(Func<WorldSession, T> work, Func<T, IReadOnlyList<long>> underWay)
    {
        var item = new WorldWork<T>(work, underWay);
        try
        {
            queue.Add(item);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(WorldFile), "The simulated world was closed.");
        }

        return item.Task;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
        {
            return;
        }

        timer.Dispose();
        queue.CompleteAdding();
        thread.Join();
        waiters.FailAll(new ObjectDisposedException(nameof(WorldFile), "The simulated world was closed. Operations under way go on."));
        session.Dispose();
        queue.Dispose();
    }

    private void Wake()
    {
        try
        {
            queue.TryAdd(WorldWork.Look);
        }
        catch (InvalidOperationException)
        {
            // Closed between the timer's tick and here (also ObjectDisposedException): nobody waits any more.
        }
    }

    private void Work()
    {
        var batch = new List<WorldWork>(MaxBatch);
        foreach (var first in queue.GetConsumingEnumerable())
        {
            batch.Clear();
            for (var next = first; next is not null; next = batch.Count < MaxBatch && queue.TryTake(out var more) ? more : null)
            {
                if (next != WorldWork.Look)
                {
                    batch.Add(next);
                }
            }

            RunBatch(batch);
            LookAtEnds();
        }
    }

    private void RunBatch(List<WorldWork> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        if (TryCommit(batch) is { } error)
        {
            if (batch.Count == 1)
            {
                batch[0].Fail(error);
                return;
            }

            // One of them is at fault, and the transaction is rolled back: each again alone, so that only that one fails.
            foreach (var work in batch)
            {
                RunBatch([work]);
            }

            return;
        }

        foreach (var work in batch)
        {
            work.Complete(waiters);
        }
    }

    private Exception? TryCommit(List<WorldWork> batch)
    {
        try
        {
            session.Begin();
            foreach (var work in batch)
            {
                work.Run(session);
            }

            session.Commit();
            return null;
        }
        catch (Exception e)
        {
            return Undo(e);
        }
    }

    private Exception Undo(Exception cause)
    {
        try
        {
            session.Rollback();
            return cause;
        }
        catch (Exception e)
        {
            return new AggregateException(cause, e);
        }
    }

    /// <summary>Ends what is due, if somebody here waits, and tells the waiters of every end since the last look.</summary>
    private void LookAtEnds()
    {
        if (waiters.Count == 0)
        {
            return;
        }

        var wait = Poll;
        try
        {
            var now = session.ReadClock();
            if (session.NextDue() <= now)
            {
                Settle();
            }

            waiters.Complete(session.EndedAfter(waiters.LastEnded));
            if (session.NextDue() is { } due)
            {
                wait = TimeSpan.FromMilliseconds(Math.Clamp(due - now, 1, Poll.TotalMilliseconds));
            }
        }
        catch (Exception e)
        {
            LogLookFailed(logger, e);
        }

        if (waiters.Count > 0)
        {
            timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private void Settle()
    {
        session.Begin();
        try
        {
            session.SettleAll();
            session.Commit();
        }
        catch (Exception)
        {
            session.Rollback();
            throw;
        }
    }
}
