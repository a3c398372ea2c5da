using Microsoft.Data.Sqlite;

namespace InstanceTasks.TestKit;

/// <summary>
/// Sets latencies and faults in a simulated world that a silo process is using: the file's tables are the contract, and any process may write them.
/// </summary>
public sealed class WorldControl
{
    private readonly string _connectionString;

    public WorldControl(string dataDirectory) =>
        _connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = new WorldReader(dataDirectory).FileName,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 30,
        }.ConnectionString;

    /// <summary>How long each operation of a verb takes; of every verb without a latency of its own when <paramref name="verb"/> is null.</summary>
    public void SetLatency(Verb? verb, TimeSpan latency)
    {
        Execute("DELETE FROM latencies WHERE ifnull(verb, '') = ifnull($verb, '')", ("$verb", verb?.ToString()));
        Execute("INSERT INTO latencies (verb, host, milliseconds) VALUES ($verb, NULL, $ms)", ("$verb", verb?.ToString()), ("$ms", (long)latency.TotalMilliseconds));
    }

    /// <summary>A verb on one machine fails until <see cref="ClearFaults"/>, with this message for the owner. Returns the fault's id.</summary>
    public long Fail(Verb verb, Guid machine, string kind, string message)
    {
        Execute(
            """
            INSERT INTO faults (machine, verb, action, failure_kind, message, delay_ms, abort_rule)
            VALUES ($machine, $verb, 'fail', $kind, $message, 0, 'caller_or_fence')
            """,
            ("$machine", machine.ToString()),
            ("$verb", verb.ToString()),
            ("$kind", kind),
            ("$message", message));
        return Scalar("SELECT max(id) FROM faults");
    }

    /// <summary>The next operation of a verb on a host fails, whichever machine it is for. Returns the fault's id.</summary>
    public long FailOnce(Verb verb, string host, string message)
    {
        Execute(
            """
            INSERT INTO faults (host, verb, action, failure_kind, message, delay_ms, abort_rule, remaining)
            VALUES ($host, $verb, 'fail', $kind, $message, 0, 'caller_or_fence', 1)
            """,
            ("$host", host),
            ("$verb", verb.ToString()),
            ("$kind", FailureKinds.Hypervisor),
            ("$message", message));
        return Scalar("SELECT max(id) FROM faults");
    }

    /// <summary>How often a fault has hit.</summary>
    public long Fired(long fault) => Scalar("SELECT fired FROM faults WHERE id = $id", ("$id", fault));

    /// <summary>No fault hits any more.</summary>
    public void ClearFaults() => Execute("UPDATE faults SET remaining = 0");

    private void Execute(string sql, params (string Name, object? Value)[] parameters) => Run(sql, c => c.ExecuteNonQuery(), parameters);

    private long Scalar(string sql, params (string Name, object? Value)[] parameters) => Run(sql, c => (long)c.ExecuteScalar()!, parameters);

    private T Run<T>(string sql, Func<SqliteCommand, T> run, (string Name, object? Value)[] parameters)
    {
        using var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this file arrive here; values travel as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return run(command);
    }
}
