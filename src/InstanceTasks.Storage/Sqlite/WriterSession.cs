using Dapper;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

/// <summary>The writer's connection and what lives as long as one transaction on it.</summary>
internal sealed class WriterSession : IDisposable
{
    private const string ClockSql = "SELECT now FROM database_clock";

    private readonly List<TaskRecord> _written = [];
    private readonly long _streamBase;
    private long _streamLast;
    private long _streamStored;
    private bool _sound;

    public WriterSession(SqliteConnection connection, int clusterEpoch)
    {
        Connection = connection;
        Statements = new(connection);
        _streamBase = (long)clusterEpoch << 40;
    }

    public SqliteConnection Connection { get; }

    public Statements Statements { get; }

    /// <summary>Database time of the transaction.</summary>
    public long Now { get; private set; }

    /// <summary>Tasks as this transaction writes them.</summary>
    public IReadOnlyList<TaskRecord> Written => _written;

    /// <summary>
    /// False when the transaction cannot go on: SQLite itself has ended it, which it does after some errors (disk full), or a failed item could
    /// not be taken back.
    /// </summary>
    public bool IsSound => _sound && !TransactionIsGone;

    private bool TransactionIsGone => SQLitePCL.raw.sqlite3_get_autocommit(Connection.Handle) != 0;

    /// <summary>Database time at this moment; later than <see cref="Now"/>.</summary>
    public long ReadClock() => Statements.Long(ClockSql);

    public void Begin()
    {
        Statements.Run("BEGIN IMMEDIATE");
        _written.Clear();
        _sound = true;
        Now = ReadClock();
        _streamStored = _streamLast = Math.Max(Statements.Long("SELECT last_id FROM stream_counter"), _streamBase);
    }

    /// <summary>The next place in the event stream: items run in commit order, so numbers are given in commit order.</summary>
    public long NextStreamId() => ++_streamLast;

    public void OnTaskWritten(TaskRecord task) => _written.Add(task);

    /// <summary>Runs an item so that it leaves all of its changes or none.</summary>
    public void RunInSavepoint(WriteItem item)
    {
        var (changed, stream) = (_written.Count, _streamLast);
        Statements.Run("SAVEPOINT item");
        var keep = false;
        try
        {
            keep = item.Run(this);
        }
        finally
        {
            if (!TransactionIsGone)
            {
                LeaveSavepoint(keep, changed, stream);
            }
        }
    }

    public void WriteStreamCounter()
    {
        if (_streamLast != _streamStored)
        {
            Statements.Run("UPDATE stream_counter SET last_id = @last", ("@last", _streamLast));
        }
    }

    public void Commit() => Statements.Run("COMMIT");

    public void Rollback()
    {
        if (!TransactionIsGone)
        {
            Statements.Run("ROLLBACK");
        }
    }

    public void Dispose()
    {
        Statements.Dispose();
        Connection.Dispose();
    }

    private void LeaveSavepoint(bool keep, int changed, long stream)
    {
        _sound = false;
        if (!keep)
        {
            Statements.Run("ROLLBACK TO item");
            _written.RemoveRange(changed, _written.Count - changed);
            _streamLast = stream;
        }

        Statements.Run("RELEASE item");
        _sound = true;
    }
}
