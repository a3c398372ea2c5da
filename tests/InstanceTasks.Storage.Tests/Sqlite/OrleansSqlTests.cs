using System.Data;
using Dapper;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>The queries for Orleans' ADO.NET providers, each with the parameters that the providers give it.</summary>
public sealed class OrleansSqlTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("itorleans-").FullName, "orleans.db");
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, string> _queries;

    public OrleansSqlTests()
    {
        OrleansSqlite.Apply(OrleansSqlite.ConnectionString(_path));
        OrleansSqlite.Apply(OrleansSqlite.ConnectionString(_path));
        _connection = new(OrleansSqlite.ConnectionString(_path) + ";Pooling=False");
        _connection.Open();
        _queries = _connection.Query<(string Key, string Text)>("SELECT QueryKey, QueryText FROM OrleansQuery").ToDictionary(q => q.Key, q => q.Text);
    }

    public void Dispose()
    {
        _connection.Dispose();
        Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);
    }

    [Fact]
    public void Queries_AreAllThereAndNoMore() => Assert.Equal(
        [
            "ClearStorageKey", "DeleteReminderRowKey", "DeleteReminderRowsKey", "DeleteStorageKey", "ReadFromStorageKey", "ReadRangeRows1Key", "ReadRangeRows2Key",
            "ReadReminderRowKey", "ReadReminderRowsKey", "UpsertReminderRowKey", "WriteToStorageKey",
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
        // Stored without an offset, so that every version of the driver gives the same ticks; the provider declares them to be UTC.
        Assert.Equal(start.AddHours(1).Ticks, row.GetDateTime(row.GetOrdinal("StartTime")).Ticks);
        Assert.Equal(3_000_000_000, row.GetInt64(row.GetOrdinal("Period")));
        Assert.Equal(1, row.GetInt32(row.GetOrdinal("Version")));
        Assert.False(row.Read());
    }

    [Fact]
    public void Reminder_Rows_AreFoundByGrainAndService()
    {
        Upsert("g/1", "a", DateTime.UnixEpoch, 1);
        Upsert("g/1", "b", DateTime.UnixEpoch, 1);
        Upsert("g/2", "a", DateTime.UnixEpoch, 1);

        Assert.Equal(2, Count("ReadReminderRowsKey", ("ServiceId", "s"), ("GrainId", "g/1")));
        Assert.Equal(0, Count("ReadReminderRowsKey", ("ServiceId", "other"), ("GrainId", "g/1")));
        Assert.Equal(0, Count("ReadReminderRowKey", ("ServiceId", "s"), ("GrainId", "g/1"), ("ReminderName", "none")));
    }

    [Fact]
    public void Reminder_Ranges_AreHalfOpenSignedAndWrapAround()
    {
        foreach (var hash in new[] { int.MinValue, -5, 0, 5, int.MaxValue })
        {
            Upsert($"g/{hash}", "r", DateTime.UnixEpoch, 1, hash);
        }

        Assert.Equal(["g/0", "g/5"], Range("ReadRangeRows1Key", -5, 5));
        Assert.Equal(["g/-2147483648", "g/-5", "g/2147483647"], Range("ReadRangeRows2Key", 5, -5));
        Assert.Equal(5, Range("ReadRangeRows2Key", 7, 7).Length);
    }

    [Fact]
    public void Reminder_Delete_OnlyWithItsVersion()
    {
        Upsert("g/1", "r", DateTime.UnixEpoch, 1);

        Assert.Equal(0L, Delete(version: 9));
        Assert.Equal(1L, Delete(version: 0));
        Assert.Equal(0L, Delete(version: 0));
        Upsert("g/1", "r", DateTime.UnixEpoch, 1);
        Run("DeleteReminderRowsKey", ("ServiceId", "s"));
        Assert.Equal(0, Count("ReadReminderRowsKey", ("ServiceId", "s"), ("GrainId", "g/1")));

        object? Delete(int version) => Scalar("DeleteReminderRowKey", ("ServiceId", "s"), ("GrainId", "g/1"), ("ReminderName", "r"), ("Version", version));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("r-0")]
    public void Storage_WriteReadClear_FollowsTheContract(string? extension)
    {
        Assert.Equal(1L, Write(extension, null, [1]));
        Assert.Equal(DBNull.Value, Write(extension, null, [9]));
        Assert.Equal(7L, Write(extension, 7, [9]));
        Assert.Equal(2L, Write(extension, 1, [2]));
        Assert.Equal((2, "02"), ReadState(extension));

        Assert.Null(Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 1)]));
        Assert.Equal(3L, Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 2)]));
        Assert.Equal((3, null), ReadState(extension));
        Assert.Equal(4L, Write(extension, 3, [4]));
        Assert.Null(Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 3)]));
        Assert.Equal(5L, Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 4)]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
        Assert.Equal(4L, Write(extension, 4, [1]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
    }

    [Fact]
    public async Task Storage_TwelveConcurrentFirstWrites_OneWins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() =>
        {
            using var connection = new SqliteConnection(OrleansSqlite.ConnectionString(_path) + ";Pooling=False");
            connection.Open();
            using var command = Command(connection, "WriteToStorageKey", [.. Key("x"), ("GrainStateVersion", null), ("PayloadBinary", new[] { (byte)i })]);
            return command.ExecuteScalar();
        })));

        Assert.Single(results, r => r is 1L);
        Assert.Equal(11, results.Count(r => r is DBNull));
        Assert.Equal(1, Count("ReadFromStorageKey", Key("x")));
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

    private SqliteDataReader Read(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteReader();

    private object? Scalar(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteScalar();

    private void Run(string key, params (string, object?)[] parameters) => Command(_connection, key, parameters).ExecuteNonQuery();

    // As the providers do: typed parameters by name, null as DBNull.
    private SqliteCommand Command(SqliteConnection connection, string key, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = _queries[key];
        foreach (var (name, value) in parameters)
        {
            command.Parameters.Add(new SqliteParameter
            {
                ParameterName = name,
                Value = value ?? DBNull.Value,
                DbType = value switch { int => DbType.Int32, long => DbType.Int64, DateTime => DbType.DateTime, byte[] => DbType.Binary, _ => DbType.String },
            });
        }

        return command;
    }
}
