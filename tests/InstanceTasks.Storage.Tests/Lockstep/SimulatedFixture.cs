using InstanceTasks.Engine;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Store;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Lockstep;

/// <summary>The database that the simulator's actors write to, without the simulator's faults; its clock stands still between operations.</summary>
internal sealed class SimulatedFixture : StoreFixture, IJournal, ILeases, IHostRegistry
{
    private readonly Scheduler _scheduler = new();
    private readonly Database _database;

    public SimulatedFixture(Sabotage sabotage = Sabotage.None) => _database = new(_scheduler) { Sabotage = sabotage };

    public override IJournal Journal => this;

    public override ILeases Leases => this;

    public override IQueries Queries => throw new NotSupportedException("The simulator asks the database itself.");

    public override IHostRegistry Hosts => this;

    public override ICatalog Catalog => throw new NotSupportedException("The simulator has no catalog.");

    public override IRevokedTokens Tokens => throw new NotSupportedException("The simulator has no tokens.");

    public override IHoldStore Holds => throw new NotSupportedException("The simulator has no holds.");

    public int ClusterEpoch => 1;

    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default) => Task.FromResult(_database.Commit(commit));

    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => Task.FromResult(_database.ReadTask(id));

    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => Task.FromResult(_database.Instances.GetValueOrDefault(id));

    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => Task.FromResult(_database.ReadEvents(id));

    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => Task.FromResult(_database.Refuse(id));

    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        Task.FromResult(_database.KeyOf(project, user, key));

    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => Task.FromResult(_database.ReadDue(shard, limit));

    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => Task.FromResult(_database.ReadNextDue(shard));

    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default)
    {
        _database.Quarantine(id, reason);
        return Task.CompletedTask;
    }

    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => Task.FromResult(_database.Join(silo, lease));

    public Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default)
    {
        _database.Announce(generation, hosts);
        return Task.CompletedTask;
    }

    public Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default) => Task.FromResult(_database.Renew(generation, lease, calls));

    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default)
    {
        _database.Leave(generation);
        return Task.CompletedTask;
    }

    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => throw new NotSupportedException("Several processes share the store.");

    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => Task.FromResult(_database.ReadLive());

    public Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default)
    {
        _database.Hosts[host] = new HostView(host, zone, capacity, default, null);
        return Task.CompletedTask;
    }

    public override Task<IReadOnlyList<HostView>> ListHostsAsync() => Task.FromResult(_database.ListHosts());

    public override Task<QuotaUsage> GetUsageAsync(ProjectId project) => Task.FromResult(_database.UsageOf(project));

    public override Task<IReadOnlyList<ImageRecord>> ListImagesAsync() => Task.FromResult(_database.Images.All);

    public override Task MoveClockAsync(TimeSpan offset)
    {
        _scheduler.PassTo(offset);
        return Task.CompletedTask;
    }

    public override Task SetLimitsAsync(ProjectId project, int instances, int cores, int ramMb)
    {
        _database.Quota[project] = _database.UsageOf(project) with { MaxInstances = instances, MaxCores = cores, MaxRamMb = ramMb };
        return Task.CompletedTask;
    }

    public override Task<HousekeepingReport> HousekeepingAsync() => throw new NotSupportedException("The simulator keeps everything.");

    public override Task CorruptTaskAsync(TaskId id) => throw new NotSupportedException("The simulator stores no text.");

    public override Task ReopenAsync() => Task.CompletedTask;

    public override Task<IReadOnlyList<(TaskId Task, long Seq, long StreamId)>> ReadStreamAsync() =>
        Task.FromResult<IReadOnlyList<(TaskId, long, long)>>([.. _database.Stream.Select(s => (s.Task, s.Seq, s.Id))]);

    public override Task<IReadOnlyList<string>> ReadTablesAsync() => throw new NotSupportedException("The simulator has no tables.");

    public override Task<IReadOnlyDictionary<HostName, Resources>> SumClaimsAsync() => Task.FromResult<IReadOnlyDictionary<HostName, Resources>>(
        _database.Claims.GroupBy(c => c.Host).ToDictionary(g => g.Key, g => g.Aggregate(default(Resources), (sum, c) => sum + c.Resources)));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
