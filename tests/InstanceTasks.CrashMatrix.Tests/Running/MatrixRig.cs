using InstanceTasks.CrashMatrix.Checking;
using InstanceTasks.CrashMatrix.Faults;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;
using InstanceTasks.TestKit.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>The stores that the matrix runs on.</summary>
public enum MatrixStore
{
    /// <summary>A file, owned by one process.</summary>
    Sqlite = 0,

    /// <summary>A server of the test's own.</summary>
    Postgres = 1,
}

/// <summary>
/// One cluster for many cells: a silo with its grains, workers and store, the API in front of it, and a board of faults between its parts. A crash
/// cuts the silo off from all of them at once, and another one takes over.
/// </summary>
internal sealed class MatrixRig : IAsyncDisposable
{
    // Every cell has a machine of its own, and many stand still at a time.
    private const int Plenty = 1_000_000;

    private readonly InProcessSilos _silos;
    private readonly InProcessApi _api;

    private MatrixRig(InProcessSilos silos, InProcessApi api, FaultBoard board)
    {
        (_silos, _api, Board) = (silos, api, board);
        Inventory = new InventoryReader(silos.DataDirectory);
        Silo = silos.Silos[0];
    }

    /// <summary>The faults.</summary>
    public FaultBoard Board { get; }

    /// <summary>The silo that lives.</summary>
    public InProcessSilo Silo { get; private set; }

    /// <summary>The store, without any fault.</summary>
    public IInstanceTasksStore Store => _silos.Store;

    /// <summary>The API.</summary>
    public ApiClient Api => _api.Client;

    /// <summary>What there is.</summary>
    public InventoryReader Inventory { get; }

    /// <summary>The last log lines, to explain a failure.</summary>
    public string Log => _silos.Log;

    /// <summary>When silos died.</summary>
    public List<DateTimeOffset> Crashes { get; } = [];

    /// <summary>Starts.</summary>
    public static async Task<MatrixRig> StartAsync(MatrixStore store, Func<IHypervisor, IHypervisor>? defect = null)
    {
        var board = new FaultBoard();
        var silos = await InProcessSilos.StartAsync(Options(store, board, defect));
        try
        {
            return new MatrixRig(silos, await InProcessApi.StartAsync(silos, silos.Silos[0]), board);
        }
        catch
        {
            await silos.DisposeAsync();
            throw;
        }
    }

    /// <summary>The silo dies: nothing of it reaches the store, its peers or the hypervisor any more, and its lease is not renewed. Another one starts.</summary>
    public async Task CrashAsync()
    {
        Board.Kill(Silo.Name);
        Crashes.Add(TimeProvider.System.GetUtcNow());
        await _silos.KillAsync(Silo);
        Silo = await _silos.StartSiloAsync();
    }

    /// <summary>Differences between store and world, and what the protocol forbids and happened all the same, when nothing is under way.</summary>
    public async Task<IReadOnlyList<string>> AuditAsync() =>
        [.. WorldAudit.Compare(_silos.DataDirectory, [], Crashes).Problems, .. await _silos.FindViolationsAsync()];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Board.End();
        await _api.DisposeAsync();
        await _silos.DisposeAsync();

        // Those of this cluster's database would lie idle until the server has none left for the next ones.
        NpgsqlConnection.ClearAllPools();
    }

    private static InProcessOptions Options(MatrixStore store, FaultBoard board, Func<IHypervisor, IHypervisor>? defect) => new()
    {
        OpenStore = store == MatrixStore.Postgres ? OpenPostgresAsync : null,
        Hosts = [.. Enumerable.Range(1, 3).Select(n => new SimulatedHostOptions { Name = $"sim-{n}", Vcpus = Plenty, MemoryMb = Plenty * 512, DiskGb = Plenty })],
        WrapDriver = (silo, driver, _) => FaultyHypervisor.Of(silo, defect?.Invoke(driver) ?? driver, board),
        WrapJournal = (_, journal) => new FaultyCommits(journal, board),
        WrapPeers = (silo, peers) => new FaultyPeers(silo, peers, board),
        Workers = o => o.PerHost = 10_000,
        // On SQLite the directory's lock makes the next process the only owner; on PostgreSQL the dead one's lease must run out.
        Lease = o => o.SoleOwner = store == MatrixStore.Sqlite,
        LogFrom = LogLevel.Warning,
    };

    private static async Task<IInstanceTasksStore> OpenPostgresAsync(string dataDirectory)
    {
        var server = PostgresServer.Shared;
        var connectionString = server.ConnectionString(await server.CreateDatabaseAsync());
        StoreReader.PointTo(dataDirectory, connectionString);
        var options = new PostgresStorageOptions { ConnectionString = connectionString, SecretKeyFile = Path.Combine(dataDirectory, "secret.key") };
        return await PostgresStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance);
    }
}
