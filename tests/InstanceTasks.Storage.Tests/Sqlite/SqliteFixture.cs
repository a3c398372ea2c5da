using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>A SQLite store in a directory of its own.</summary>
internal sealed class SqliteFixture : StoreFixture
{
    private SqliteFixture(SqliteStorageOptions options, SqliteStore store) => (Options, Store) = (options, store);

    public SqliteStorageOptions Options { get; }

    public SqliteStore Store { get; private set; }

    public override IJournal Journal => Store;

    public override ILeases Leases => Store;

    public override IQueries Queries => Store;

    public override IHostRegistry Hosts => Store;

    public override IHoldStore Holds => Store;

    public override IRevokedTokens Tokens => Store;

    public override IEventStream Events => Store;

    public override IRestore Restore => Store;

    public override IOverview Overview => Store;

    public override IRetention Retention => Store;

    public override ICatalog Catalog => Store;

    public override IDocumentStore Documents => Store;

    public override IHostControl HostControl => Store;

    public static async Task<SqliteFixture> CreateAsync(Action<SqliteStorageOptions>? configure = null)
    {
        var options = new SqliteStorageOptions { DataDirectory = Directory.CreateTempSubdirectory("itstore-").FullName };
        configure?.Invoke(options);
        return new(options, await OpenAsync(options));
    }

    public static Task<SqliteStore> OpenAsync(SqliteStorageOptions options) => SqliteStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance);

    public override Task MoveClockAsync(TimeSpan offset) => Store.SetClockOffsetAsync(offset);

    public override Task SetLimitsAsync(ProjectId project, int instances, int cores, int ramMb) => Store.SetLimitsAsync(project, instances, cores, ramMb);

    public override Task<HousekeepingReport> HousekeepingAsync() => Store.RunHousekeepingAsync();

    public override async Task CorruptTaskAsync(TaskId id) =>
        Assert.Equal(1, await Store.OnWriterAsync(c => c.Execute("UPDATE tasks SET body = '{\"run\":\"NoSuchRun\"' WHERE id = @id", new { id = id.ToString() })));

    public override async Task CorruptEventsAsync(TaskId id) =>
        Assert.Equal(1, await Store.OnWriterAsync(c => c.Execute("UPDATE task_events SET events = '[{\"type\":\"of_a_later_release\"}]' WHERE task_id = @id", new { id = id.ToString() })));

    public override async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync(Options);
    }

    public override async Task<IReadOnlyList<(TaskId Task, long Seq, long StreamId)>> ReadStreamAsync()
    {
        var rows = await Store.OnReaderAsync(c => c.Query<(string Task, long Seq, long StreamId)>("SELECT task_id, seq, stream_id FROM task_events ORDER BY stream_id").AsList());
        return rows.ConvertAll(r => (TaskId.Parse(r.Task), r.Seq, r.StreamId));
    }

    public override async Task<IReadOnlyList<string>> ReadTablesAsync() =>
        await Store.OnReaderAsync(c => c.Query<string>("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").AsList());

    public override async Task<IReadOnlyDictionary<HostName, Resources>> SumClaimsAsync()
    {
        var rows = await Store.OnReaderAsync(c => c.Query<(string Host, long Vcpus, long Memory, long Disk)>(
            "SELECT host, SUM(vcpus), SUM(memory_mb), SUM(disk_gb) FROM claims GROUP BY host").AsList());
        return rows.ToDictionary(r => new HostName(r.Host), r => new Resources((int)r.Vcpus, (int)r.Memory, (int)r.Disk));
    }

    public override async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Directory.Delete(Options.DataDirectory, recursive: true);
    }
}

public sealed class SqliteJournalTests : JournalConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteDueTests : DueConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteClaimTests : ClaimConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteChildTests : ChildConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteQueryTests : QueryConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteModelTests : ModelConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteHoldTests : HoldConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteRestoreTests : RestoreConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteTokenTests : TokenConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteImageTests : ImageConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteDocumentTests : DocumentConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteStreamTests : StreamConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteOverviewTests : OverviewConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteRetentionTests : RetentionConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}

public sealed class SqliteRetentionRunTests : RetentionRunConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await SqliteFixture.CreateAsync();
}
