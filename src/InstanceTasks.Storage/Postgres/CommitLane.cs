using System.Threading.Channels;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>
/// The process's one way to commit: takes what is waiting, applies it with one call in one transaction, and tells every caller his own
/// verdict. Between the call and its answer the client does nothing, so a process that is stopped in the middle holds no lock.
/// </summary>
/// <remarks>
/// A definite error is one that the server has said itself: the transaction is rolled back, and each commit is tried alone, so that only
/// the one at fault fails. After any other error the transaction may have been applied, or may still be: everyone is told so, and nothing
/// is repeated.
/// </remarks>
internal sealed partial class CommitLane : IAsyncDisposable
{
    private const int MaxAttempts = 4;
    private const int MaxRefusalsInARow = 3;

    // A connection that nobody has used for so long is tried before a batch depends on it.
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    private readonly Func<CancellationToken, Task<LaneSession>> _open;
    private readonly Action<IEnumerable<TaskRecord>> _onCommitted;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<LaneItem> _queue;
    private readonly BatchPlan _plan;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LaneSession? _session;
    private long _lastUsed;

    public CommitLane(
        Func<CancellationToken, Task<LaneSession>> open, Action<IEnumerable<TaskRecord>> onCommitted, PostgresStorageOptions options, TimeProvider time, ILogger logger)
    {
        (_open, _onCommitted, _time, _logger) = (open, onCommitted, time, logger);
        _queue = Channel.CreateBounded<LaneItem>(new BoundedChannelOptions(options.QueueLimit) { SingleReader = true });
        _plan = new(_queue.Reader, options.BatchLimit, options.BatchCharacters);
        // A thread of its own: everybody waits for this one, so its turn must not come after theirs, as it would in a pool that is busy with them.
        new Thread(Loop) { IsBackground = true, Name = "instancetasks-lane" }.Start();
    }

    /// <summary>How many transactions were committed.</summary>
    internal long Transactions { get; private set; }

    /// <summary>Tests only: the server's process that the lane uses; 0 when it has no connection.</summary>
    internal int ServerProcess => _session?.ServerProcess ?? 0;

    /// <summary>Tests only: awaited before a batch is sent.</summary>
    internal Func<Task>? BeforeBatch { get; set; }

    /// <summary>Hands a commit over and waits for its verdict. The token cancels only the hand-over: what the lane has will be done.</summary>
    /// <exception cref="CommitFailedException">Not applied.</exception>
    /// <exception cref="CommitOutcomeUnknownException">It may have been applied, or still be.</exception>
    public async Task<CommitResult> CommitAsync(PreparedCommit commit, CancellationToken cancellationToken)
    {
        var item = new LaneItem(commit);
        try
        {
            await _queue.Writer.WriteAsync(item, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new CommitFailedException("The store is closed.", e) { StoreUnavailable = true };
        }

        return await item.Done;
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stopped.Task;
    }

    private void Loop()
    {
        while (_plan.Wait())
        {
            BeforeBatch?.Invoke().GetAwaiter().GetResult();
            var batch = _plan.Take();
            try
            {
                Run(batch);
            }
            catch (Exception e)
            {
                // Whatever happens, the lane goes on and no caller waits for ever; an item that has its result keeps it.
                Unknown(batch, e);
            }
        }

        Close();
        _stopped.SetResult();
    }

    private void Run(List<LaneItem> batch)
    {
        for (var attempt = 1; ; attempt++)
        {
            var refusal = Try(batch);
            if (refusal is null)
            {
                return;
            }

            if (PostgresErrors.IsRepeatable(refusal) && attempt < MaxAttempts)
            {
                LogRepeated(_logger, refusal.SqlState, batch.Count);
            }
            else if (batch.Count > 1)
            {
                LogSingly(_logger, refusal, batch.Count);
                RunSingly(batch);
                return;
            }
            else
            {
                Refuse(batch, refusal);
                return;
            }
        }
    }

    // When it is the database that refuses, and not the commits that are at fault, the rest is not made to wait for the same answer.
    private void RunSingly(List<LaneItem> batch)
    {
        var inARow = 0;
        foreach (var item in batch)
        {
            if (inARow >= MaxRefusalsInARow)
            {
                item.Fail(new CommitFailedException("The database refuses transactions.") { StoreUnavailable = true });
            }
            else if (Try([item]) is { } refusal)
            {
                inARow = PostgresErrors.IsAtFault(refusal) ? 0 : inARow + 1;
                Refuse([item], refusal);
            }
            else
            {
                inARow = 0;
            }
        }
    }

    /// <summary>Null: everyone has been told. Otherwise the server's refusal: nothing was applied.</summary>
    private PostgresException? Try(IReadOnlyList<LaneItem> items)
    {
        LaneSession session;
        try
        {
            session = Connect();
        }
        catch (Exception e)
        {
            // Nothing was sent.
            LogNotConnected(_logger, e, items.Count);
            Close();
            FailAll(items, () => new CommitFailedException("The database cannot be reached.", e) { StoreUnavailable = true });
            return null;
        }

        try
        {
            var results = session.Commit([.. items.Select(item => item.Commit)]);
            _lastUsed = _time.GetTimestamp();
            Complete(items, results);
        }
        catch (PostgresException e) when (PostgresErrors.IsDefinite(e))
        {
            return e;
        }
        catch (Exception e)
        {
            Unknown(items, e);
        }

        return null;
    }

    private LaneSession Connect()
    {
        if (_session is { } session && _time.GetElapsedTime(_lastUsed) > Idle)
        {
            try
            {
                session.Ping();
            }
            catch (Exception e) when (e is NpgsqlException or IOException)
            {
                LogDied(_logger, e);
                Close();
            }
        }

        _lastUsed = _time.GetTimestamp();
        return _session ??= _open(CancellationToken.None).GetAwaiter().GetResult();
    }

    private void Complete(IReadOnlyList<LaneItem> items, CommitResult[] results)
    {
        Transactions++;
        _onCommitted(items.Where((_, i) => results[i].Applied).SelectMany(item => item.Commit.Tasks).Select(task => task.Record));
        for (var i = 0; i < items.Count; i++)
        {
            items[i].Complete(results[i]);
        }
    }

    private void Refuse(IReadOnlyList<LaneItem> items, PostgresException refusal)
    {
        LogRefused(_logger, refusal, items.Count);
        FailAll(items, () => new CommitFailedException("The database refused the commit.", refusal) { StoreUnavailable = !PostgresErrors.IsAtFault(refusal) });
    }

    private void Unknown(IReadOnlyList<LaneItem> items, Exception cause)
    {
        LogUnknown(_logger, cause, items.Count);
        FailAll(items, () => new CommitOutcomeUnknownException("The database did not confirm the transaction.", cause));
        Close();
    }

    private void Close()
    {
        if (_session is { } session)
        {
            _session = null;
            try
            {
                session.Dispose();
            }
            catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
            {
                LogDied(_logger, e);
            }
        }
    }

    // One exception per caller: each adds its own stack to it.
    private static void FailAll(IEnumerable<LaneItem> items, Func<Exception> exception)
    {
        foreach (var item in items)
        {
            item.Fail(exception());
        }
    }
}
