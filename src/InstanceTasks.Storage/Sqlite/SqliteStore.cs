using Dapper;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Storage;

/// <summary>
/// The store in one SQLite file, for one silo: write-ahead log, a durable flush per transaction, one writer with group commit, any number of
/// readers that never wait for it. Must be opened before use; holds the data directory's lock until it is disposed.
/// </summary>
public sealed partial class SqliteStore : IInstanceTasksStore
{
    /// <summary>The database's file name in the data directory.</summary>
    public const string DatabaseFileName = "instancetasks.db";

    /// <summary>The file name of the database that Orleans' own providers use.</summary>
    public const string OrleansFileName = "orleans.db";

    /// <summary>The file name of the key that secrets are sealed with.</summary>
    public const string SecretKeyFileName = "secret.key";

    private readonly SqliteStorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ILogger _writerLogger;
    private readonly RestSignals _signals = new();
    private readonly SemaphoreSlim _opening = new(1, 1);
    private Parts? _parts;
    private bool _disposed;

    /// <summary>Creates a store that is not open yet.</summary>
    public SqliteStore(IOptions<SqliteStorageOptions> options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
        : this(options.Value, timeProvider, loggerFactory)
    {
    }

    private SqliteStore(SqliteStorageOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        (_options, _time) = (options, timeProvider);
        _logger = loggerFactory.CreateLogger<SqliteStore>();
        _writerLogger = loggerFactory.CreateLogger<SqliteWriter>();
    }

    /// <inheritdoc/>
    public int ClusterEpoch => Open.ClusterEpoch;

    /// <summary>Seals and opens what is stored beside tasks and instances. The store itself only keeps ciphertext.</summary>
    public SecretBox Secrets => Open.Secrets;

    /// <inheritdoc/>
    public string OrleansInvariant => OrleansSqlite.Invariant;

    /// <summary>The connection string of the database for Orleans' ADO.NET providers (invariant <c>System.Data.SQLite</c>).</summary>
    public string OrleansConnectionString => OrleansSqlite.ConnectionString(Path.Combine(_options.DataDirectory, OrleansFileName));

    private Parts Open => _parts ?? throw new InvalidOperationException(_disposed ? "The store is closed." : "The store is not open: call OpenAsync first.");

    private SqliteWriter Writer => Open.Writer;

    private ReaderPool Readers => Open.Readers;

    /// <summary>Opens a store without a container.</summary>
    /// <exception cref="OptionsValidationException">An option is wrong.</exception>
    /// <exception cref="DirectoryInUseException">Another process uses the directory.</exception>
    /// <exception cref="SchemaTooNewException">A newer program changed the schema.</exception>
    public static async Task<SqliteStore> OpenAsync(
        SqliteStorageOptions options, TimeProvider timeProvider, ILoggerFactory loggerFactory, CancellationToken cancellationToken = default)
    {
        var checkedOptions = new SqliteStorageOptionsValidator().Validate(null, options);
        if (checkedOptions.Failed)
        {
            throw new OptionsValidationException(nameof(SqliteStorageOptions), typeof(SqliteStorageOptions), checkedOptions.Failures);
        }

        var store = new SqliteStore(options, timeProvider, loggerFactory);
        await store.OpenAsync(cancellationToken);
        return store;
    }

    /// <summary>Locks the directory, brings the schema up to date and starts the writer. A second call changes nothing.</summary>
    /// <exception cref="DirectoryInUseException">Another process uses the directory.</exception>
    /// <exception cref="SchemaTooNewException">A newer program changed the schema.</exception>
    public async Task OpenAsync(CancellationToken cancellationToken = default)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_parts is null)
            {
                // Off the caller's thread: recovery of a large log reads the whole of it.
                _parts = await Task.Run(OpenParts, cancellationToken);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Finishes what the writer has, closes the files and gives the directory back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync();
        try
        {
            _disposed = true;
            if (_parts is { } parts)
            {
                _parts = null;
                await parts.Writer.DisposeAsync();
                parts.Readers.Dispose();
                parts.Secrets.Dispose();
                parts.Lock.Dispose();
                LogClosed(_logger, parts.Path);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    private Parts OpenParts()
    {
        var directoryLock = DirectoryLock.Take(_options.DataDirectory);
        try
        {
            var path = Path.Combine(_options.DataDirectory, DatabaseFileName);
            var connections = new SqliteConnections(path, _options.BusyTimeout);
            int from, to, clusterEpoch;
            using (var connection = connections.OpenWriter())
            {
                (from, to) = SqliteSchema.Apply(connection);
                clusterEpoch = connection.QuerySingle<int>("SELECT cluster_epoch FROM meta");
            }

            OrleansSqlite.Apply(OrleansConnectionString);
            var secrets = SecretBox.Open(Path.Combine(_options.DataDirectory, SecretKeyFileName));
            var readers = new ReaderPool(connections.OpenReader, _options.Readers);
            var writer = new SqliteWriter(() => new(connections.OpenWriter(), clusterEpoch), OnCommitted, _options.BatchLimit, _options.QueueLimit, _writerLogger);
            LogOpened(_logger, path, to, from, clusterEpoch);
            return new(path, directoryLock, writer, readers, secrets, clusterEpoch);
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    private Task<T> WriteAsync<T>(Func<WriterSession, T> run, CancellationToken cancellationToken) => Writer.RunAsync(new WriteItem<T>(run), cancellationToken);

    private Task<T> ReadAsync<T>(Func<SqliteReader, T> read, CancellationToken cancellationToken) => Readers.ReadAsync(read, cancellationToken);

    private sealed record Parts(string Path, DirectoryLock Lock, SqliteWriter Writer, ReaderPool Readers, SecretBox Secrets, int ClusterEpoch);
}
