using System.Globalization;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>
/// Follows the event stream of all processes and wakes those who wait for a task, or for whatever comes, here. A notification makes it look at once; without any it
/// looks at every interval, so that nothing depends on notifications.
/// </summary>
internal sealed partial class StreamTail : IAsyncDisposable
{
    private const int PageSize = 1000;

    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5);

    private readonly PostgresConnections _connections;
    private readonly RestSignals _signals;
    private readonly CommitBell _bell;
    private readonly PostgresStorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private NpgsqlConnection? _listener;
    private long _last;
    private long _announced;

    /// <summary>Starts behind a place in the stream that was read before anyone could wait.</summary>
    public StreamTail(PostgresConnections connections, RestSignals signals, CommitBell bell, PostgresStorageOptions options, long last, TimeProvider time, ILogger logger)
    {
        (_connections, _signals, _bell, _options, _last, _time, _logger) = (connections, signals, bell, options, last, time, logger);
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>How often a notification ended the wait.</summary>
    internal long Notified { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await CloseAsync();
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await ListenAsync(cancellationToken);
                await CatchUpAsync(cancellationToken);
                await WaitAsync(cancellationToken);
                _bell.Ring();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(_logger, e);
                await CloseAsync();
                await PauseAsync(cancellationToken);
            }
        }
    }

    // Before reading: what is committed from now on is either read or notified.
    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        if (!_options.Notifications || _listener is not null)
        {
            return;
        }

        try
        {
            _listener = await _connections.OpenSingleAsync(cancellationToken);
            _listener.Notification += OnNotification;
            await using var command = new NpgsqlCommand("LISTEN instancetasks_stream", _listener);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException e)
        {
            // Then the interval must do.
            LogFailed(_logger, e);
            await CloseAsync();
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (_listener is null)
        {
            await PauseAsync(cancellationToken);
        }
        else if (await _listener.WaitAsync(_options.PollInterval, cancellationToken))
        {
            Notified++;
            // One look for the many transactions of a busy moment. What this process commits itself has been told already.
            await Task.Delay(Gather, _time, cancellationToken);
        }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        // What is announced is committed. In this order: whoever begins to wait after the look at the signals reads rows at least as new.
        var announced = Interlocked.Exchange(ref _announced, 0);
        if (announced > 0 && _signals.Count == 0)
        {
            _last = Math.Max(_last, announced);
            return;
        }

        await using var connection = await _connections.OpenAsync(cancellationToken);
        var counter = await ReadLastAsync(connection, cancellationToken);
        if (_signals.Count == 0)
        {
            _last = counter;
        }

        while (_last < counter && await ReadPageAsync(connection, cancellationToken))
        {
            // The next page.
        }
    }

    private async Task<bool> ReadPageAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var read = 0;
        await using var command = new NpgsqlCommand("SELECT stream_id, task_id, types FROM task_events WHERE stream_id > $1 ORDER BY stream_id LIMIT $2", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = _last });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageSize });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            read++;
            _last = reader.GetInt64(0);
            if (EventTypes.MeansRest(reader.GetString(2)))
            {
                _signals.Raise(new TaskId(Guid.Parse(reader.GetString(1))));
            }
        }

        return read == PageSize;
    }

    public static async Task<long> ReadLastAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT last_id FROM stream_counter", connection);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs e)
    {
        if (long.TryParse(e.Payload, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            Interlocked.Exchange(ref _announced, Math.Max(id, Interlocked.Read(ref _announced)));
        }
    }

    private async Task PauseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(_options.PollInterval, _time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The loop sees it.
        }
    }

    private async Task CloseAsync()
    {
        if (_listener is { } listener)
        {
            _listener = null;
            await listener.DisposeAsync();
        }
    }

    [LoggerMessage(1301, LogLevel.Warning, "The event stream cannot be followed; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
