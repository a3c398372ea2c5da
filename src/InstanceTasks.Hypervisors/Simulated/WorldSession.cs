using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>
/// One connection to a world, used by one thread. Every public method but the last few runs inside a transaction that <see cref="WorldFile"/>
/// holds, and brings the world up to the clock before it reads or changes anything: whoever looks next applies what has become due,
/// also when the process that began it is dead.
/// </summary>
internal sealed partial class WorldSession : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly TimeProvider time;
    private readonly string instance = Guid.NewGuid().ToString("N");
    private readonly List<Statement> statements = [];
    private readonly Statement begin;
    private readonly Statement commit;
    private readonly Statement rollback;
    private readonly Statement readOffset;
    private readonly Statement readHost;
    private readonly Statement nextDue;
    private readonly Statement lastEnded;
    private readonly Statement endedAfter;

    public WorldSession(SqliteConnection connection, TimeProvider time)
    {
        this.connection = connection;
        this.time = time;
        begin = Prepare("BEGIN IMMEDIATE");
        commit = Prepare("COMMIT");
        rollback = Prepare("ROLLBACK");
        readOffset = Prepare("SELECT offset_ms FROM clock");
        readHost = Prepare("SELECT h.reachable, c.offset_ms FROM clock c LEFT JOIN hosts h ON h.name = @host", "host");
        nextDue = Prepare("SELECT MIN(ends_at) FROM operations WHERE state = 'begun'");
        lastEnded = Prepare("SELECT COALESCE(MAX(ended_no), 0) FROM operations WHERE ended_no IS NOT NULL");
        endedAfter = Prepare(
            "SELECT ended_no, id, state, power, failure, applied, aborted_by FROM operations WHERE ended_no > @last ORDER BY ended_no", "last");
        operations = new OperationStatements(this);
        rules = new RuleStatements(this);
    }

    public void Begin() => begin.Execute();

    public void Commit() => commit.Execute();

    /// <summary>Rolls back, unless SQLite has done so itself (full disk, I/O error).</summary>
    public void Rollback()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            rollback.Execute();
        }
    }

    /// <summary>The world's clock in unix milliseconds.</summary>
    public long ReadClock() => WallMs() + (long)readOffset.Scalar()!;

    /// <summary>When the next operation under way ends by itself; null: none does.</summary>
    public long? NextDue() => (long?)nextDue.Scalar();

    /// <summary>The number of the newest end.</summary>
    public long LastEnded() => (long)lastEnded.Scalar()!;

    /// <summary>The ends after the one with this number, oldest first.</summary>
    public List<(long Number, long Operation, OperationEnd End)> EndedAfter(long last)
    {
        using var reader = endedAfter.Query(last);
        var ends = new List<(long, long, OperationEnd)>();
        while (reader.Read())
        {
            ends.Add((reader.GetInt64(0), reader.GetInt64(1), new OperationEnd(
                WorldText.ReadState(reader.GetString(2)),
                reader.IsDBNull(3) ? null : (PowerState)reader.GetInt32(3),
                ReadFailure(reader, 4),
                reader.GetInt64(5) != 0,
                Text(reader, 6))));
        }

        return ends;
    }

    public void Dispose()
    {
        foreach (var statement in statements)
        {
            statement.Dispose();
        }

        connection.Dispose();
    }

    private Statement Prepare(string sql, params ReadOnlySpan<string> parameters)
    {
        var statement = new Statement(connection, sql, parameters);
        statements.Add(statement);
        return statement;
    }

    /// <summary>The clock, and why the host cannot be used, if so.</summary>
    private (long Now, Failure? Failure) Reach(string host)
    {
        using var reader = readHost.Query(host);
        reader.Read();
        var now = WallMs() + reader.GetInt64(1);
        if (reader.IsDBNull(0))
        {
            return (now, WorldFailures.UnknownHost(host));
        }

        return (now, reader.GetInt64(0) != 0 ? null : WorldFailures.Unreachable(host));
    }

    private long WallMs() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string? Text(SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static Failure? ReadFailure(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : EngineJson.Read<Failure>(reader.GetString(column));

    private static string? WriteFailure(Failure? failure) => failure is null ? null : EngineJson.Write(failure);
}
