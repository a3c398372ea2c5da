using System.Globalization;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>Opens connections with the settings that durability, time limits and plans rest on.</summary>
internal sealed class PostgresConnections : IAsyncDisposable
{
    // One to renew, and one to leave while a renewal stands still.
    private const int ForLeases = 2;

    // Seconds. Whoever gives up a renewal connects once more to say so to the server, and a lease is short.
    private const int ConnectForLease = 3;

    private const int ReadBuffer = 64 * 1024;

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;
    private readonly NpgsqlDataSource _leases;
    private readonly string _settings;

    public PostgresConnections(PostgresStorageOptions options)
    {
        _settings =
            $"""
            SELECT set_config('lock_timeout', '{Milliseconds(options.LockTimeout)}', false), set_config('statement_timeout', '{Milliseconds(options.StatementTimeout)}', false),
                set_config('idle_in_transaction_session_timeout', '{Milliseconds(options.StatementTimeout)}', false),
                set_config('default_transaction_isolation', 'read committed', false), set_config('jit', 'off', false),
                CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN set_config('synchronous_commit', 'on', false) END
            """;
        var text = Settings(options);
        _pool = Build(text.ConnectionString);
        text.Pooling = false;
        _single = Build(text.ConnectionString);
        (text.Pooling, text.MinPoolSize, text.MaxPoolSize, text.Timeout) = (true, Math.Min(text.MinPoolSize, ForLeases), ForLeases, Math.Min(text.Timeout, ConnectForLease));
        _leases = Build(text.ConnectionString);
    }

    /// <summary>A connection of the pool, for one use.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _pool.OpenConnectionAsync(cancellationToken);

    /// <summary>
    /// A connection for the lease, for one use. A lease that waits behind a thousand reads runs out, its process takes a new generation, every task is claimed anew, and that makes for
    /// more reads than before.
    /// </summary>
    public ValueTask<NpgsqlConnection> OpenForLeaseAsync(CancellationToken cancellationToken) => _leases.OpenConnectionAsync(cancellationToken);

    /// <summary>A connection of its own, kept by its owner.</summary>
    public ValueTask<NpgsqlConnection> OpenSingleAsync(CancellationToken cancellationToken) => _single.OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
        await _leases.DisposeAsync();
        await _single.DisposeAsync();
    }

    private static NpgsqlConnectionStringBuilder Settings(PostgresStorageOptions options)
    {
        var given = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        given.ApplicationName ??= "instancetasks";
        given.MaxPoolSize = options.Connections;
        given.CommandTimeout = (int)Math.Ceiling(options.AnswerTimeout.TotalSeconds);
        // Nothing of a session is changed after it was set up: a reset would only throw prepared statements away.
        given.NoResetOnClose = true;
        // What is not in the buffer is waited for by a thread: most answers are to fit in.
        given.ReadBufferSize = ReadBuffer;
        given.MaxAutoPrepare = 100;
        given.AutoPrepareMinUsages = 2;
        given.TcpKeepAlive = true;
        given.IncludeErrorDetail = false;
        return given;
    }

    private NpgsqlDataSource Build(string connectionString)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        builder.UsePhysicalConnectionInitializer(SetUp, SetUpAsync);
        return builder.Build();
    }

    private void SetUp(NpgsqlConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = _settings;
        command.ExecuteNonQuery();
    }

    private async Task SetUpAsync(NpgsqlConnection connection)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = _settings;
        await command.ExecuteNonQueryAsync();
    }

    private static string Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}

/// <summary>PostgreSQL's own expressions.</summary>
internal sealed class PostgresDialect : SqlDialect
{
    public static PostgresDialect Instance { get; } = new();

    public override string? UpdatedSlot => "i.updated_slot";

    // A cast to JSON would fail on a body that is none, and end the read for all; inside of a text a quote is escaped.
    public override string PlanVersion => """substring(t.body from '"planVersion":([0-9]{1,9})[,}]')::bigint""";

    public override string AnswerTask => """substring(answer from '"task":"([0-9a-f-]{36})"')""";

    public override string IsOneOf(string value, string parameter) => $"{value} = ANY ({parameter})";

    public override string BodyValue(string member) => $"(i.body::jsonb ->> '{member}' COLLATE \"C\")";

    public override string HasTag(string parameter) => $"jsonb_exists(i.body::jsonb -> 'tags', {parameter})";

    // Text is matched by the server. Regular expressions are matched by the store itself, so that they mean the same on both stores and cannot occupy the server.
    public override string NameMatches(SqlFilter sql, string pattern)
    {
        var literal = NameLiteral.Of(pattern) ?? throw new NotSupportedException("Regular expressions are not matched by the database.");
        var text = $"{sql.Parameter(literal.Text)}::text";
        return (literal.AtStart, literal.AtEnd) switch
        {
            (true, true) => $"i.name IN ({text}, {text} || chr(10))",
            (true, false) => $"starts_with(i.name, {text})",
            (false, true) => $"(right(i.name, length({text})) = {text} OR right(i.name, length({text}) + 1) = {text} || chr(10))",
            _ => $"strpos(i.name, {text}) > 0",
        };
    }

    public override string Indexed(string? index) => "";
}
