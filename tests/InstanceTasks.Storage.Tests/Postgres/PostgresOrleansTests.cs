using System.Data.Common;
using Dapper;
using InstanceTasks.Storage.Tests.Conformance;
using Npgsql;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>The queries for Orleans' ADO.NET providers, each with the parameters that the providers give it.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresOrleansTests : OrleansConformance, IAsyncLifetime
{
    private static readonly DateTime Epoch = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private PostgresFixture _fixture = null!;
    private DbConnection _connection = null!;
    private Dictionary<string, string> _queries = null!;

    public async Task InitializeAsync()
    {
        _fixture = await PostgresFixture.CreateAsync();
        _connection = OpenAnother();
        _queries = (await _connection.QueryAsync<(string Key, string Text)>("SELECT QueryKey, QueryText FROM OrleansQuery")).ToDictionary(q => q.Key, q => q.Text);
    }

    public async Task DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _fixture.DisposeAsync();
    }

    [Fact]
    public void Queries_AreAllThereAndNoMore() => Assert.Equal(
        [
            "CleanupDefunctSiloEntriesKey", "CleanupDefunctSiloEntryKey", "ClearStorageKey", "DeleteMembershipTableEntriesKey", "DeleteReminderRowKey", "DeleteReminderRowsKey",
            "DeleteStorageKey", "GatewaysQueryKey", "InsertMembershipKey", "InsertMembershipVersionKey", "MembershipReadAllKey", "MembershipReadRowKey", "ReadFromStorageKey",
            "ReadRangeRows1Key", "ReadRangeRows2Key", "ReadReminderRowKey", "ReadReminderRowsKey", "UpdateIAmAlivetimeKey", "UpdateMembershipKey", "UpsertReminderRowKey",
            "WriteToStorageKey",
        ],
        _queries.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void Reminder_UpsertAndRead_KeepsTimesAndCountsVersions()
    {
        var start = new DateTime(2026, 5, 6, 7, 8, 9, 123, DateTimeKind.Utc).AddTicks(4567);
        Assert.Equal(0, Upsert("g/1", "r", start, 60_000));
        Assert.Equal(1, Upsert("g/1", "r", start.AddHours(1), 3_000_000_000));

        using var row = Read("ReadReminderRowKey", ("ServiceId", "s"), ("GrainId", "g/1"), ("ReminderName", "r"));
        Assert.True(row.Read());
        Assert.Equal("g/1", row.GetString(row.GetOrdinal("grainid")));
        Assert.Equal("r", row.GetString(row.GetOrdinal("ReminderName")));
        // The server keeps microseconds.
        Assert.Equal(start.AddHours(1).AddTicks(-7).Ticks, row.GetDateTime(row.GetOrdinal("StartTime")).Ticks);
        Assert.Equal(3_000_000_000, row.GetInt64(row.GetOrdinal("Period")));
        Assert.Equal(1, row.GetInt32(row.GetOrdinal("Version")));
        Assert.False(row.Read());
    }

    [Fact]
    public void Membership_InsertAndUpdate_OnlyWithTheTablesVersion()
    {
        Assert.Equal(1, Scalar("InsertMembershipVersionKey", ("DeploymentId", "c")));
        Assert.Equal(0, Scalar("InsertMembershipVersionKey", ("DeploymentId", "c")));
        Assert.Equal((0, null), ReadMember(1));

        Assert.Equal(0, Insert(1, version: 5));
        Assert.Equal(1, Insert(1, version: 0));
        Assert.Equal(0, Insert(1, version: 1));
        Assert.Equal(1, Insert(2, version: 1));
        Assert.Equal(0, Update(1, version: 1, status: 3));
        Assert.Equal(1, Update(1, version: 2, status: 3));
        Assert.Equal(0, Update(9, version: 3, status: 3));

        Assert.Equal((3, 3), ReadMember(1));
        Assert.Equal((3, 1), ReadMember(2));
        Assert.Equal((3, null), ReadMember(9));
        Assert.Equal(2, Count("MembershipReadAllKey", ("DeploymentId", "c")));
        Assert.Equal(1, Count("GatewaysQueryKey", ("DeploymentId", "c"), ("Status", 3)));
    }

    [Fact]
    public void Membership_AliveTimeAndCleanUp_DoNotTouchTheVersion()
    {
        Scalar("InsertMembershipVersionKey", ("DeploymentId", "c"));
        Insert(1, version: 0);
        Insert(2, version: 1);
        Update(1, version: 2, status: 3);
        Run("UpdateIAmAlivetimeKey", ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", 1), ("Generation", 7), ("IAmAliveTime", Epoch.AddHours(1)));

        Run("CleanupDefunctSiloEntryKey",
            ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", 2), ("Generation", 7), ("SuspectTimes", "other"), ("StartTime", Epoch), ("IAmAliveTime", Epoch));
        Assert.Equal((3, 1), ReadMember(2));
        Run("CleanupDefunctSiloEntryKey",
            ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", 2), ("Generation", 7), ("SuspectTimes", null), ("StartTime", Epoch), ("IAmAliveTime", Epoch));
        Assert.Equal((3, null), ReadMember(2));
        Run("CleanupDefunctSiloEntriesKey", ("DeploymentId", "c"), ("IAmAliveTime", Epoch.AddDays(1)));
        Assert.Equal((3, 3), ReadMember(1));
        Run("DeleteMembershipTableEntriesKey", ("DeploymentId", "c"));
        Assert.Equal(0, Count("MembershipReadAllKey", ("DeploymentId", "c")));
    }

    [Fact]
    public async Task Membership_TwelveRaceForOneVersion_OneWins()
    {
        Scalar("InsertMembershipVersionKey", ("DeploymentId", "c"));

        var results = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => Task.Run(() =>
        {
            using var connection = OpenAnother();
            return Command(connection, "InsertMembershipKey", Member(i, 0)).ExecuteScalar();
        })));

        Assert.Equal(1, results.Sum(r => (int)r!));
        Assert.Equal(1, Count("MembershipReadAllKey", ("DeploymentId", "c")));
    }

    private static (string, object?)[] Member(int port, int version) =>
    [
        ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", port), ("Generation", 7), ("SiloName", "s"), ("HostName", "h"), ("Status", 1), ("ProxyPort", 30000),
        ("StartTime", Epoch), ("IAmAliveTime", Epoch), ("Version", version),
    ];

    private object? Insert(int port, int version) => Scalar("InsertMembershipKey", Member(port, version));

    private object? Update(int port, int version, int status) => Scalar(
        "UpdateMembershipKey",
        ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", port), ("Generation", 7), ("Status", status), ("SuspectTimes", null), ("IAmAliveTime", Epoch), ("Version", version));

    private (int Version, int? Status) ReadMember(int port)
    {
        using var row = Read("MembershipReadRowKey", ("DeploymentId", "c"), ("Address", "127.0.0.1"), ("Port", port), ("Generation", 7));
        Assert.True(row.Read());
        var status = row.GetOrdinal("Status");
        return (row.GetInt32(row.GetOrdinal("Version")), row.IsDBNull(status) ? null : row.GetInt32(status));
    }

    private protected override DbConnection Connection => _connection;

    private protected override IReadOnlyDictionary<string, string> Queries => _queries;

    private protected override object Number(int number) => number;

    private protected override DbConnection OpenAnother()
    {
        var connection = new NpgsqlConnection(_fixture.Options.ConnectionString + ";Pooling=false");
        connection.Open();
        return connection;
    }
}
