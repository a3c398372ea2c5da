using Microsoft.Data.Sqlite;

namespace Orleans.Behaviour.Tests;

/// <summary>A SQLite database in memory with the tables and statements that the ADO.NET providers ask for.</summary>
internal sealed class SqliteOrleans : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Statements = new(StringComparer.Ordinal)
    {
        ["ReadFromStorageKey"] = $"SELECT PayloadBinary, Version FROM OrleansStorage WHERE {Row}",
        ["WriteToStorageKey"] = $"""
            INSERT INTO OrleansStorage SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString, @GrainIdExtensionString, @ServiceId, @PayloadBinary, 1
              WHERE @GrainStateVersion IS NULL OR EXISTS (SELECT 1 FROM OrleansStorage WHERE {Row} AND Version = @GrainStateVersion)
              ON CONFLICT DO UPDATE SET PayloadBinary = excluded.PayloadBinary, Version = Version + 1 WHERE Version = @GrainStateVersion
              RETURNING Version AS NewGrainStateVersion
            """,
        ["ClearStorageKey"] = $"UPDATE OrleansStorage SET PayloadBinary = NULL, Version = Version + 1 WHERE {Row} AND Version = @GrainStateVersion RETURNING Version",
        ["DeleteStorageKey"] = $"DELETE FROM OrleansStorage WHERE {Row} AND Version = @GrainStateVersion RETURNING Version + 1",
        ["UpsertReminderRowKey"] = """
            INSERT INTO OrleansReminders VALUES (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash, 0)
              ON CONFLICT DO UPDATE SET StartTime = excluded.StartTime, Period = excluded.Period, Version = Version + 1 RETURNING Version
            """,
        ["ReadReminderRowKey"] = $"SELECT {Columns} WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName",
        ["ReadReminderRowsKey"] = $"SELECT {Columns} WHERE ServiceId = @ServiceId AND GrainId = @GrainId",
        ["ReadRangeRows1Key"] = $"SELECT {Columns} WHERE ServiceId = @ServiceId AND GrainHash > @BeginHash AND GrainHash <= @EndHash",
        ["ReadRangeRows2Key"] = $"SELECT {Columns} WHERE ServiceId = @ServiceId AND (GrainHash > @BeginHash OR GrainHash <= @EndHash)",
        ["DeleteReminderRowKey"] = """
            DELETE FROM OrleansReminders WHERE ServiceId = @ServiceId AND GrainId = @GrainId AND ReminderName = @ReminderName AND Version = @Version;
            SELECT changes();
            """,
        ["InsertMembershipVersionKey"] = "INSERT INTO OrleansMembershipVersionTable (DeploymentId) VALUES (@DeploymentId) ON CONFLICT DO NOTHING; SELECT changes();",
        ["InsertMembershipKey"] = """
            BEGIN IMMEDIATE;
            INSERT INTO OrleansMembershipTable SELECT @DeploymentId, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, NULL, @StartTime, @IAmAliveTime
              WHERE EXISTS (SELECT 1 FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId AND Version = @Version) ON CONFLICT DO NOTHING;
            UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version AND changes() > 0;
            SELECT changes() > 0;
            COMMIT;
            """,
        ["UpdateMembershipKey"] = """
            BEGIN IMMEDIATE;
            UPDATE OrleansMembershipTable SET Status = @Status, SuspectTimes = @SuspectTimes, IAmAliveTime = @IAmAliveTime WHERE DeploymentId = @DeploymentId AND Address = @Address
              AND Port = @Port AND Generation = @Generation AND EXISTS (SELECT 1 FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId AND Version = @Version);
            UPDATE OrleansMembershipVersionTable SET Version = Version + 1 WHERE DeploymentId = @DeploymentId AND Version = @Version AND changes() > 0;
            SELECT changes() > 0;
            COMMIT;
            """,
        ["UpdateIAmAlivetimeKey"] = $"UPDATE OrleansMembershipTable SET IAmAliveTime = @IAmAliveTime WHERE {MemberKey}",
        ["MembershipReadRowKey"] = $"{Members} AND m.Address = @Address AND m.Port = @Port AND m.Generation = @Generation WHERE v.DeploymentId = @DeploymentId",
        ["MembershipReadAllKey"] = $"{Members} WHERE v.DeploymentId = @DeploymentId",
        ["GatewaysQueryKey"] = "SELECT Address, ProxyPort, Generation FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND Status = @Status AND ProxyPort > 0",
        ["DeleteMembershipTableEntriesKey"] = "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId; DELETE FROM OrleansMembershipVersionTable WHERE DeploymentId = @DeploymentId",
        ["CleanupDefunctSiloEntriesKey"] = "DELETE FROM OrleansMembershipTable WHERE DeploymentId = @DeploymentId AND IAmAliveTime < @IAmAliveTime AND Status <> 3",
        ["DeleteReminderRowsKey"] = "DELETE FROM OrleansReminders WHERE ServiceId = @ServiceId",
    };

    private const string Row = "GrainIdHash = @GrainIdHash AND GrainTypeHash = @GrainTypeHash AND GrainIdN0 = @GrainIdN0 AND GrainIdN1 = @GrainIdN1"
        + " AND GrainTypeString = @GrainTypeString AND GrainIdExtensionString IS @GrainIdExtensionString AND ServiceId = @ServiceId";

    private const string MemberKey = "DeploymentId = @DeploymentId AND Address = @Address AND Port = @Port AND Generation = @Generation";

    private const string Members = "SELECT m.StartTime, m.Address, m.Port, m.Generation, m.SiloName, m.HostName, m.Status, m.ProxyPort, m.IAmAliveTime, m.SuspectTimes, v.Version"
        + " FROM OrleansMembershipVersionTable v LEFT JOIN OrleansMembershipTable m ON m.DeploymentId = v.DeploymentId";

    private const string Columns = "GrainId, ReminderName, StartTime, Period, Version FROM OrleansReminders";

    private readonly SqliteConnection keeper;

    static SqliteOrleans() => SQLitePCL.Batteries_V2.Init();

    private SqliteOrleans(string connectionString)
    {
        ConnectionString = connectionString;
        keeper = new(connectionString);
    }

    public string ConnectionString { get; }

    public static async Task<SqliteOrleans> CreateAsync(params string[] without)
    {
        var database = new SqliteOrleans($"Data Source=t{Guid.NewGuid():N};Mode=Memory;Cache=Shared");
        await database.keeper.OpenAsync();
        await database.ExecuteAsync("""
            CREATE TABLE OrleansQuery (QueryKey TEXT PRIMARY KEY, QueryText TEXT NOT NULL);
            CREATE TABLE OrleansStorage (GrainIdHash INT, GrainIdN0 BIGINT, GrainIdN1 BIGINT, GrainTypeHash INT, GrainTypeString TEXT, GrainIdExtensionString TEXT,
              ServiceId TEXT, PayloadBinary BLOB, Version INT);
            CREATE UNIQUE INDEX One ON OrleansStorage (ServiceId, GrainTypeString, GrainIdHash, GrainIdN0, GrainIdN1, coalesce(GrainIdExtensionString, ''));
            CREATE TABLE OrleansMembershipVersionTable (DeploymentId TEXT PRIMARY KEY, Version INT NOT NULL DEFAULT 0);
            CREATE TABLE OrleansMembershipTable (DeploymentId TEXT, Address TEXT, Port INT, Generation INT, SiloName TEXT, HostName TEXT, Status INT, ProxyPort INT, SuspectTimes TEXT,
              StartTime TEXT, IAmAliveTime TEXT, PRIMARY KEY (DeploymentId, Address, Port, Generation));
            CREATE TABLE OrleansReminders (ServiceId TEXT, GrainId TEXT, ReminderName TEXT, StartTime TEXT, Period BIGINT, GrainHash INT, Version INT,
              PRIMARY KEY (ServiceId, GrainId, ReminderName));
            """);
        foreach (var (key, text) in Statements.Where(s => !without.Contains(s.Key)))
        {
            await database.ExecuteAsync("INSERT INTO OrleansQuery VALUES ($key, $text)", ("$key", key), ("$text", text));
        }

        return database;
    }

    public async Task ExecuteAsync(string sql, params (string Name, object Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Command(sql, []);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => keeper.DisposeAsync();

    private SqliteCommand Command(string sql, (string Name, object Value)[] parameters)
    {
        var command = keeper.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }
}
