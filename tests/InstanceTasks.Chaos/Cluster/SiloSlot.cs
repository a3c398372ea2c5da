using System.Net;
using System.Net.Sockets;
using InstanceTasks.TestKit;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>
/// The place of one silo: its address, data directory and way to the database, which stay, and the process that is there at the moment. Only the one who commands
/// it (a fault, or the guard that restarts what has ended by itself) starts and ends that.
/// </summary>
internal sealed class SiloSlot : IAsyncDisposable
{
    private const int DatabasePort = 5432;
    private const int Attempts = 3;

    // Starting anew what is only slow makes a starved machine slower.
    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _data;
    private readonly NetworkNamespace? _place;
    private readonly IReadOnlyDictionary<string, string?> _environment;
    private readonly int _port;
    private readonly TimeProvider _time;
    private readonly List<SiloLife> _lives = [];
    private readonly List<string> _failedStarts = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile SiloProcess? _process;

    /// <param name="number">From 1.</param>
    /// <param name="place">Its network; null: this process's own.</param>
    /// <param name="databasePort">The database's port.</param>
    /// <param name="environment">What all silos have in common, but for the database, which is at <c>{0}</c>.</param>
    /// <param name="time">The time.</param>
    public SiloSlot(int number, NetworkNamespace? place, int databasePort, IReadOnlyDictionary<string, string?> environment, TimeProvider time)
    {
        (Number, _place, _time, _data) = (number, place, time, new($"chaos-silo{number}"));
        Database = new(place is null ? DatabaseProxy.Listen() : place.Make(() => DatabaseProxy.Listen(DatabasePort)), databasePort);
        _port = FreePort.Next();
        SiloPort = FreePort.Next();
        Address = place is null ? IPAddress.Loopback : SiloNetwork.AddressOf(number);
        _environment = new Dictionary<string, string?>(environment)
        {
            ["INSTANCETASKS_Storage__ConnectionString"] = string.Format(environment["INSTANCETASKS_Storage__ConnectionString"]!, Database.Port),
            ["INSTANCETASKS_Cluster__Address"] = $"{Address}",
            // What is not loopback is a network of this run alone.
            ["INSTANCETASKS_Cluster__TrustedNetwork"] = place is null ? "false" : "true",
            ["INSTANCETASKS_Cluster__SiloPort"] = $"{SiloPort}",
        };
        Http = new(Url, ConnectAsync);
    }

    /// <summary>From 1.</summary>
    public int Number { get; }

    /// <summary>For people.</summary>
    public string Name => $"silo-{Number}";

    /// <summary>Where the other silos find it.</summary>
    public IPAddress Address { get; }

    /// <summary>The port for the other silos.</summary>
    public int SiloPort { get; }

    /// <summary>Its API.</summary>
    public Uri Url => new($"http://127.0.0.1:{_port}");

    /// <summary>Its way to the database.</summary>
    public DatabaseProxy Database { get; }

    /// <summary>A client of its API that does not wait for ever.</summary>
    public SiloHttp Http { get; }

    /// <summary>Whether a process is there that has not ended.</summary>
    public bool IsUp => _process is { HasExited: false };

    /// <summary>Whether a process should be there: the guard starts one that has ended by itself.</summary>
    public bool IsWanted { get; private set; }

    /// <summary>Its processes, oldest first.</summary>
    public IReadOnlyList<SiloLife> Lives => _lives;

    /// <summary>The process that is there.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public SiloLife Life => _process is null ? throw new InvalidOperationException($"{Name} does not run.") : _lives[^1];

    /// <summary>Starts that have failed, with what the process wrote.</summary>
    public IReadOnlyList<string> FailedStarts => _failedStarts;

    /// <summary>Starts a process and waits until it serves; one that fails to is tried again, as an init system would, and noted.</summary>
    public async Task StartAsync(SiloVariant variant)
    {
        await _gate.WaitAsync();
        try
        {
            IsWanted = true;
            await LaunchAsync(variant);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGKILL. False: it had ended by itself before.</summary>
    public async Task<bool> KillAsync()
    {
        await _gate.WaitAsync();
        try
        {
            IsWanted = false;
            if (!IsUp)
            {
                return false;
            }

            await _process!.KillAsync();
            await EndAsync(SiloEnd.Killed, ChildProcess.KilledExitCode);
            return true;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGTERM, and waits for the end. Null: it had ended by itself before.</summary>
    public async Task<int?> StopAsync()
    {
        await _gate.WaitAsync();
        try
        {
            IsWanted = false;
            if (!IsUp)
            {
                await NoteEndAsync();
                return null;
            }

            _lives[^1].AskedToStop(_time.GetUtcNow());
            var code = await _process!.StopAsync(deadline: StopDeadline);
            await EndAsync(SiloEnd.Stopped, code);
            return code;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Starts a process in the place of one that has ended by itself, unless somebody is busy with the silo.</summary>
    public async Task ReviveAsync()
    {
        if (!await _gate.WaitAsync(TimeSpan.Zero))
        {
            return;
        }

        try
        {
            if (IsWanted && !IsUp)
            {
                await NoteEndAsync();
                await LaunchAsync(SiloVariant.Plain);
            }
        }
        catch (SiloStartException e)
        {
            // The database may be away for longer than all tries took. An init system goes on trying, and so does the guard.
            Note(e);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGSTOP.</summary>
    public Task FreezeAsync() => _process!.FreezeAsync();

    /// <summary>SIGCONT.</summary>
    public void Thaw() => _process?.Thaw();

    public async ValueTask DisposeAsync()
    {
        IsWanted = false;
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        Http.Dispose();
        await Database.DisposeAsync();
        _gate.Dispose();
        _data.Dispose();
    }

    private async Task LaunchAsync(SiloVariant variant)
    {
        var setup = new SiloSetup
        {
            DataDirectory = _data.Path,
            Port = _port,
            Environment = new Dictionary<string, string?>(_environment.Concat(variant.Environment)),
            Launcher = [.. _place?.Launcher ?? [], .. variant.Memory?.Launcher ?? []],
            Connect = ConnectAsync,
            StartDeadline = StartDeadline,
        };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var began = _time.GetUtcNow();
                _lives.LastOrDefault()?.Succeeded(began);
                var process = await SiloProcess.StartAsync(setup);
                _lives.Add(new(Name, process.ProcessId, began, process.TimeToFirstAnswer));
                _process = process;
                return;
            }
            catch (SiloStartException e) when (attempt < Attempts)
            {
                Note(e);
            }
        }
    }

    private void Note(SiloStartException e) => _failedStarts.Add($"{Name} at {_time.GetUtcNow():HH:mm:ss.fff}: {e.Message}");

    private async Task NoteEndAsync()
    {
        if (_process is { } process)
        {
            await EndAsync(SiloEnd.ByItself, await process.WaitForExitAsync(StopDeadline));
        }
    }

    private async Task EndAsync(SiloEnd end, int code)
    {
        var process = _process!;
        _lives[^1].Ended(end, code, _time.GetUtcNow(), process.Output);
        _process = null;
        await process.DisposeAsync();
    }

    private async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = _place is null ? NewSocket() : _place.Make(NewSocket);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _port), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket NewSocket() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
}
