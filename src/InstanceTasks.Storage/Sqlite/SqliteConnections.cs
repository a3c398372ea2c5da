using System.Runtime.ExceptionServices;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

/// <summary>Opens connections to one database file with the settings that durability and concurrency rest on.</summary>
internal sealed class SqliteConnections
{
    private readonly string _connectionString;
    private readonly TimeSpan _busyTimeout;

    static SqliteConnections() => SQLitePCL.Batteries_V2.Init();

    public SqliteConnections(string path, TimeSpan busyTimeout)
    {
        _busyTimeout = busyTimeout;
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWriteCreate,
            Pooling = false,
            DefaultTimeout = (int)Math.Ceiling(busyTimeout.TotalSeconds),
        }.ToString();
    }

    public SqliteConnection OpenWriter()
    {
        var connection = Open();
        connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 2000;");
        return connection;
    }

    public SqliteReader OpenReader()
    {
        var connection = Open();
        connection.Execute("PRAGMA query_only = ON;");
        return new(connection);
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            connection.Execute($"PRAGMA busy_timeout = {(long)_busyTimeout.TotalMilliseconds};");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

/// <summary>A connection that only reads; used by one caller at a time.</summary>
internal sealed class SqliteReader : IDisposable
{
    private NamePattern? _pattern;
    private RegexMatchTimeoutException? _timedOut;

    public SqliteReader(SqliteConnection connection)
    {
        Connection = connection;
        Statements = new(connection);
        connection.CreateFunction<string, string, bool>("regexp", (_, name) => Matches(name), isDeterministic: true);
    }

    public SqliteConnection Connection { get; }

    public Statements Statements { get; }

    /// <summary>Runs several reads that see one state of the database.</summary>
    public T InSnapshot<T>(Func<T> read)
    {
        Connection.Execute("BEGIN DEFERRED");
        try
        {
            return read();
        }
        finally
        {
            Connection.Execute("ROLLBACK");
        }
    }

    /// <summary>Runs a query whose REGEXP uses the given pattern.</summary>
    /// <exception cref="RegexMatchTimeoutException">The pattern needs too much time.</exception>
    public T WithPattern<T>(NamePattern? pattern, Func<T> read)
    {
        (_pattern, _timedOut) = (pattern, null);
        try
        {
            return read();
        }
        catch (SqliteException) when (_timedOut is not null)
        {
            ExceptionDispatchInfo.Throw(_timedOut);
            throw;
        }
        finally
        {
            _pattern = null;
        }
    }

    public void Dispose()
    {
        Statements.Dispose();
        Connection.Dispose();
    }

    private bool Matches(string name)
    {
        try
        {
            return _pattern!.IsMatch(name);
        }
        catch (RegexMatchTimeoutException e)
        {
            _timedOut = e;
            throw;
        }
    }
}

/// <summary>A bounded number of reading connections. With the write-ahead log, readers and the writer never wait for each other.</summary>
internal sealed class ReaderPool(Func<SqliteReader> open, int size) : IDisposable
{
    private readonly SemaphoreSlim _free = new(size, size);
    private readonly Stack<SqliteReader> _idle = new();
    private readonly Lock _lock = new();
    private bool _disposed;

    public async Task<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _free.WaitAsync(cancellationToken);
        try
        {
            var reader = Take();
            try
            {
                return read(reader);
            }
            catch (SqliteException)
            {
                // A connection whose state is in doubt is not used again.
                reader.Dispose();
                reader = null;
                throw;
            }
            finally
            {
                GiveBack(reader);
            }
        }
        finally
        {
            _free.Release();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_idle.TryPop(out var reader))
            {
                reader.Dispose();
            }
        }
    }

    private SqliteReader Take()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idle.TryPop(out var reader))
            {
                return reader;
            }
        }

        return open();
    }

    private void GiveBack(SqliteReader? reader)
    {
        lock (_lock)
        {
            if (reader is not null && !_disposed)
            {
                _idle.Push(reader);
                return;
            }
        }

        reader?.Dispose();
    }
}

/// <summary>SQLite's own expressions.</summary>
internal sealed class SqliteDialect : SqlDialect
{
    public static SqliteDialect Instance { get; } = new();

    public override string PlanVersion => "CASE WHEN json_valid(t.body) THEN json_extract(t.body, '$.planVersion') END";

    public override string AnswerTask => "CASE WHEN json_valid(answer) THEN json_extract(answer, '$.task') END";

    public override string IsOneOf(string value, string parameter) => $"{value} IN (SELECT value FROM json_each({parameter}))";

    public override string BodyValue(string member) => $"json_extract(i.body, '$.{member}')";

    public override string HasTag(string parameter) => $"EXISTS (SELECT 1 FROM json_each(i.body, '$.tags') WHERE value = {parameter})";

    public override string NameMatches(SqlFilter sql, string pattern) => $"i.name REGEXP {sql.Parameter(pattern)}";

    // Without statistics of its own it takes the index of the order, however few rows of it pass.
    public override string Indexed(string? index) => index is null ? "" : $" INDEXED BY {index}";
}
