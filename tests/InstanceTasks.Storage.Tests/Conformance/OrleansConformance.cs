using System.Data;
using System.Data.Common;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>The queries for Orleans' ADO.NET providers, each with the parameters that the providers give it: what holds on every database.</summary>
public abstract class OrleansConformance
{
    private protected abstract DbConnection Connection { get; }

    private protected abstract IReadOnlyDictionary<string, string> Queries { get; }

    /// <summary>A whole number as the database's driver returns it.</summary>
    private protected abstract object Number(int number);

    /// <summary>A connection of its own, open.</summary>
    private protected abstract DbConnection OpenAnother();

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

        Assert.Equal(Number(0), Delete(version: 9));
        Assert.Equal(Number(1), Delete(version: 0));
        Assert.Equal(Number(0), Delete(version: 0));
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
        Assert.Equal(Number(1), Write(extension, null, [1]));
        Assert.Equal(DBNull.Value, Write(extension, null, [9]));
        Assert.Equal(Number(7), Write(extension, 7, [9]));
        Assert.Equal(Number(2), Write(extension, 1, [2]));
        Assert.Equal((2, "02"), ReadState(extension));

        Assert.Null(Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 1)]));
        Assert.Equal(Number(3), Scalar("ClearStorageKey", [.. Key(extension), ("GrainStateVersion", 2)]));
        Assert.Equal((3, null), ReadState(extension));
        Assert.Equal(Number(4), Write(extension, 3, [4]));
        Assert.Null(Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 3)]));
        Assert.Equal(Number(5), Scalar("DeleteStorageKey", [.. Key(extension), ("GrainStateVersion", 4)]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
        Assert.Equal(Number(4), Write(extension, 4, [1]));
        Assert.Equal(0, Count("ReadFromStorageKey", Key(extension)));
    }

    [Fact]
    public async Task Storage_TwelveConcurrentFirstWrites_OneWins()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() =>
        {
            using var connection = OpenAnother();
            using var command = Command(connection, "WriteToStorageKey", [.. Key("x"), ("GrainStateVersion", null), ("PayloadBinary", new[] { (byte)i })]);
            return command.ExecuteScalar();
        })));

        Assert.Single(results, r => Equals(r, Number(1)));
        Assert.Equal(11, results.Count(r => r is DBNull));
        Assert.Equal(1, Count("ReadFromStorageKey", Key("x")));
    }

    private protected static (string, object?)[] Key(string? extension) =>
    [
        ("GrainIdHash", 11), ("GrainIdN0", 0L), ("GrainIdN1", 0L), ("GrainTypeHash", 12), ("GrainTypeString", "state"), ("GrainIdExtensionString", extension), ("ServiceId", "s"),
    ];

    private protected object? Write(string? extension, int? version, byte[] payload) =>
        Scalar("WriteToStorageKey", [.. Key(extension), ("GrainStateVersion", version), ("PayloadBinary", payload)]);

    private protected (int Version, string? Payload) ReadState(string? extension)
    {
        using var row = Read("ReadFromStorageKey", Key(extension));
        Assert.True(row.Read());
        var payload = row.GetOrdinal("PayloadBinary");
        return (row.GetInt32(row.GetOrdinal("Version")), row.IsDBNull(payload) ? null : Convert.ToHexString(row.GetFieldValue<byte[]>(payload)));
    }

    private protected int Upsert(string grain, string name, DateTime start, long period, int hash = 1)
    {
        using var row = Read("UpsertReminderRowKey", ("ServiceId", "s"), ("GrainId", grain), ("ReminderName", name), ("StartTime", start), ("Period", period), ("GrainHash", hash));
        Assert.True(row.Read());
        return row.GetInt32(row.GetOrdinal("Version"));
    }

    private protected string[] Range(string key, int begin, int end)
    {
        using var row = Read(key, ("ServiceId", "s"), ("BeginHash", begin), ("EndHash", end));
        var grains = new List<string>();
        while (row.Read())
        {
            grains.Add(row.GetString(row.GetOrdinal("GrainId")));
        }

        return [.. grains.Order(StringComparer.Ordinal)];
    }

    private protected int Count(string key, params (string, object?)[] parameters)
    {
        using var row = Read(key, parameters);
        var count = 0;
        while (row.Read())
        {
            count++;
        }

        return count;
    }

    private protected DbDataReader Read(string key, params (string, object?)[] parameters) => Command(Connection, key, parameters).ExecuteReader();

    private protected object? Scalar(string key, params (string, object?)[] parameters) => Command(Connection, key, parameters).ExecuteScalar();

    private protected void Run(string key, params (string, object?)[] parameters) => Command(Connection, key, parameters).ExecuteNonQuery();

    // As the providers do: typed parameters by name, null as DBNull.
    private protected DbCommand Command(DbConnection connection, string key, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = Queries[key];
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.DbType = value switch { int => DbType.Int32, long => DbType.Int64, DateTime => DbType.DateTime, byte[] => DbType.Binary, _ => DbType.String };
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
