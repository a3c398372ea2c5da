using System.Net;
using InstanceTasks.TestKit.Postgres;
using Npgsql;

namespace Orleans.Polyfill.Tests.Cluster;

/// <summary>The membership table through the stock rows (orleans-api.md 4.1), on each database that has them.</summary>
public abstract class ClusterTableTests
{
    private static readonly DateTime Start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    [SkippableDatabaseFact]
    public async Task Insert_OfTheVersionThatWasRead_MovesTheVersion_OfAnotherChangesNothing()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        var empty = await table.ReadAsync(default);
        Assert.Equal((0, 0), (empty.Version, empty.Members.Length));
        var row = Row(1);
        Assert.True(await table.InsertAsync(row, 0, default));
        Assert.False(await table.InsertAsync(Row(2), 0, default));
        Assert.False(await table.InsertAsync(row, 1, default));
        var read = await table.ReadAsync(default);
        Assert.Equal(1, read.Version);
        var one = Assert.Single(read.Members);
        Assert.Equal(row with { Suspicions = one.Suspicions }, one);
        Assert.Empty(one.Suspicions);
    }

    [SkippableDatabaseFact]
    public async Task Update_WritesStatusVotesAndTime_NothingElse()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        var row = Row(1);
        await table.InsertAsync(row, 0, default);
        var changed = row with { Status = SiloStatus.Dead, Suspicions = [new(Row(2).Address, Start.AddMilliseconds(5)), new(Row(3).Address, Start)], Alive = Start.AddSeconds(9), Name = "other" };
        Assert.False(await table.UpdateAsync(changed, 0, default));
        Assert.True(await table.UpdateAsync(changed, 1, default));
        Assert.False(await table.UpdateAsync(Row(7), 2, default));
        var read = await table.ReadAsync(default);
        Assert.Equal(2, read.Version);
        var one = Assert.Single(read.Members);
        Assert.Equal(changed.Suspicions.AsEnumerable(), one.Suspicions);
        Assert.Equal(changed with { Name = row.Name, Suspicions = one.Suspicions }, one);
    }

    [SkippableDatabaseFact]
    public async Task UpdateAlive_LeavesTheVersion()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        await table.InsertAsync(Row(1), 0, default);
        await table.UpdateAliveAsync(Row(1) with { Alive = Start.AddSeconds(30), Status = SiloStatus.Dead }, default);
        var read = await table.ReadAsync(default);
        Assert.Equal((1, SiloStatus.Joining, Start.AddSeconds(30)), (read.Version, read.Members[0].Status, read.Members[0].Alive));
    }

    [SkippableDatabaseFact]
    public async Task Gateways_AreThoseOfActiveSilosThatHaveOne()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        await table.InsertAsync(Row(1) with { Status = SiloStatus.Active, ProxyPort = 30001 }, 0, default);
        await table.InsertAsync(Row(2) with { Status = SiloStatus.Active, ProxyPort = 0 }, 1, default);
        await table.InsertAsync(Row(3) with { Status = SiloStatus.Dead, ProxyPort = 30003 }, 2, default);
        Assert.Equal([SiloAddress.New(IPAddress.Loopback, 30001, 1)], await table.ReadGatewaysAsync(default));
    }

    [SkippableDatabaseFact]
    public async Task Clean_RemovesOldDeadRowsOnly()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        await table.InsertAsync(Row(1) with { Status = SiloStatus.Dead }, 0, default);
        await table.InsertAsync(Row(2) with { Status = SiloStatus.Active }, 1, default);
        await table.InsertAsync(Row(3) with { Status = SiloStatus.Dead, Alive = Start.AddDays(3) }, 2, default);
        await table.CleanAsync(Start.AddDays(1), default);
        Assert.Equal([2, 3], (await table.ReadAsync(default)).Members.Select(m => m.Address.Endpoint.Port - 5000).Order());
    }

    [SkippableDatabaseFact]
    public async Task Clusters_OfOneDatabase_DoNotSeeEachOther()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        await using var other = await TableAsync(database, "other");
        await table.InsertAsync(Row(1), 0, default);
        Assert.Empty((await other.ReadAsync(default)).Members);
    }

    [SkippableDatabaseFact]
    public async Task Writers_AtOnce_ExactlyOneWinsEachVersion()
    {
        await using var database = await OpenAsync();
        await using var table = await TableAsync(database);
        var won = await Task.WhenAll(Enumerable.Range(1, 8).Select(n => Task.Run(() => table.InsertAsync(Row(n), 0, default))));
        Assert.Single(won, w => w);
        var read = await table.ReadAsync(default);
        Assert.Equal((1, 1), (read.Version, read.Members.Length));
    }

    protected abstract Task<Database> OpenAsync();

    private static async Task<AdoNetClusterTable> TableAsync(Database database, string cluster = "c")
    {
        var table = new AdoNetClusterTable(cluster, database.Invariant, database.ConnectionString, null);
        await table.InitAsync(default);
        await table.InitAsync(default);
        return table;
    }

    private static Member Row(int number) => new(SiloAddress.New(IPAddress.Loopback, 5000 + number, 1), $"silo{number}", "host", SiloStatus.Joining, 0, [], Start, Start);

    /// <summary>A database of a test's own.</summary>
    protected sealed class Database(string invariant, string connectionString, Func<ValueTask> end) : IAsyncDisposable
    {
        public string Invariant { get; } = invariant;

        public string ConnectionString { get; } = connectionString;

        public ValueTask DisposeAsync() => end();
    }
}

/// <summary>A fact of every database; skipped, naming what is missing, where PostgreSQL is not installed and would be needed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SkippableDatabaseFactAttribute : FactAttribute
{
    public SkippableDatabaseFactAttribute()
    {
        if (!PostgresServer.IsInstalled && !PostgresServer.IsRequired)
        {
            Skip = PostgresServer.Missing;
        }
    }
}

public sealed class SqliteClusterTableTests : ClusterTableTests
{
    protected override async Task<Database> OpenAsync()
    {
        var database = await SqliteOrleans.CreateAsync();
        return new("System.Data.SQLite", database.ConnectionString, database.DisposeAsync);
    }
}

public sealed class PostgresClusterTableTests : ClusterTableTests
{
    protected override async Task<Database> OpenAsync()
    {
        var connectionString = await PostgresOrleans.CreateAsync();
        return new("Npgsql", connectionString, () => ValueTask.CompletedTask);
    }
}

/// <summary>Databases of the test process's own PostgreSQL server, with the SQL that this project ships.</summary>
internal static class PostgresOrleans
{
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    public static async Task<string> CreateAsync()
    {
        var server = PostgresServer.Shared;
        return server.ConnectionString(await server.CreateDatabaseAsync(await Template.Value)) + ";Maximum Pool Size=20";
    }

    private static async Task<string> MakeTemplateAsync()
    {
        var name = await PostgresServer.Shared.CreateDatabaseAsync();
        await using var connection = new NpgsqlConnection(PostgresServer.Shared.ConnectionString(name) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "orleans.postgresql.sql"));
        await command.ExecuteNonQueryAsync();
        return name;
    }
}
