using InstanceTasks.Engine;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Store;

/// <summary>One process's connection to the database: every call takes time, and may fail in every way that a database can.</summary>
internal sealed class StoreLink(Scheduler scheduler, Database database, Faults faults, Dice latency, Action<Commit> confirmed) : IJournal, ILeases, IQueries
{
    private static readonly TimeSpan Fast = TimeSpan.FromMicroseconds(200);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(4);

    public int ClusterEpoch => 1;

    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        var answer = new TaskCompletionSource<CommitResult>();
        if (faults.Strikes(FaultKind.CommitRefused))
        {
            Later(() => answer.SetException(new CommitFailedException("The store is full.") { StoreUnavailable = true }));
        }
        else if (faults.Strikes(FaultKind.CommitLost))
        {
            Later(() => answer.SetException(Unknown()));
        }
        else if (faults.Strikes(FaultKind.CommitLate))
        {
            var late = latency.Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(8));
            Later(() => answer.SetException(Unknown()));
            scheduler.After(late, null, () => Attempt(() => database.Commit(commit)));
        }
        else
        {
            Send(commit, answer);
        }

        return answer.Task;
    }

    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => ReadAsync(() => database.ReadTask(id));

    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => ReadAsync(() => database.Instances.GetValueOrDefault(id));

    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) =>
        ReadAsync(() => database.ReadEvents(id));

    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => WriteAsync(() => database.Refuse(id));

    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        ReadAsync(() => database.KeyOf(project, user, key));

    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => ReadAsync(() => database.ReadDue(shard, limit));

    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => ReadAsync(() => database.ReadNextDue(shard));

    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => WriteAsync(() =>
    {
        database.Quarantine(id, reason);
        return true;
    });

    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => WriteAsync(() => database.Join(silo, lease));

    public Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default) => WriteAsync(() => database.Renew(generation, lease, calls));

    public Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default) => WriteAsync(() =>
    {
        database.Announce(generation, hosts);
        return true;
    });

    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default) => WriteAsync(() =>
    {
        database.Leave(generation);
        return true;
    });

    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => throw new NotSupportedException("Several processes share the store.");

    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => ReadAsync(database.ReadLive);

    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) => ReadAsync(database.ListHosts);

    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => throw NotAsked();

    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) => throw NotAsked();

    private static NotSupportedException NotAsked() => new("The engine does not ask this.");

    private static CommitOutcomeUnknownException Unknown() => new("The answer never came.");

    private static IOException Down() => new("The database cannot be reached.");

    private void Send(Commit commit, TaskCompletionSource<CommitResult> answer)
    {
        var there = faults.Strikes(FaultKind.CommitSlow) ? latency.Between(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5)) : OneWay();
        var silent = faults.Strikes(FaultKind.CommitAnswerLost);
        var sentWhileUp = !database.IsDown;
        scheduler.After(there, null, () =>
        {
            if (database.IsDown)
            {
                // Under way when it went down: not known. Sent to one that is down: certainly not written.
                Exception why = sentWhileUp ? Unknown() : new CommitFailedException("The database is down.") { StoreUnavailable = true };
                Later(() => answer.SetException(why));
                return;
            }

            var result = Attempt(() => database.Commit(commit));
            // An outage on the way back is the same as an answer that is lost.
            Later(() => Answer(commit, answer, result, silent || database.IsDown));
        });
    }

    private void Answer(Commit commit, TaskCompletionSource<CommitResult> answer, CommitResult? result, bool lost)
    {
        if (lost || result is null)
        {
            answer.SetException(Unknown());
        }
        else
        {
            if (result.Applied)
            {
                confirmed(commit);
            }

            answer.SetResult(result);
        }
    }

    private CommitResult? Attempt(Func<CommitResult> commit) => database.IsDown ? null : commit();

    private Task<T> ReadAsync<T>(Func<T> read)
    {
        var answer = new TaskCompletionSource<T>();
        var fails = faults.Strikes(FaultKind.ReadFails);
        scheduler.After(OneWay(), null, () =>
        {
            if (fails || database.IsDown)
            {
                Later(() => answer.SetException(Down()));
                return;
            }

            var result = read();
            Later(() => answer.SetResult(result));
        });
        return answer.Task;
    }

    /// <summary>Small writes beside the commits: with an outage, or an answer lost, nobody knows.</summary>
    private Task<T> WriteAsync<T>(Func<T> write)
    {
        var answer = new TaskCompletionSource<T>();
        var silent = faults.Strikes(FaultKind.CommitAnswerLost);
        var lost = faults.Strikes(FaultKind.CommitLost);
        scheduler.After(OneWay(), null, () =>
        {
            if (lost || database.IsDown)
            {
                Later(() => answer.SetException(Unknown()));
                return;
            }

            var result = write();
            Later(() =>
            {
                if (silent)
                {
                    answer.SetException(Unknown());
                }
                else
                {
                    answer.SetResult(result);
                }
            });
        });
        return answer.Task;
    }

    private TimeSpan OneWay() => latency.Between(Fast, Slow);

    private void Later(Action action) => scheduler.After(OneWay(), null, action);
}
