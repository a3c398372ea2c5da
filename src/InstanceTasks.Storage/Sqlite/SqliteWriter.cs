using System.Threading.Channels;
using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Storage;

/// <summary>
/// The one writer: takes what is waiting, runs it in one transaction, each item under its own verdict, makes it durable with one flush, and
/// then tells every caller. A thread of its own, because a flush blocks.
/// </summary>
internal sealed partial class SqliteWriter : IAsyncDisposable
{
    private const int SqliteBusy = 5;
    private const int SqliteFull = 13;
    private const int ConstraintError = 19;

    private readonly Func<WriterSession> _open;
    private readonly Action<IReadOnlyList<TaskRecord>> _onCommitted;
    private readonly ILogger _logger;
    private readonly int _batchLimit;
    private readonly Channel<WriteItem> _queue;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WriterSession? _session;

    public SqliteWriter(Func<WriterSession> open, Action<IReadOnlyList<TaskRecord>> onCommitted, int batchLimit, int queueLimit, ILogger logger)
    {
        (_open, _onCommitted, _batchLimit, _logger) = (open, onCommitted, batchLimit, logger);
        _queue = Channel.CreateBounded<WriteItem>(new BoundedChannelOptions(queueLimit) { SingleReader = true });
        _session = open();
        new Thread(Loop) { IsBackground = true, Name = "instancetasks-writer" }.Start();
    }

    /// <summary>Tests only: called in place of nothing just before COMMIT; what it throws is what COMMIT throws.</summary>
    internal Action? BeforeCommit { get; set; }

    /// <summary>How many transactions were committed.</summary>
    internal long Transactions { get; private set; }

    /// <summary>Hands an item over and waits for its result. The token cancels only the hand-over: what the writer has will be done.</summary>
    /// <exception cref="CommitFailedException">Not applied.</exception>
    /// <exception cref="CommitOutcomeUnknownException">It may have been applied.</exception>
    public async Task<T> RunAsync<T>(WriteItem<T> item, CancellationToken cancellationToken)
    {
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
        var batch = new List<WriteItem>(_batchLimit);
        while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (batch.Count < _batchLimit && _queue.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            RunGuarded(batch);
            batch.Clear();
        }

        _session?.Dispose();
        _stopped.SetResult();
    }

    // Whatever happens, the thread goes on and no caller waits for ever; an item that has its result keeps it.
    private void RunGuarded(List<WriteItem> batch)
    {
        try
        {
            RunBatch(batch);
        }
        catch (Exception e)
        {
            LogUnknown(_logger, e, batch.Count);
            _session = null;
            FailAll(batch, () => new CommitOutcomeUnknownException("The writer failed.", e));
        }
    }

    private void RunBatch(List<WriteItem> batch)
    {
        WriterSession session;
        try
        {
            session = _session ??= _open();
            session.Begin();
        }
        catch (Exception e)
        {
            LogNotApplied(_logger, e, batch.Count);
            FailAll(batch, () => new CommitFailedException("The database cannot begin a transaction.", e) { StoreUnavailable = true });
            Reopen();
            return;
        }

        var alive = new List<WriteItem>(batch.Count);
        for (var i = 0; i < batch.Count; i++)
        {
            if (TryRun(session, batch[i]))
            {
                alive.Add(batch[i]);
            }
            else if (!session.IsSound)
            {
                alive.AddRange(batch.Skip(i + 1));
                Reopen();
                RunSingly(alive);
                return;
            }
        }

        Commit(session, alive);
    }

    /// <summary>False: the item has failed and its caller knows.</summary>
    private bool TryRun(WriterSession session, WriteItem item)
    {
        try
        {
            session.RunInSavepoint(item);
            return true;
        }
        catch (Exception e)
        {
            LogPoison(_logger, e);
            item.Fail(e as CommitFailedException ?? new CommitFailedException("The database refused the write.", e) { StoreUnavailable = e is not SqliteException { SqliteErrorCode: ConstraintError } });
            return false;
        }
    }

    // Only after a definite error that took the others' work with it.
    private void RunSingly(List<WriteItem> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        LogSingly(_logger, new InvalidOperationException("The database ended the transaction."), items.Count);
        foreach (var item in items)
        {
            RunBatch([item]);
        }
    }

    private void Commit(WriterSession session, List<WriteItem> items)
    {
        try
        {
            session.WriteStreamCounter();
        }
        catch (Exception e)
        {
            NotApplied(session, items, e);
            return;
        }

        try
        {
            BeforeCommit?.Invoke();
            session.Commit();
        }
        catch (SqliteException e) when (e.SqliteErrorCode is SqliteBusy or SqliteFull)
        {
            NotApplied(session, items, e);
            return;
        }
        catch (Exception e)
        {
            LogUnknown(_logger, e, items.Count);
            Reopen();
            FailAll(items, () => new CommitOutcomeUnknownException("The database did not confirm the transaction.", e));
            return;
        }

        Transactions++;
        _onCommitted(session.Written);
        items.ForEach(item => item.Complete());
    }

    private void NotApplied(WriterSession session, List<WriteItem> items, Exception cause)
    {
        LogNotApplied(_logger, cause, items.Count);
        try
        {
            session.Rollback();
        }
        catch (SqliteException e)
        {
            LogNotApplied(_logger, e, items.Count);
            Reopen();
        }

        FailAll(items, () => new CommitFailedException("The database refused the transaction.", cause) { StoreUnavailable = true });
    }

    // Closing rolls back what is open; the next batch opens again, and fails if that fails.
    private void Reopen()
    {
        _session?.Dispose();
        _session = null;
    }

    // One exception per caller: each adds its own stack to it.
    private static void FailAll(List<WriteItem> items, Func<Exception> exception) => items.ForEach(item => item.Fail(exception()));
}
