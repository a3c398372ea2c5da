using InstanceTasks.TestKit;

namespace InstanceTasks.Bench.Recovery;

/// <summary>Silos as processes on one PostgreSQL, with one world whose verbs take as long as the bench says.</summary>
internal sealed class RecoveryCluster : IAsyncDisposable
{
    private readonly BenchStore _store;
    private readonly TempDirectory _shared = new("bench-recovery");
    private readonly Dictionary<string, string?> _environment;
    private readonly List<TempDirectory> _directories = [];
    private readonly List<SiloProcess> _silos = [];

    private RecoveryCluster(BenchStore store, int hosts, bool alone)
    {
        _store = store;
        StoreReader.PointTo(_shared.Path, store.Connection!);
        _environment = new()
        {
            ["INSTANCETASKS_Storage__Provider"] = "postgres",
            ["INSTANCETASKS_Storage__ConnectionString"] = store.Connection,
            ["INSTANCETASKS_Storage__SecretKeyFile"] = _shared.Combine("secrets.key"),
            ["INSTANCETASKS_Hypervisor__WorldFile"] = _shared.Combine("world.db"),
            ["INSTANCETASKS_Hypervisor__DefaultLatency"] = "00:00:00.050",
            // All of the bench's tasks are in the middle of a step at once.
            ["INSTANCETASKS_Workers__PerHost"] = "2000",
        };
        if (!alone)
        {
            _environment["INSTANCETASKS_Cluster__Id"] = "bench";
            _environment["INSTANCETASKS_Cluster__Secret"] = "the secret of the recovery bench";
        }

        for (var n = 0; n < hosts; n++)
        {
            _environment[$"INSTANCETASKS_Hypervisor__Hosts__{n}__Name"] = $"host-{n + 1}";
            _environment[$"INSTANCETASKS_Hypervisor__Hosts__{n}__Vcpus"] = "4000";
            _environment[$"INSTANCETASKS_Hypervisor__Hosts__{n}__MemoryMb"] = "4000000";
            _environment[$"INSTANCETASKS_Hypervisor__Hosts__{n}__DiskGb"] = "40000";
        }
    }

    /// <summary>Where readers find store and world.</summary>
    public string Directory => _shared.Path;

    public static async Task<RecoveryCluster> CreateAsync(string? connection, int hosts, bool alone = false) => new(await BenchStore.OpenAsync("postgres", connection), hosts, alone);

    /// <summary>Starts another silo.</summary>
    public async Task<SiloProcess> StartAsync()
    {
        var directory = new TempDirectory("bench-silo");
        _directories.Add(directory);
        var silo = await SiloProcess.StartAsync(new() { DataDirectory = directory.Path, Environment = _environment });
        _silos.Add(silo);
        return silo;
    }

    /// <summary>Starts the next process in the place of one that was killed.</summary>
    public async Task<SiloProcess> RestartAsync(SiloProcess killed)
    {
        var silo = await killed.RestartAsync();
        _silos.Add(silo);
        return silo;
    }

    /// <summary>How long a hard reboot takes from now on.</summary>
    public void SetReset(TimeSpan time) => new WorldControl(Directory).SetLatency(Verb.Reset, time);

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        _directories.ForEach(d => d.Dispose());
        _shared.Dispose();
        _store.Dispose();
    }
}
