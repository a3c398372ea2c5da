using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>
/// The one way from a silo to its database. It can be cut (connections are reset, new ones too), slow, or stand still; it counts what it did to whom, so that a fault can show
/// that it struck.
/// </summary>
internal sealed class DatabaseProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<Line, bool> _lines = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile bool _refuses;
    private long _delayTicks;
    private TaskCompletionSource? _still;
    private long _cut;
    private long _refused;
    private long _late;
    private long _lost;

    /// <param name="listener">Listens where the silo looks for its database.</param>
    /// <param name="targetPort">The database's port on this process's loopback.</param>
    public DatabaseProxy(Socket listener, int targetPort)
    {
        (_listener, _target) = (listener, new(IPAddress.Loopback, targetPort));
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where the silo finds it.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Connections that <see cref="Cut"/> has reset.</summary>
    public long CutConnections => Interlocked.Read(ref _cut);

    /// <summary>Connections that were reset as soon as they were made.</summary>
    public long RefusedConnections => Interlocked.Read(ref _refused);

    /// <summary>Pieces of data that came later than they would have.</summary>
    public long LatePieces => Interlocked.Read(ref _late);

    /// <summary>Connections that the database ended or refused.</summary>
    public long LostConnections => Interlocked.Read(ref _lost);

    /// <summary>A socket that listens on loopback, at a free port unless one is given.</summary>
    public static Socket Listen(int port = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        socket.Listen();
        return socket;
    }

    /// <summary>Resets every connection, and each new one until <see cref="Heal"/>.</summary>
    public void Cut()
    {
        _refuses = true;
        foreach (var line in _lines.Keys)
        {
            line.Reset();
            Interlocked.Increment(ref _cut);
        }
    }

    /// <summary>Every piece of data takes longer by so much, in both directions, until <see cref="Heal"/>.</summary>
    public void Delay(TimeSpan delay) => Interlocked.Exchange(ref _delayTicks, delay.Ticks);

    /// <summary>Nothing passes until <see cref="Heal"/>, and nobody is told.</summary>
    public void StandStill() => Interlocked.CompareExchange(ref _still, new(TaskCreationOptions.RunContinuationsAsynchronously), null);

    /// <summary>From now on it passes everything at once.</summary>
    public void Heal()
    {
        _refuses = false;
        Interlocked.Exchange(ref _delayTicks, 0);
        Interlocked.Exchange(ref _still, null)?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Heal();
        foreach (var line in _lines.Keys)
        {
            line.Reset();
        }

        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var silo = await _listener.AcceptAsync(_stop.Token);
                _ = ServeAsync(silo);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the run.
        }
    }

    private async Task ServeAsync(Socket silo)
    {
        using var line = new Line(silo);
        if (_refuses)
        {
            line.Reset();
            Interlocked.Increment(ref _refused);
            return;
        }

        try
        {
            await line.Database.ConnectAsync(_target, _stop.Token);
            _lines[line] = true;
            await Task.WhenAny(PumpAsync(line.Silo, line.Database), PumpAsync(line.Database, line.Silo));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Interlocked.Increment(ref _lost);
        }
        finally
        {
            _lines.TryRemove(line, out _);
            line.Reset();
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReceiveAsync(buffer, _stop.Token)) > 0;)
            {
                await HoldUpAsync();
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private async Task HoldUpAsync()
    {
        if (Volatile.Read(ref _still) is { } still)
        {
            Interlocked.Increment(ref _late);
            await still.Task.WaitAsync(_stop.Token);
        }

        if (Interlocked.Read(ref _delayTicks) is > 0 and var ticks)
        {
            Interlocked.Increment(ref _late);
            await Task.Delay(TimeSpan.FromTicks(ticks), _stop.Token);
        }
    }

    /// <summary>One connection through the proxy.</summary>
    private sealed class Line(Socket silo) : IDisposable
    {
        public Socket Silo { get; } = silo;

        public Socket Database { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

        // Without lingering the other side hears of a reset, as when a router in between has lost its tables.
        public void Reset()
        {
            foreach (var socket in (Socket[])[Silo, Database])
            {
                socket.Close(timeout: 0);
            }
        }

        public void Dispose() => Reset();
    }
}
