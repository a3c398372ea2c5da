using Dapper;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

/// <summary>The database that Orleans' stock ADO.NET providers use for reminders and grain state: a file of its own beside the journal.</summary>
public static class OrleansSqlite
{
    /// <summary>The invariant under which Orleans' providers load the SQLite driver; any other spelling fails at silo start.</summary>
    public const string Invariant = "System.Data.SQLite";

    /// <summary>The connection string of a database file.</summary>
    public static string ConnectionString(string path) => new SqliteConnectionStringBuilder { DataSource = path, DefaultTimeout = 30 }.ToString();

    /// <summary>Creates the tables and writes the queries; safe to repeat.</summary>
    public static void Apply(string connectionString)
    {
        SQLitePCL.Batteries_V2.Init();
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ToString());
        connection.Open();
        // The log mode is a property of the file: Orleans' own connections get it, and with it writes that do not block their reads.
        connection.Execute("PRAGMA journal_mode = WAL");
        connection.Execute("BEGIN IMMEDIATE;" + EmbeddedSql.Read("sqlite/orleans.sql") + "COMMIT;");
    }
}
