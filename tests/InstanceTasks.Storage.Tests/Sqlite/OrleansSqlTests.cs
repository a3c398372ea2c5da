using System.Data.Common;
using Dapper;
using InstanceTasks.Storage.Tests.Conformance;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>The queries for Orleans' ADO.NET providers, each with the parameters that the providers give it.</summary>
public sealed class OrleansSqlTests : OrleansConformance, IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("itorleans-").FullName, "orleans.db");
    private readonly DbConnection _connection;
    private readonly Dictionary<string, string> _queries;

    public OrleansSqlTests()
    {
        OrleansSqlite.Apply(OrleansSqlite.ConnectionString(_path));
        OrleansSqlite.Apply(OrleansSqlite.ConnectionString(_path));
        _connection = OpenAnother();
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

    private protected override DbConnection Connection => _connection;

    private protected override IReadOnlyDictionary<string, string> Queries => _queries;

    private protected override object Number(int number) => (long)number;

    private protected override DbConnection OpenAnother()
    {
        var connection = new SqliteConnection(OrleansSqlite.ConnectionString(_path) + ";Pooling=False");
        connection.Open();
        return connection;
    }
}
