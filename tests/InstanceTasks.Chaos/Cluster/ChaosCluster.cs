using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;
using Npgsql;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>A PostgreSQL, the places of four silos, and the world that their hypervisors share.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    /// <summary>The cluster's id.</summary>
    public const string Id = "chaos";

    /// <summary>The places.</summary>
    public const int Places = 4;

    /// <summary>How many silos run when nothing is wrong.</summary>
    public const int Usual = 3;

    private static readonly TimeSpan GuardPeriod = TimeSpan.FromMilliseconds(250);

    private readonly TempDirectory _shared = new("chaos");
    private readonly CancellationTokenSource _stop = new();
    private readonly List<SiloSlot> _slots = [];
    private Task _guard = Task.CompletedTask;
    private MembershipWatch? _watch;

    private ChaosCluster(TimeProvider time) => Time = time;

    /// <summary>The time.</summary>
    public TimeProvider Time { get; }

    /// <summary>The database server.</summary>
    public PostgresServer Postgres { get; } = new();

    /// <summary>The network; null: the silos share this process's.</summary>
    public SiloNetwork? Network { get; private set; }

    /// <summary>The silos' places.</summary>
    public IReadOnlyList<SiloSlot> Slots => _slots;

    /// <summary>Where the world is, and where readers find the store.</summary>
    public string SharedDirectory => _shared.Path;

    /// <summary>What the cluster's tables say.</summary>
    public MembershipWatch Watch => _watch!;

    /// <summary>Every process of every silo, oldest first.</summary>
    public IReadOnlyList<SiloLife> Lives => [.. _slots.SelectMany(s => s.Lives).OrderBy(l => l.StartedAt)];

    /// <summary>Those whose process runs.</summary>
    public IReadOnlyList<SiloSlot> Up => [.. _slots.Where(s => s.IsUp)];

    /// <summary>Makes it all and starts the usual number of silos.</summary>
    public static async Task<ChaosCluster> StartAsync(TimeProvider time)
    {
        var cluster = new ChaosCluster(time);
        try
        {
            await cluster.BuildAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the guard and every silo cleanly. How each ended is in its life.</summary>
    public async Task StopAsync()
    {
        await EndGuardAsync();
        await Task.WhenAll(Slots.Select(s => s.StopAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        await EndGuardAsync();
        if (_watch is { } watch)
        {
            await watch.DisposeAsync();
        }

        foreach (var slot in _slots)
        {
            await slot.DisposeAsync();
        }

        Network?.Dispose();
        Postgres.Dispose();
        _shared.Dispose();
        _stop.Dispose();
    }

    private async Task BuildAsync()
    {
        Network = await SiloNetwork.CreateAsync(Places);
        var database = Postgres.ConnectionString(await Postgres.CreateDatabaseAsync());
        StoreReader.PointTo(_shared.Path, database);
        var environment = Environment(database);
        for (var number = 1; number <= Places; number++)
        {
            _slots.Add(new(number, Network?[number], Postgres.Port, environment, Time));
        }

        _watch = new(database + ";Pooling=false;Timeout=5;Command Timeout=5", _slots, Time);
        // The first makes the schema and the key.
        await _slots[0].StartAsync(SiloVariant.Plain);
        await Task.WhenAll(_slots.Skip(1).Take(Usual - 1).Select(s => s.StartAsync(SiloVariant.Plain)));
        _watch.Start();
        _guard = GuardAsync();
    }

    private Dictionary<string, string?> Environment(string database) => new()
    {
        ["INSTANCETASKS_Storage__Provider"] = "postgres",
        ["INSTANCETASKS_Storage__ConnectionString"] = Templated(database),
        ["INSTANCETASKS_Storage__SecretKeyFile"] = _shared.Combine("secrets.key"),
        ["INSTANCETASKS_Hypervisor__WorldFile"] = _shared.Combine("world.db"),
        ["INSTANCETASKS_Cluster__Id"] = Id,
        ["INSTANCETASKS_Cluster__Secret"] = "the secret of the chaos run",
        // Answers to clients that ask more often than people do.
        ["INSTANCETASKS_Api__Events__HeartBeat"] = "00:00:05",
    };

    private static string Templated(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        return $"Host={parts.Host};Port={{0}};Username={parts.Username};Database={parts.Database}";
    }

    /// <summary>What an init system does: starts again what has ended by itself.</summary>
    private async Task GuardAsync()
    {
        using var timer = new PeriodicTimer(GuardPeriod, Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await Task.WhenAll(_slots.Where(s => s is { IsWanted: true, IsUp: false }).Select(s => s.ReviveAsync()));
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the run.
        }
    }

    private async Task EndGuardAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            await _guard;
        }
    }
}
