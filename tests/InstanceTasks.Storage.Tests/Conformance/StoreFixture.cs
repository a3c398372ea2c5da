using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>A store under test with what only tests may do to it.</summary>
public abstract class StoreFixture : IAsyncDisposable
{
    public abstract IJournal Journal { get; }

    public abstract ILeases Leases { get; }

    public abstract IQueries Queries { get; }

    public abstract IHostRegistry Hosts { get; }

    public abstract ICatalog Catalog { get; }

    public abstract IHoldStore Holds { get; }

    public abstract IRevokedTokens Tokens { get; }

    /// <summary>The stream of all events; not every store under test has it.</summary>
    public virtual IEventStream Events => throw new NotSupportedException();

    /// <summary>What a restored database needs; not every store under test has it.</summary>
    public virtual IRestore Restore => throw new NotSupportedException();

    /// <summary>What is looked at all the time; not every store under test has it.</summary>
    public virtual IOverview Overview => throw new NotSupportedException();

    /// <summary>What forgets what is over; not every store under test has it.</summary>
    public virtual IRetention Retention => throw new NotSupportedException();

    /// <summary>What operators write; not every store under test has it.</summary>
    public virtual IDocumentStore Documents => throw new NotSupportedException();

    /// <summary>What operators decide about hosts; not every store under test has it.</summary>
    public virtual IHostControl HostControl => throw new NotSupportedException();

    /// <summary>The hosts; for what has no other queries.</summary>
    public virtual Task<IReadOnlyList<HostView>> ListHostsAsync() => Queries.ListHostsAsync();

    /// <summary>A project's usage; for what has no other queries.</summary>
    public virtual Task<QuotaUsage> GetUsageAsync(ProjectId project) => Queries.GetUsageAsync(project);

    /// <summary>The images, oldest first; for what has no other catalogue.</summary>
    public virtual Task<IReadOnlyList<ImageRecord>> ListImagesAsync() => Catalog.ListImagesAsync(null);

    /// <summary>Database time becomes the machine's time plus the offset.</summary>
    public abstract Task MoveClockAsync(TimeSpan offset);

    public abstract Task SetLimitsAsync(ProjectId project, int instances, int cores, int ramMb);

    public abstract Task<HousekeepingReport> HousekeepingAsync();

    /// <summary>Makes the stored form of a task unreadable.</summary>
    public abstract Task CorruptTaskAsync(TaskId id);

    /// <summary>Makes the stored form of a task's events unreadable.</summary>
    public virtual Task CorruptEventsAsync(TaskId id) => throw new NotSupportedException();

    /// <summary>Closes the store and opens it again on the same data.</summary>
    public abstract Task ReopenAsync();

    /// <summary>Every (task, seq, stream id) in commit order of the rows.</summary>
    public abstract Task<IReadOnlyList<(TaskId Task, long Seq, long StreamId)>> ReadStreamAsync();

    /// <summary>Names of the tables.</summary>
    public abstract Task<IReadOnlyList<string>> ReadTablesAsync();

    /// <summary>Per host: the sum of the claim rows, for comparing it with the host's taken columns.</summary>
    public abstract Task<IReadOnlyDictionary<HostName, Resources>> SumClaimsAsync();

    public abstract ValueTask DisposeAsync();
}

/// <summary>Opens a fresh store for each test.</summary>
public abstract class StoreTest : IAsyncLifetime
{
    private StoreFixture? _store;

    protected StoreFixture Store => _store!;

    protected IJournal Journal => Store.Journal;

    protected IQueries Queries => Store.Queries;

    public async Task InitializeAsync() => _store = await CreateAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    protected abstract Task<StoreFixture> CreateAsync();

    protected async Task<CommitResult> ApplyAsync(Commit commit)
    {
        var result = await Journal.CommitAsync(commit);
        Assert.Equal(CommitVerdict.Applied, result.Verdict);
        return result;
    }

    protected async Task<TaskId[]> DueAsync(TaskRecord task) =>
        [.. (await Journal.ReadDueAsync(Shards.Of(task.Instance), 1000)).Select(d => d.Task)];
}
