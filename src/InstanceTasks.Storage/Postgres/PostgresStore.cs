using System.Data;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>
/// The store in one PostgreSQL database, for any number of silos: one lane per process that commits in groups, reads from a pool, and a tail
/// of the event stream that wakes those who wait. Must be opened before use.
/// </summary>
public sealed partial class PostgresStore : IInstanceTasksStore
{
    private readonly PostgresStorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ILogger _laneLogger;
    private readonly ILogger _tailLogger;
    private readonly RestSignals _signals = new();
    private readonly GatheredReads<TaskRow> _tasksById;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private Parts? _parts;
    private bool _disposed;

    /// <summary>Creates a store that is not open yet.</summary>
    public PostgresStore(IOptions<PostgresStorageOptions> options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
        : this(options.Value, timeProvider, loggerFactory)
    {
    }

    private PostgresStore(PostgresStorageOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        (_options, _time) = (options, timeProvider);
        _logger = loggerFactory.CreateLogger<PostgresStore>();
        _laneLogger = loggerFactory.CreateLogger<CommitLane>();
        _tailLogger = loggerFactory.CreateLogger<StreamTail>();
        _tasksById = new(ReadTasksAsync);
    }

    /// <inheritdoc/>
    public int ClusterEpoch => Open.ClusterEpoch;

    /// <inheritdoc/>
    public SecretBox Secrets => Open.Secrets;

    /// <inheritdoc/>
    public string OrleansInvariant => OrleansPostgres.Invariant;

    /// <inheritdoc/>
    public string OrleansConnectionString => _options.ConnectionString;

    private Parts Open => _parts ?? throw new InvalidOperationException(_disposed ? "The store is closed." : "The store is not open: call OpenAsync first.");

    /// <summary>Opens a store without a container.</summary>
    /// <exception cref="OptionsValidationException">An option is wrong.</exception>
    /// <exception cref="SchemaTooNewException">A newer program changed the schema.</exception>
    public static async Task<PostgresStore> OpenAsync(
        PostgresStorageOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, CancellationToken cancellationToken = default)
    {
        var checkedOptions = new PostgresStorageOptionsValidator().Validate(null, options);
        if (checkedOptions.Failed)
        {
            throw new OptionsValidationException(nameof(PostgresStorageOptions), typeof(PostgresStorageOptions), checkedOptions.Failures);
        }

        var store = new PostgresStore(options, timeProvider, loggerFactory);
        await store.OpenAsync(cancellationToken);
        return store;
    }

    /// <summary>Brings the schema up to date, under a lock that other silos wait for, and starts the lane. A second call changes nothing.</summary>
    /// <exception cref="SchemaTooNewException">A newer program changed the schema.</exception>
    /// <exception cref="InvalidDataException">The secrets in the database are sealed with another key.</exception>
    /// <exception cref="NpgsqlException">The database cannot be reached.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken = default)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _parts ??= await OpenPartsAsync(cancellationToken);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Finishes what the lane has and closes the connections.</summary>
    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync();
        try
        {
            _disposed = true;
            if (_parts is { } parts)
            {
                _parts = null;
                await parts.Lane.DisposeAsync();
                await parts.Tail.DisposeAsync();
                await parts.Connections.DisposeAsync();
                parts.Secrets.Dispose();
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private async Task<Parts> OpenPartsAsync(CancellationToken cancellationToken)
    {
        var connections = new PostgresConnections(_options);
        SecretBox? secrets = null;
        try
        {
            await using var connection = await connections.OpenSingleAsync(cancellationToken);
            var (from, to, epoch) = await PostgresSchema.ApplyAsync(connection, cancellationToken);
            secrets = OpenSecrets();
            await PostgresSchema.CheckSecretKeyAsync(connection, secrets, _options.SecretKeyFile);
            await WarnAboutDurabilityAsync(connection, cancellationToken);
            var last = await StreamTail.ReadLastAsync(connection, cancellationToken);
            LogOpened(_logger, connection.Host!, connection.Database, to, from, epoch);
            var lane = new CommitLane(token => LaneSession.OpenAsync(connections, epoch, token), OnCommitted, _options, _time, _laneLogger);
            return new(connections, lane, new(connections, _signals, _bell, _options, last, _time, _tailLogger), secrets, epoch);
        }
        catch
        {
            secrets?.Dispose();
            await connections.DisposeAsync();
            throw;
        }
    }

    private SecretBox OpenSecrets()
    {
        if (Path.GetDirectoryName(Path.GetFullPath(_options.SecretKeyFile)) is { } directory && !Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
        }

        return SecretBox.Open(_options.SecretKeyFile);
    }

    // What a client cannot set: with fsync off a crash of the machine can lose or tear what was acknowledged.
    private async Task WarnAboutDurabilityAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'", connection);
        if (await command.ExecuteScalarAsync(cancellationToken) is false)
        {
            LogNotDurable(_logger);
        }
    }

    // A read may be repeated: a connection that lay idle while the server restarted fails once.
    private Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(Open.Connections.OpenAsync, read, cancellationToken);

    private async Task<T> ReadAsync<T>(Func<CancellationToken, ValueTask<NpgsqlConnection>> open, Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await open(cancellationToken);
                return await read(connection);
            }
            catch (NpgsqlException e) when (attempt == 1 && (e is not PostgresException || e.IsTransient) && e.InnerException is not TimeoutException && !cancellationToken.IsCancellationRequested)
            {
                LogReadAgain(_logger, e);
            }
            catch (NpgsqlException e) when (PostgresErrors.IsAway(e) && !cancellationToken.IsCancellationRequested)
            {
                throw new StoreUnavailableException("The database cannot be read now.", e);
            }
        }
    }

    private Task<T> ReadSnapshotAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellationToken) => ReadAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            return await read(connection);
        },
        cancellationToken);

    /// <summary>One statement that is a transaction of its own, with the outcomes that a commit has.</summary>
    private Task<T> WriteAsync<T>(Func<NpgsqlConnection, Task<T>> write, CancellationToken cancellationToken) => WriteAsync(Open.Connections.OpenAsync, write, cancellationToken);

    private async Task<T> WriteAsync<T>(Func<CancellationToken, ValueTask<NpgsqlConnection>> open, Func<NpgsqlConnection, Task<T>> write, CancellationToken cancellationToken)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await open(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new CommitFailedException("The database cannot be reached.", e) { StoreUnavailable = true };
        }

        await using (connection)
        {
            try
            {
                return await write(connection);
            }
            catch (PostgresException e) when (PostgresErrors.IsDefinite(e))
            {
                throw new CommitFailedException("The database refused the write.", e) { StoreUnavailable = !PostgresErrors.IsAtFault(e) };
            }
            catch (NpgsqlException e)
            {
                throw new CommitOutcomeUnknownException("The database did not confirm the write.", e);
            }
        }
    }

    private sealed record Parts(PostgresConnections Connections, CommitLane Lane, StreamTail Tail, SecretBox Secrets, int ClusterEpoch);
}
