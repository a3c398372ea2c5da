using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.TestKit;

/// <summary>
/// Reads a SQLite file that another process may be writing: read-only, one connection per question, no code of the product in between.
/// </summary>
public abstract class SqliteReader
{
    private readonly Func<DbConnection> _open;

    static SqliteReader() => SQLitePCL.Batteries_V2.Init();

    /// <summary>Opens the one database file below <paramref name="directory"/> that has the table.</summary>
    protected SqliteReader(string directory, string table)
    {
        FileName = Find(directory, table);
        _open = Opener(FileName);
    }

    /// <summary>Reads another database in the same way.</summary>
    protected SqliteReader(Func<DbConnection> open) => (_open, FileName) = (open, "");

    /// <summary>The file.</summary>
    public string FileName { get; }

    /// <summary>Runs a query and reads its rows.</summary>
    protected List<T> Query<T>(string sql, Func<DbDataReader, T> read, params (string Name, object Value)[] parameters)
    {
        using var connection = _open();
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this project arrive here; values travel as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>A number.</summary>
    protected long Count(string sql, params (string Name, object Value)[] parameters) => Query(sql, r => r.GetInt64(0), parameters).Single();

    /// <summary>Opens a file for reading.</summary>
    protected static Func<DbConnection> Opener(string file) => () => new SqliteConnection(ConnectionString(file));

    private static string ConnectionString(string file) =>
        new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false, DefaultTimeout = 30 }.ConnectionString;

    /// <summary>The one database file below a directory that has the table.</summary>
    public static string Find(string directory, string table)
    {
        var files = Directory.EnumerateFiles(directory, "*.db", SearchOption.AllDirectories)
            .Where(f => HasTable(f, table))
            .ToList();
        return files.Count == 1
            ? files[0]
            : throw new InvalidOperationException($"{files.Count} databases below {directory} have a table '{table}': {string.Join(", ", files)}");
    }

    private static bool HasTable(string file, string table)
    {
        using var connection = new SqliteConnection(ConnectionString(file));
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $name";
        command.Parameters.AddWithValue("$name", table);
        return (long)command.ExecuteScalar()! == 1;
    }
}
