using InstanceTasks.Engine;
using InstanceTasks.Storage;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>
/// One silo's way to the shared store. While it is cut, nothing of this silo reaches the store, although the silo lives on: its lease
/// cannot be renewed, its commits are not sent, its reads fail.
/// </summary>
public sealed class CuttableStore(IInstanceTasksStore store, IJournal journal) : IJournal, ILeases, IQueries, IHostRegistry
{
    private volatile bool _cut;
    private int _refused;
    private int _stalled;
    private TaskCompletionSource? _stall;

    /// <inheritdoc/>
    public int ClusterEpoch => journal.ClusterEpoch;

    /// <summary>How many calls found the way cut.</summary>
    public int Refused => Volatile.Read(ref _refused);

    /// <summary>From now on nothing gets through.</summary>
    public void Cut() => _cut = true;

    /// <summary>How many commits have been on their way for longer than they should.</summary>
    public int Stalled => Volatile.Read(ref _stalled);

    /// <summary>From now on commits are on their way until <see cref="Resume"/>; then they arrive.</summary>
    public void Stall() => _stall = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What is on its way arrives.</summary>
    public void Resume() => Interlocked.Exchange(ref _stall, null)?.SetResult();

    /// <summary>Everything gets through again.</summary>
    public void Heal() => _cut = false;

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        if (!_cut)
        {
            return _stall is { } stall ? CommitLateAsync(stall.Task, commit) : journal.CommitAsync(commit, cancellationToken);
        }

        Interlocked.Increment(ref _refused);
        return Task.FromException<CommitResult>(new CommitOutcomeUnknownException("The silo is cut off from the store."));
    }

    private async Task<CommitResult> CommitLateAsync(Task stall, Commit commit)
    {
        Interlocked.Increment(ref _stalled);
        await stall;
        return await journal.CommitAsync(commit, CancellationToken.None);
    }

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => Through(() => journal.ReadTaskAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => Through(() => journal.ReadInstanceAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => Through(() => journal.ReadEventsAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => Through(() => journal.RefuseAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        Through(() => journal.ReadIdempotencyAsync(project, user, key, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => Through(() => journal.ReadDueAsync(shard, limit, cancellationToken));

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => Through(() => journal.ReadNextDueAsync(shard, cancellationToken));

    /// <inheritdoc/>
    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => Through(async () =>
    {
        await journal.QuarantineAsync(id, reason, cancellationToken);
        return true;
    });

    /// <inheritdoc/>
    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => Through(() => store.JoinAsync(silo, lease, cancellationToken));

    /// <inheritdoc/>
    public Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default) => Through(() => store.RenewAsync(generation, lease, calls, cancellationToken));

    /// <inheritdoc/>
    public Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default) => Through(async () =>
    {
        await store.AnnounceAsync(generation, hosts, cancellationToken);
        return true;
    });

    /// <inheritdoc/>
    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default) => Through(async () =>
    {
        await store.LeaveAsync(generation, cancellationToken);
        return true;
    });

    /// <inheritdoc/>
    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => Through(() => store.EndOthersAsync(generation, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => Through(() => store.ReadLiveAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => Through(() => store.GetServerAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default) => Through(() => store.ListServersAsync(filter, cancellationToken));

    /// <inheritdoc/>
    public Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) => Through(() => store.GetTaskAsync(id, cancellationToken));

    /// <inheritdoc/>
    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default) => Through(() => store.ListTasksAsync(filter, cancellationToken));

    /// <inheritdoc/>
    public Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default) => store.WaitForRestAsync(id, atMost, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) => Through(() => store.ListHostsAsync(cancellationToken));

    /// <inheritdoc/>
    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) => Through(() => store.GetUsageAsync(project, cancellationToken));

    /// <inheritdoc/>
    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => Through(() => store.CountAsync(window, cancellationToken));

    /// <inheritdoc/>
    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) => Through(() => store.ReadSecretAsync(owner, name, cancellationToken));

    /// <inheritdoc/>
    public Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default) => store.RegisterAsync(host, zone, capacity, cancellationToken);

    private Task<T> Through<T>(Func<Task<T>> call)
    {
        if (!_cut)
        {
            return call();
        }

        Interlocked.Increment(ref _refused);
        return Task.FromException<T>(new IOException("The silo is cut off from the store."));
    }
}
