using System.Data;
using Dapper;
using Npgsql;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>The queries for Orleans' ADO.NET providers, each with the parameters that the providers give it.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresOrleansTests : IAsyncLifetime
{
    private static readonly DateTime Epoch = new(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private PostgresFixture _fixture = null!;
    private NpgsqlConnection _connection = null!;
    private Dictionary<string, string> _queries = null!;

    public async Task InitializeAsync()
    {
        _fixture = await PostgresFixture.CreateAsync();
        _connection = await OpenAsync();
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
    public void Reminder_Rows_AreFoundByGrainAndService()
    {
        Upsert("g/1", "a", Epoch, 1);
        Upsert("g/1", "b", Epoch, 1);
        Upsert("g/2", "a", Epoch, 1);

        Assert.Equal(2, Count("ReadReminderRowsKey", ("ServiceId", "s"), ("GrainId", "g/1")));
        Assert.Equal(0, Count("ReadReminderRowsKey", ("ServiceId", "other"), ("GrainId", "g/1")));
        Assert.Equal(0, Count("ReadReminderRowKey", ("ServiceId", "s"), ("GrainId", "g/1"), ("ReminderName", "none")));
    }

    [Fact]
    public void Reminder_Ranges_AreHalfOpenSignedAndWrapAround()
    {
        foreach (var hash in new[] { int.MinValue, -5, 0, 5, int.MaxValue })
        {
            Upsert($"g/{hash}", "r", Epoch, 1, hash);
        }

        Assert.Equal(["g/0", "g/5"], Range("ReadRangeRows1Key", -5, 5));
        Assert.Equal(["g/-2147483648", "g/-5", "g/2147483647"], Range("ReadRangeRows2Key", 5, -5));
        Assert.Equal(5, Range("ReadRangeRows2Key", 7, 7).Length);
    }

    [Fact]
    public void Reminder_Delete_OnlyWithItsVersion()
    {
        Upsert("g/1", "r", Epoch, 1);

        Assert.Equal(0, Delete(version: 9));
        Assert.Equal(1, Delete(version: 0));
        Assert.Equal(0, Delete(version: 0));
        Upsert("g/1", "r", Epoch, 1);
        Run("DeleteReminderRowsKey", ("ServiceId", "s"));
        Assert.Equal(0, Count("ReadReminderRowsKey", ("ServiceId", "s"), ("GrainId", "g/1")));

        object? Delete(int version) => Scalar("DeleteReminderRowKey", ("ServiceId", "s"), ("GrainId", "g/1"), ("ReminderName", "r"), ("Version", version));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("r-0")]
    public void Storage_WriteReadClear_FollowsTheContract(string? extension)
    {
        Assert.Equal(1, Write(extension, null, [1]));
        Assert.Equal(DBNull.Value, Write(extension, null, [9]));
        Assert.Equal(7, Write(extension, 7, [9]));
        Assert.Equal(2, Write(extension, 1, [2]));
        Assert.Equal((2, "02"), ReadState(extension));

        Assert.Null(Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 1)]));
        Assert.Equal(3, Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 2)]));
        Assert.Equal((3, null), ReadState(extension));
        Assert.Equal(4, Write(extension, 3, [4]));
        Assert.Null(Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 3)]));
        Assert.Equal(5, Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 4)]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
        Assert.Equal(4, Write(extension, 4, [1]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
    }

    [Fact]
    public async Task Storage_TwelveConcurrentFirstWrites_OneWins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() =>
        {
            using var connection = new NpgsqlConnection(_fixture.Options.ConnectionString + ";Pooling=false");
            connection.Open();
            using var command = Command(connection, "WriteToStorageKey", [.. Key("x"), ("GrainStateVersion", null), ("PayloadBinary", new[] { (byte)i })]);
            return command.ExecuteScalar();
        })));

        Assert.Single(results, r => r is 1);
        Assert.Equal(11, results.Count(r => r is DBNull));
        Assert.Equal(1, Count("ReadFromStorageKey", Key("x")));
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
            using var connection = new NpgsqlConnection(_fixture.Options.ConnectionString + ";Pooling=false");
            connection.Open();
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

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(_fixture.Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private static (string, object?)[] Key(string? extension) =>
    [
        ("GrainIdHash", 11), ("GrainIdN0", 0L), ("GrainIdN1", 0L), ("GrainTypeHash", 12), ("GrainTypeString", "state"), ("GrainIdExtensionString", extension), ("ServiceId", "s"),
    ];

    private object? Write(string? extension, int? version, byte[] payload) =>
        Scalar("WriteToStorageKey", [.. Key(extension), ("GrainStateVersion", version), ("PayloadBinary", payload)]);

    private (int Version, string? Payload) ReadState(string? extension)
    {
        using var row = Read("ReadFromStorageKey", Key(extension));
        Assert.True(row.Read());
        var payload = row.GetOrdinal("PayloadBinary");
        return (row.GetInt32(row.GetOrdinal("Version")), row.IsDBNull(payload) ? null : Convert.ToHexString(row.GetFieldValue<byte[]>(payload)));
    }

    private int Upsert(string grain, string name, DateTime start, long period, int hash = 1)
    {
        using var row = Read("UpsertReminderRowKey", ("ServiceId", "s"), ("GrainId", grain), ("ReminderName", name), ("StartTime", start), ("Period", period), ("GrainHash", hash));
        Assert.True(row.Read());
        return row.GetInt32(row.GetOrdinal("Version"));
    }

    private string[] Range(string key, int begin, int end)
    {
        using var row = Read(key, ("ServiceId", "s"), ("BeginHash", begin), ("EndHash", end));
        var grains = new List<string>();
        while (row.Read())
        {
            grains.Add(row.GetString(row.GetOrdinal("GrainId")));
        }

        return [.. grains.Order(StringComparer.Ordinal)];
    }

    private int Count(string key, params (string, object?)[] parameters)
    {
        using var row = Read(key, parameters);
        var count = 0;
        while (row.Read())
        {
            count++;
        }

        return count;
    }

    private NpgsqlDataReader Read(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteReader();

    private object? Scalar(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteScalar();

    private void Run(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteNonQuery();

    // As the providers do: typed parameters by name, null as DBNull.
    private NpgsqlCommand Command(NpgsqlConnection connection, string key, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = _queries[key];
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                ParameterName = name,
                Value = value ?? DBNull.Value,
                DbType = value switch { int => DbType.Int32, long => DbType.Int64, DateTime => DbType.DateTime, byte[] => DbType.Binary, _ => DbType.String },
            });
        }

        return command;
    }
}
