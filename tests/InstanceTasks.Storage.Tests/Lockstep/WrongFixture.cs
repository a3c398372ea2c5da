using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Lockstep;

/// <summary>What a wrong journal does wrong.</summary>
public enum Wrong
{
    WakesForgotten = 0,
    WakesReadForgotten = 1,
    DueTooEarly = 2,
    LastEventHidden = 3,
    TombstoneDenied = 4,
    QuotaUnexplained = 5,
    OwnersNeverLost = 6,
    QuarantineForgotten = 7,
    AnswerOfKeyForgotten = 8,
    RenewalForgotten = 9,
    LimitsForgotten = 10,
    SecondClaimForgotten = 11,
}

/// <summary>A store with one promise broken, to show that the comparison would see it.</summary>
internal sealed class WrongFixture(StoreFixture store, Wrong wrong) : StoreFixture, IJournal, ILeases
{
    public override IJournal Journal => this;

    public override ILeases Leases => this;

    public override IQueries Queries => store.Queries;

    public override IHostRegistry Hosts => store.Hosts;

    public override ICatalog Catalog => store.Catalog;

    public override IHoldStore Holds => store.Holds;

    public override IRevokedTokens Tokens => store.Tokens;

    public int ClusterEpoch => store.Journal.ClusterEpoch;

    public async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        var result = await store.Journal.CommitAsync(Change(commit), cancellationToken);
        return wrong switch
        {
            Wrong.QuotaUnexplained => result with { Detail = null },
            Wrong.AnswerOfKeyForgotten => result with { Stored = null },
            _ => result,
        };
    }

    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => store.Journal.ReadTaskAsync(id, cancellationToken);

    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => store.Journal.ReadInstanceAsync(id, cancellationToken);

    public async Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        var events = await store.Journal.ReadEventsAsync(id, cancellationToken);
        return wrong == Wrong.LastEventHidden && events.Count > 3 ? [.. events.SkipLast(1)] : events;
    }

    public async Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) =>
        await store.Journal.RefuseAsync(id, cancellationToken) && wrong != Wrong.TombstoneDenied;

    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        store.Journal.ReadIdempotencyAsync(project, user, key, cancellationToken);

    public async Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default)
    {
        var due = await store.Journal.ReadDueAsync(shard, limit, cancellationToken);
        return wrong == Wrong.OwnersNeverLost ? [.. due.Select(d => d with { OwnerLost = false })] : due;
    }

    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => store.Journal.ReadNextDueAsync(shard, cancellationToken);

    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) =>
        wrong == Wrong.QuarantineForgotten ? Task.CompletedTask : store.Journal.QuarantineAsync(id, reason, cancellationToken);

    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => store.Leases.JoinAsync(silo, lease, cancellationToken);

    public Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default) => store.Leases.AnnounceAsync(generation, hosts, cancellationToken);

    public Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default) =>
        store.Leases.RenewAsync(generation, wrong == Wrong.RenewalForgotten ? TimeSpan.FromMinutes(1) : lease, calls, cancellationToken);

    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default) => store.Leases.LeaveAsync(generation, cancellationToken);

    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => store.Leases.EndOthersAsync(generation, cancellationToken);

    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => store.Leases.ReadLiveAsync(cancellationToken);

    public override Task<IReadOnlyList<HostView>> ListHostsAsync() => store.ListHostsAsync();

    public override Task<QuotaUsage> GetUsageAsync(ProjectId project) => store.GetUsageAsync(project);

    public override Task MoveClockAsync(TimeSpan offset) => store.MoveClockAsync(offset);

    public override Task SetLimitsAsync(ProjectId project, int instances, int cores, int ramMb) =>
        wrong == Wrong.LimitsForgotten ? Task.CompletedTask : store.SetLimitsAsync(project, instances, cores, ramMb);

    public override Task<HousekeepingReport> HousekeepingAsync() => store.HousekeepingAsync();

    public override Task CorruptTaskAsync(TaskId id) => store.CorruptTaskAsync(id);

    public override Task ReopenAsync() => store.ReopenAsync();

    public override Task<IReadOnlyList<(TaskId Task, long Seq, long StreamId)>> ReadStreamAsync() => store.ReadStreamAsync();

    public override Task<IReadOnlyList<string>> ReadTablesAsync() => store.ReadTablesAsync();

    public override Task<IReadOnlyDictionary<HostName, Resources>> SumClaimsAsync() => store.SumClaimsAsync();

    public override ValueTask DisposeAsync() => store.DisposeAsync();

    private Commit Change(Commit commit) => wrong switch
    {
        Wrong.WakesForgotten => commit with { Wakes = [] },
        Wrong.WakesReadForgotten => commit with { Tasks = [.. commit.Tasks.Select(t => t with { WakesRead = 1000 })] },
        Wrong.DueTooEarly => commit with { Tasks = [.. commit.Tasks.Select(t => t with { DueIn = t.DueIn / 2 })] },
        Wrong.SecondClaimForgotten => commit with { Claims = [.. commit.Claims.Take(1)] },
        _ => commit,
    };
}
