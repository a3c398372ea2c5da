using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.TestKit.Postgres;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>A PostgreSQL store in a database of its own on the suite's server.</summary>
internal sealed class PostgresFixture : StoreFixture
{
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);
    private static readonly string Keys = Directory.CreateTempSubdirectory("itkeys-").FullName;

    private readonly PostgresServer _server;
    private readonly string _database;

    private PostgresFixture(PostgresServer server, string database, PostgresStorageOptions options, PostgresStore store) =>
        (_server, _database, Options, Store) = (server, database, options, store);

    public PostgresStorageOptions Options { get; }

    public PostgresStore Store { get; private set; }

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

    /// <summary>On the suite's server from its template, or on a server of the test's own.</summary>
    public static async Task<PostgresFixture> CreateAsync(Action<PostgresStorageOptions>? configure = null, PostgresServer? server = null)
    {
        var database = server is null ? await PostgresServer.Shared.CreateDatabaseAsync(await Template.Value) : await server.CreateDatabaseAsync();
        server ??= PostgresServer.Shared;
        var options = NewOptions(server.ConnectionString(database));
        configure?.Invoke(options);
        return new(server, database, options, await OpenAsync(options));
    }

    public static PostgresStorageOptions NewOptions(string connectionString) => new() { ConnectionString = connectionString, SecretKeyFile = Path.Combine(Keys, "secret.key") };

    public static Task<PostgresStore> OpenAsync(PostgresStorageOptions options) => PostgresStore.OpenAsync(options, TimeProvider.System, NullLoggerFactory.Instance);

    public override Task MoveClockAsync(TimeSpan offset) => Store.SetClockOffsetAsync(offset);

    public override Task SetLimitsAsync(ProjectId project, int instances, int cores, int ramMb) => Store.SetLimitsAsync(project, instances, cores, ramMb);

    public override Task<HousekeepingReport> HousekeepingAsync() => Store.RunHousekeepingAsync();

    public override async Task CorruptTaskAsync(TaskId id) =>
        Assert.Equal(1, await Store.OnConnectionAsync(c => c.ExecuteAsync("UPDATE tasks SET body = '{\"run\":\"NoSuchRun\"' WHERE id = @id", new { id = id.ToString() })));

    public override async Task CorruptEventsAsync(TaskId id) =>
        Assert.Equal(1, await Store.OnConnectionAsync(c => c.ExecuteAsync("UPDATE task_events SET events = '[{\"type\":\"of_a_later_release\"}]' WHERE task_id = @id", new { id = id.ToString() })));

    public override async Task ReopenAsync()
    {
        await Store.DisposeAsync();
        Store = await OpenAsync(Options);
    }

    public override async Task<IReadOnlyList<(TaskId Task, long Seq, long StreamId)>> ReadStreamAsync()
    {
        var rows = await Store.OnConnectionAsync(c => c.QueryAsync<(string Task, long Seq, long StreamId)>("SELECT task_id, seq, stream_id FROM task_events ORDER BY stream_id"));
        return rows.Select(r => (TaskId.Parse(r.Task), r.Seq, r.StreamId)).ToList();
    }

    public override async Task<IReadOnlyList<string>> ReadTablesAsync() =>
        (await Store.OnConnectionAsync(c => c.QueryAsync<string>("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"))).AsList();

    public override async Task<IReadOnlyDictionary<HostName, Resources>> SumClaimsAsync()
    {
        var rows = await Store.OnConnectionAsync(c => c.QueryAsync<(string Host, int Vcpus, int Memory, int Disk)>(
            "SELECT host, sum(vcpus)::int, sum(memory_mb)::int, sum(disk_gb)::int FROM claims GROUP BY host"));
        return rows.ToDictionary(r => new HostName(r.Host), r => new Resources(r.Vcpus, r.Memory, r.Disk));
    }

    public override async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await _server.DropDatabaseAsync(_database);
    }

    private static async Task<string> MakeTemplateAsync()
    {
        var database = await PostgresServer.Shared.CreateDatabaseAsync();
        await using (await OpenAsync(NewOptions(PostgresServer.Shared.ConnectionString(database))))
        {
            return database;
        }
    }
}

[Trait("Requires", "postgresql")]
public sealed class PostgresJournalTests : JournalConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresDueTests : DueConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresClaimTests : ClaimConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresChildTests : ChildConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresQueryTests : QueryConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresModelTests : ModelConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresHoldTests : HoldConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresRestoreTests : RestoreConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresTokenTests : TokenConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresImageTests : ImageConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresDocumentTests : DocumentConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresOverviewTests : OverviewConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresRetentionTests : RetentionConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}

[Trait("Requires", "postgresql")]
public sealed class PostgresRetentionRunTests : RetentionRunConformance
{
    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();
}
