using System.Collections.Concurrent;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit.Faults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>
/// Silos within the test's process that share one real journal and one simulated world, as two processes would: each has its own lease,
/// its own driver on the world's file, and its own way to the store that can be cut.
/// </summary>
public sealed class InProcessSilos : IAsyncDisposable
{
    /// <summary>The only host, unless the options say otherwise.</summary>
    public static readonly HostName Host = new("sim-1");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly Caller Owner = new(new UserId("demo-user"), new ProjectId("demo-project"), IsAdmin: true);

    private readonly TempDirectory _directory = new("silos");
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentDictionary<string, InProcessSilo> _byName = new();
    private readonly ConcurrentQueue<InProcessSilo> _configured = new();
    private readonly List<InProcessSilo> _silos = [];
    private readonly InProcessOptions _options;
    private readonly TraceClock _clock = new();
    private InProcessTestCluster _cluster = null!;

    private InProcessSilos(InProcessOptions options)
    {
        _options = options;
        Trace = new WorldTrace(_clock);
        CallTrace = new CallTrace(_clock);
    }

    /// <summary>The data directory: store, world and reminders.</summary>
    public string DataDirectory => _directory.Path;

    /// <summary>The shared store, without any fault.</summary>
    public IInstanceTasksStore Store { get; private set; } = null!;

    /// <summary>The journal that all silos write to.</summary>
    public FaultyJournal Journal { get; private set; } = null!;

    /// <summary>The world, from outside.</summary>
    public SimulatedWorld World { get; private set; } = null!;

    /// <summary>What runners asked of the world.</summary>
    public WorldTrace Trace { get; }

    /// <summary>What grains were called for.</summary>
    public CallTrace CallTrace { get; }

    /// <summary>The silos, in the order of their start; also those that are gone.</summary>
    public IReadOnlyList<InProcessSilo> Silos => _silos;

    /// <summary>The silos that ended themselves, by their names; each is killed as its process would be.</summary>
    public ConcurrentQueue<string> EndedThemselves { get; } = new();

    /// <summary>The cluster.</summary>
    public InProcessTestCluster Cluster => _cluster;

    /// <summary>The last log lines, to explain a failure.</summary>
    public string Log => string.Join(Environment.NewLine, _log.TakeLast(400));

    /// <summary>Starts.</summary>
    public static async Task<InProcessSilos> StartAsync(InProcessOptions? options = null)
    {
        var silos = new InProcessSilos(options ?? new InProcessOptions());
        try
        {
            await silos.OpenAsync();
            return silos;
        }
        catch
        {
            await silos.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more silo.</summary>
    public async Task<InProcessSilo> StartSiloAsync() => Adopt(await _cluster.StartAdditionalSiloAsync());

    /// <summary>Kills a silo, as <c>kill -9</c> would: nothing of it reaches the store or another silo any more.</summary>
    public async Task KillAsync(InProcessSilo silo)
    {
        silo.Store.Cut();
        await _cluster.KillSiloAsync(silo.Handle);
    }

    /// <summary>Holds the first verb that matches, whichever of the present silos runs it.</summary>
    public VerbHold Hold(HoldAt at, Func<Verb, VerbCall, bool> when)
    {
        var hold = new VerbHold(at, when);
        _silos.ForEach(s => s.World.Add(hold));
        return hold;
    }

    /// <summary>The silo of a name.</summary>
    public InProcessSilo Named(string name) => _silos.Single(s => s.Name == name);

    /// <summary>A request like the API's.</summary>
    public static SubmitTask Request(TaskKind kind, InstanceId instance) => new()
    {
        Task = TaskId.New(), Kind = kind, Instance = instance, Request = RequestId.New(), Caller = Owner,
    };

    /// <summary>A request for a new machine.</summary>
    public static SubmitTask CreateRequest(string name = "one")
    {
        var id = InstanceId.New();
        return Request(TaskKinds.Create, id) with
        {
            NewInstance = new InstanceRecord
            {
                Id = id, Project = Owner.Project, User = Owner.User, Name = name, ImageId = "image-1",
                Flavor = new FlavorSnapshot { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
            },
        };
    }

    /// <summary>A command on a task.</summary>
    public static TaskCommand Command(TaskCommandKind kind) => new() { Id = Guid.NewGuid(), Kind = kind, Caller = Owner };

    /// <summary>Submits through a silo, which must accept.</summary>
    public static async Task<TaskId> SubmitAsync(InProcessSilo via, SubmitTask request)
    {
        var answer = await via.Grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request);
        return answer.Verdict == AcceptVerdict.Accepted ? answer.Task : throw new InvalidOperationException($"Not accepted: {answer}");
    }

    /// <summary>Submits a task of a kind through a silo, which must accept.</summary>
    public static Task<TaskId> SubmitAsync(InProcessSilo via, TaskKind kind, InstanceId instance) => SubmitAsync(via, Request(kind, instance));

    /// <summary>Makes a machine, running.</summary>
    public async Task<InstanceId> CreateServerAsync(InProcessSilo via)
    {
        var request = CreateRequest();
        var task = await EndAsync(await SubmitAsync(via, request));
        return task.State == "succeeded" ? request.Instance : throw new InvalidOperationException($"The create ended {task.State}: {task.Failure}");
    }

    /// <summary>The task once it has ended or needs attention.</summary>
    public Task<TaskRecord> EndAsync(TaskId task, TimeSpan? deadline = null) => UntilAsync(task, t => t.IsEnded || t.Outcome == TaskOutcome.NeedsAttention, "it has ended", deadline);

    /// <summary>The task once a condition holds.</summary>
    public async Task<TaskRecord> UntilAsync(TaskId task, Func<TaskRecord, bool> condition, string what, TimeSpan? deadline = null)
    {
        TaskRecord? last = null;
        return await Eventually.NotNullAsync(
            async () =>
            {
                last = await Store.GetTaskAsync(task);
                return last is not null && condition(last) ? last : null;
            },
            deadline ?? Patience,
            $"task {task}: {what}",
            () => $"{last}{Environment.NewLine}{Log}");
    }

    /// <summary>Waits for a condition.</summary>
    public Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what, () => Log);

    /// <summary>Waits for a condition.</summary>
    public Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.TrueAsync(condition, Patience, what, () => Log);

    /// <summary>Waits for something of a test's own, and explains when it does not come.</summary>
    public async Task<T> WaitAsync<T>(Task<T> task, string what)
    {
        await WaitAsync((Task)task, what);
        return await task;
    }

    /// <summary>Waits for something of a test's own, and explains when it does not come.</summary>
    public async Task WaitAsync(Task task, string what)
    {
        try
        {
            await task.WaitAsync(Patience);
        }
        catch (TimeoutException e) when (!task.IsCompleted)
        {
            throw new TimeoutException($"Not within {Patience.TotalSeconds} s: {what}.{Environment.NewLine}{Log}", e);
        }
    }

    /// <summary>What the protocol forbids and happened all the same.</summary>
    public async Task<IReadOnlyList<string>> FindViolationsAsync() =>
        ProtocolCheck.Find(Trace, CallTrace, new StoreReader(DataDirectory), new LeaseReader(DataDirectory), await World.ReadEffectsAsync());

    /// <summary>Store and world agree; effects may be repeated only across one of the moments.</summary>
    public void Audit(params IReadOnlyList<DateTimeOffset> takeovers) => WorldAudit.Compare(DataDirectory, [], takeovers).ThrowIfAny();

    public async ValueTask DisposeAsync()
    {
        foreach (var silo in _configured)
        {
            silo.World.ReleaseAll();
        }

        if (_cluster is not null)
        {
            await _cluster.DisposeAsync();
        }

        foreach (var silo in _configured)
        {
            silo.Driver.Dispose();
        }

        World?.Dispose();
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task OpenAsync()
    {
        Store = await (_options.OpenStore?.Invoke(DataDirectory) ?? OpenSqliteAsync());
        Journal = new FaultyJournal(Store);
        World = await SimulatedWorld.CreateAsync(WorldFile, _options.Hosts.Select(h => new HostDescription(new HostName(h.Name), h.Zone, new Resources(h.Vcpus, h.MemoryMb, h.DiskGb))));
        var builder = new InProcessTestClusterBuilder(_options.Silos);
        builder.ConfigureSilo((specific, silo) => Configure(specific.SiloName, UniqueNameOf(specific.SiloName), silo));
        builder.ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = _options.ResponseTimeout));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        foreach (var handle in _cluster.Silos)
        {
            Adopt(handle);
        }
    }

    private async Task<IInstanceTasksStore> OpenSqliteAsync() =>
        await SqliteStore.OpenAsync(new SqliteStorageOptions { DataDirectory = DataDirectory }, TimeProvider.System, NullLoggerFactory.Instance);

    private InProcessSilo Adopt(InProcessSiloHandle handle)
    {
        var silo = _byName[handle.Name];
        silo.Handle = handle;
        _silos.Add(silo);
        return silo;
    }

    // Orleans gives the name of a silo that is gone to the next one.
    private string UniqueNameOf(string given) => _byName.ContainsKey(given) ? $"{given}+{_configured.Count}" : given;

    private string WorldFile => _directory.Combine("world.db");

    private void Configure(string given, string name, ISiloBuilder builder)
    {
        var driver = new SimulatedHypervisor(new SimulatedHypervisorOptions { WorldFile = WorldFile, Hosts = [.. _options.Hosts] });
        var world = new GatedHypervisor(name, _options.WrapDriver?.Invoke(name, driver, World) ?? driver, Trace);
        var silo = _byName[given] = new InProcessSilo(name, new CuttableStore(Store, _options.WrapJournal?.Invoke(name, Journal) ?? Journal), world, driver);
        _configured.Enqueue(silo);
        AddServices(builder.Services, silo);
        builder.ConfigureLogging(logging => logging.SetMinimumLevel(_options.LogFrom).AddFilter("Microsoft", LogLevel.Warning).AddProvider(new LogBook(name, _log)));
        builder.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = _options.ResponseTimeout);
        foreach (var filter in _options.Filters)
        {
            builder.AddIncomingGrainCallFilter(filter);
        }

        builder.AddIncomingGrainCallFilter(CallTrace.FilterOf(name));
        builder.UseAdoNetReminderService(o =>
        {
            o.Invariant = Store.OrleansInvariant;
            o.ConnectionString = Store.OrleansConnectionString;
        });
        var recovery = new RecoveryOptions();
        _options.Recovery?.Invoke(recovery);
        builder.Configure<ReminderOptions>(o => o.MinimumReminderPeriod = recovery.MinimumReminderPeriod);
    }

    private void AddServices(IServiceCollection services, InProcessSilo silo)
    {
        services.AddSingleton<TimeProvider, BootTimeProvider>();
        services.AddSingleton<CommitLoad>().AddSingleton<IJournal>(s => new MeasuredJournal(silo.Store, s.GetRequiredService<CommitLoad>())).AddSingleton<ILeases>(silo.Store).AddSingleton<IQueries>(silo.Store).AddSingleton<IHostRegistry>(silo.Store).AddSingleton<IHoldStore>(Store).AddSingleton<IDocumentStore>(Store);
        services.AddSingleton<IRetention>(Store);
        services.AddSingleton<IHypervisor>(silo.World).AddSingleton<IHypervisorHosts>(silo.World);
        services.AddSingleton<IStepSecrets>(new StoredStepSecrets(silo.Store, Store.Secrets));
        services.AddSingleton<IProcessEnd>(new KillingEnd(this, silo));
        services.AddInstanceTasksGrains();
        WrapPeers(services, silo.Name);
        services.Configure<LeaseOptions>(o =>
        {
            InProcessOptions.Shorten(o);
            _options.Lease?.Invoke(o);
        });
        services.Configure<WorkerOptions>(o =>
        {
            InProcessOptions.Shorten(o);
            _options.Workers?.Invoke(o);
        });
        services.Configure<LimitOptions>(o => _options.Limits?.Invoke(o));
        services.Configure<AdmissionOptions>(o => _options.Admission?.Invoke(o));
        services.Configure<RecoveryOptions>(o =>
        {
            InProcessOptions.Shorten(o);
            _options.Recovery?.Invoke(o);
        });
        services.Configure<RetentionOptions>(o =>
        {
            (o.Enabled, o.Archive) = (false, _directory.Combine("archive"));
            _options.Retention?.Invoke(o);
        });
    }

    private void WrapPeers(IServiceCollection services, string name)
    {
        if (_options.WrapPeers is { } wrap)
        {
            var real = services.Last(d => d.ServiceType == typeof(IPeers)).ImplementationType!;
            services.AddSingleton(s => wrap(name, (IPeers)ActivatorUtilities.CreateInstance(s, real)));
        }
    }

    private sealed class KillingEnd(InProcessSilos silos, InProcessSilo silo) : IProcessEnd
    {
        public void End(string why)
        {
            silos.EndedThemselves.Enqueue(silo.Name);
            _ = Task.Run(() => silos.KillAsync(silo));
        }
    }
}
