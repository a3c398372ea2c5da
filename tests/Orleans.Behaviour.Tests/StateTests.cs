using Microsoft.Extensions.Hosting;
using Orleans.Storage;

namespace Orleans.Behaviour.Tests;

/// <summary>Persistent state in both providers (orleans-api.md 3.8, 4.2, 4.4).</summary>
public class StateTests
{
    [Fact]
    public async Task State_NoRow_IsNewAndDoesNotExist()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Equal((0, null, false), await silo.Grains.GetGrain<ICounterGrain>("s-new").Look());
    }

    [Fact]
    public async Task Constructor_StateIsNullAndRecordExistsThrows()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Equal("null InvalidOperationException", await silo.Grains.GetGrain<ICounterGrain>("s-ctor").Constructor());
    }

    [Fact]
    public async Task Write_NextActivation_ReadsIt()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICounterGrain>("s-write");
        await grain.Add(3);
        await CollectAsync(silo);
        var (value, etag, exists) = await grain.Look();
        Assert.Equal((3, true, true), (value, etag is not null, exists));
    }

    [Fact]
    public async Task MemoryClear_RecordIsGone()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ICounterGrain>("s-clear");
        await grain.Add(3);
        await grain.Clear();
        Assert.Equal((0, null, false), await grain.Look());
    }

    [Fact]
    public async Task StateAccess_FromTaskRun_Throws()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Equal("InvalidOperationException,InvalidOperationException", await silo.Grains.GetGrain<ICounterGrain>("s-outside").FromOutside());
    }

    [Fact]
    public async Task UnknownStorage_ActivationFails_BecauseOfABadProviderConfig()
    {
        await using var silo = await TestSilo.StartAsync();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<ILostCounterGrain>("s-lost").Add(1));
        Assert.IsType<BadProviderConfigException>(error.GetBaseException());
    }

    [Fact]
    public async Task GrainOfState_KeepsItsState()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<IClassicGrain>(7);
        await grain.Add(2);
        await CollectAsync(silo);
        Assert.Equal(5, await grain.Add(3));
    }

    [Fact]
    public async Task AdoNet_WriteAndClear_EtagCountsOn()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("s-sql");
        Assert.Equal((0, null, false), await grain.Look());
        await grain.Add(1);
        Assert.Equal((1, "1", true), await grain.Look());
        await grain.Clear();
        Assert.Equal((0, "2", false), await grain.Look());
        await CollectAsync(silo);
        Assert.Equal((0, "2", false), await grain.Look());
        await grain.Add(5);
        Assert.Equal((5, "3", true), await grain.Look());
    }

    [Fact]
    public async Task AdoNet_DeleteStateOnClear_RowIsGone()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database, delete: true);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("s-sql-delete");
        await grain.Add(1);
        await grain.Clear();
        Assert.Equal((0, null, false), await grain.Look());
        Assert.Equal(0, await database.CountAsync("SELECT count(*) FROM OrleansStorage"));
    }

    [Fact]
    public async Task Conflict_Escapes_ActivationIsReplaced()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("s-conflict");
        await grain.Add(1);
        var instance = await grain.Instance();
        await database.ExecuteAsync("UPDATE OrleansStorage SET Version = 9");
        await Assert.ThrowsAsync<InconsistentStateException>(() => grain.Add(1));
        Assert.NotEqual(instance, await grain.Instance());
        Assert.Equal(3, await grain.Add(2));
    }

    [Fact]
    public async Task Conflict_Caught_ActivationLivesOnWithItsStaleTag()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("s-caught");
        await grain.Add(1);
        var instance = await grain.Instance();
        await database.ExecuteAsync("UPDATE OrleansStorage SET Version = 9");
        await grain.CatchConflict();
        Assert.Equal((instance, "1"), (await grain.Instance(), (await grain.Look()).Etag));
        await grain.Reread();
        Assert.Equal("9", (await grain.Look()).Etag);
    }

    [Theory]
    [InlineData("1", "01")]
    [InlineData("a", "A")]
    [InlineData("same", "same")]
    public async Task AdoNet_SameStateName_KeysCollideAcrossClassesAndSpellings(string one, string other)
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database);
        await silo.Grains.GetGrain<ISqlCounterGrain>(one).Add(4);
        Assert.Equal(4, (await silo.Grains.GetGrain<IOtherSqlCounterGrain>(other).Look()).Value);
    }

    [Fact]
    public async Task AdoNet_ProviderError_IsWrappedInOrleansException()
    {
        await using var database = await SqliteOrleans.CreateAsync();
        await using var silo = await StartSqlAsync(database);
        var grain = silo.Grains.GetGrain<ISqlCounterGrain>("s-error");
        await grain.Add(1);
        await database.ExecuteAsync("DROP TABLE OrleansStorage");
        var error = await Assert.ThrowsAsync<OrleansException>(() => grain.Add(1));
        Assert.IsType<Microsoft.Data.Sqlite.SqliteException>(error.InnerException);
    }

    [Fact]
    public async Task AdoNet_MissingQuery_SiloDoesNotStart()
    {
        await using var database = await SqliteOrleans.CreateAsync("ClearStorageKey");
        await Assert.ThrowsAsync<InvalidOperationException>(() => StartSqlAsync(database));
    }

    [Fact]
    public async Task AdoNet_NeitherConnectionStringNorDataSource_SiloDoesNotStart() =>
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => TestSilo.StartAsync(s => s.AddAdoNetGrainStorage("sql", o => o.Invariant = "System.Data.SQLite")));

    internal static Task<TestSilo> StartSqlAsync(SqliteOrleans database, bool delete = false, short silos = 1) => TestSilo.StartAsync(
        silo => silo.AddAdoNetGrainStorage("sql", o => (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = ("System.Data.SQLite", database.ConnectionString, delete)), silos);

    internal static Task CollectAsync(TestSilo silo) => silo.Grains.GetGrain<IManagementGrain>(0).ForceActivationCollection(TimeSpan.Zero);
}
