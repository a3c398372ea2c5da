using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>The tables of a simulated world. Tests and operators read them directly, so names and columns are a contract.</summary>
internal static class WorldSchema
{
    public const int Version = 6;

    // ends_at null: the operation never ends by itself (a hang).
    // ended_no orders the ends of operations that outlived the transaction that began them; waiters of every process read from it.
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS hosts (
            name TEXT PRIMARY KEY, zone TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mb INTEGER NOT NULL, disk_gb INTEGER NOT NULL,
            reachable INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS machines (
            host TEXT NOT NULL, machine TEXT NOT NULL, disk INTEGER NOT NULL, defined INTEGER NOT NULL, power INTEGER NOT NULL,
            name TEXT NOT NULL, image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mb INTEGER NOT NULL, disk_gb INTEGER NOT NULL,
            boots INTEGER NOT NULL DEFAULT 0, rescue INTEGER NOT NULL DEFAULT 0, password TEXT,
            old_disk TEXT, old_image TEXT, old_password TEXT, ran_since INTEGER NOT NULL DEFAULT 0,
            aside INTEGER NOT NULL DEFAULT 0, aside_vcpus INTEGER NOT NULL DEFAULT 0, aside_memory_mb INTEGER NOT NULL DEFAULT 0,
            aside_disk_gb INTEGER NOT NULL DEFAULT 0, console TEXT NOT NULL DEFAULT '', PRIMARY KEY (host, machine)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS operations (
            id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT NOT NULL, machine TEXT NOT NULL, verb TEXT NOT NULL,
            task TEXT NOT NULL, step TEXT NOT NULL, direction TEXT NOT NULL, key TEXT NOT NULL, stamp TEXT NOT NULL,
            name TEXT NOT NULL, image TEXT NOT NULL, vcpus INTEGER NOT NULL, memory_mb INTEGER NOT NULL, disk_gb INTEGER NOT NULL,
            begun_at INTEGER NOT NULL, ends_at INTEGER, ended_at INTEGER, ended_no INTEGER,
            state TEXT NOT NULL, plan TEXT NOT NULL, abort_rule TEXT NOT NULL, fault INTEGER, planned_failure TEXT,
            applied INTEGER NOT NULL DEFAULT 0, power INTEGER, failure TEXT, aborted_by TEXT,
            pid INTEGER NOT NULL, instance TEXT NOT NULL, password TEXT);
        CREATE INDEX IF NOT EXISTS operations_begun ON operations (host, machine, ends_at) WHERE state = 'begun';
        CREATE INDEX IF NOT EXISTS operations_due ON operations (ends_at) WHERE state = 'begun';
        CREATE UNIQUE INDEX IF NOT EXISTS operations_ended ON operations (ended_no) WHERE ended_no IS NOT NULL;
        CREATE INDEX IF NOT EXISTS operations_key ON operations (key);
        CREATE TABLE IF NOT EXISTS stamps (
            host TEXT NOT NULL, machine TEXT NOT NULL, newest TEXT, fence TEXT, PRIMARY KEY (host, machine)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS effects (
            key TEXT NOT NULL, stamp TEXT NOT NULL, host TEXT NOT NULL, machine TEXT NOT NULL, verb TEXT NOT NULL,
            count INTEGER NOT NULL, changed INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (key, stamp)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS refused (
            key TEXT NOT NULL, stamp TEXT NOT NULL, host TEXT NOT NULL, machine TEXT NOT NULL, verb TEXT NOT NULL,
            count INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (key, stamp)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS faults (
            id INTEGER PRIMARY KEY AUTOINCREMENT, host TEXT, machine TEXT, machine_name TEXT, verb TEXT, task TEXT, step TEXT, direction TEXT,
            action TEXT NOT NULL, failure_kind TEXT NOT NULL, message TEXT NOT NULL, delay_ms INTEGER NOT NULL, abort_rule TEXT NOT NULL,
            remaining INTEGER, fired INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS latencies (verb TEXT, host TEXT, milliseconds INTEGER NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS latencies_key ON latencies (ifnull(verb, ''), ifnull(host, ''));
        CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY CHECK (one = 1), offset_ms INTEGER NOT NULL);
        INSERT OR IGNORE INTO clock VALUES (1, 0);
        """;

    // What version 1 lacked.
    private const string From1 = """
        ALTER TABLE machines ADD COLUMN rescue INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE machines ADD COLUMN password TEXT;
        ALTER TABLE operations ADD COLUMN password TEXT;
        """;

    // What version 2 lacked: the machine set aside, and what it takes.
    private const string From2 = """
        ALTER TABLE machines ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE machines ADD COLUMN aside_vcpus INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE machines ADD COLUMN aside_memory_mb INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE machines ADD COLUMN aside_disk_gb INTEGER NOT NULL DEFAULT 0;
        """;

    // What version 3 lacked: the task that has set a disk aside, and what that was made from.
    private const string From3 = """
        ALTER TABLE machines ADD COLUMN old_disk TEXT;
        ALTER TABLE machines ADD COLUMN old_image TEXT;
        ALTER TABLE machines ADD COLUMN old_password TEXT;
        """;

    // What version 4 lacked. A disk that was set aside before counts as one whose successor has run, as it did then.
    private const string From4 = """
        ALTER TABLE machines ADD COLUMN ran_since INTEGER NOT NULL DEFAULT 0;
        UPDATE machines SET ran_since = 1 WHERE old_disk IS NOT NULL;
        """;

    // What version 5 lacked: what the guest has written on its console.
    private const string From5 = "ALTER TABLE machines ADD COLUMN console TEXT NOT NULL DEFAULT '';";

    private static readonly string[] Upgrades = [From1, From2, From3, From4, From5];

    static WorldSchema() => SQLitePCL.Batteries_V2.Init();

    /// <summary>
    /// Opens the file. synchronous=NORMAL in WAL mode: what is committed survives the death of every process, as the real world would;
    /// it is not meant to survive a power loss.
    /// </summary>
    public static SqliteConnection Open(string path, bool create)
    {
        if (!create && !File.Exists(path))
        {
            throw new FileNotFoundException("There is no simulated world in this file.", path);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = create ? SqliteOpenMode.ReadWriteCreate : SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = 30,
        }.ConnectionString);
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;");
            Prepare(connection, path);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Prepare(SqliteConnection connection, string path)
    {
        Execute(connection, "BEGIN IMMEDIATE;");
        var version = ReadVersion(connection);
        if (version is < 0 or > Version)
        {
            throw new InvalidOperationException($"The simulated world {path} has version {version}; this program knows version {Version}.");
        }

        var upgrades = version == 0 ? "" : string.Concat(Upgrades.Skip((int)version - 1));
        Execute(connection, $"{upgrades} {Tables} PRAGMA user_version = {Version}; COMMIT;");
    }

    private static long ReadVersion(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version;";
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this file arrive here.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
