using System.Globalization;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>Opens connections with the settings that durability, time limits and plans rest on.</summary>
internal sealed class PostgresConnections : IAsyncDisposable
{
    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;
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
    }

    /// <summary>A connection of the pool, for one use.</summary>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => _pool.OpenConnectionAsync(cancellationToken);

    /// <summary>A connection of its own, kept by its owner.</summary>
    public ValueTask<NpgsqlConnection> OpenSingleAsync(CancellationToken cancellationToken) => _single.OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync();
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

    public override string BodyValue(string member) => $"(i.body::jsonb ->> '{member}' COLLATE \"C\")";

    public override string HasTag(string parameter) => $"jsonb_exists(i.body::jsonb -> 'tags', {parameter})";

    // A page's names are matched by the store itself, so that a pattern means the same on both stores and cannot occupy the server.
    public override string NameMatches(string parameter) => throw new NotSupportedException("Names are not matched by the database.");
}
