using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>A PostgreSQL server for one test, with a database that a silo's configuration names.</summary>
internal sealed class PostgresData : IDisposable
{
    private readonly PostgresServer _server = new();
    private string _database = "";

    /// <summary>Variables that put a silo on the database; readers of its data directory find it, too.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> UseForAsync(string dataDirectory)
    {
        _database = await _server.CreateDatabaseAsync();
        return Use(dataDirectory);
    }

    /// <summary>Backs the database up.</summary>
    public async Task<string> BackUpAsync()
    {
        var file = _server.FileFor($"{_database}.dump");
        await _server.DumpAsync(_database, file);
        return file;
    }

    /// <summary>From now on the silo's data is what was backed up.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> RestoreForAsync(string dataDirectory, string file)
    {
        _database = await _server.RestoreAsync(file);
        return Use(dataDirectory);
    }

    private Dictionary<string, string?> Use(string dataDirectory)
    {
        var connectionString = _server.ConnectionString(_database);
        Directory.CreateDirectory(dataDirectory);
        StoreReader.PointTo(dataDirectory, connectionString);
        return new Dictionary<string, string?> { ["INSTANCETASKS_Storage__Provider"] = "postgres", ["INSTANCETASKS_Storage__ConnectionString"] = connectionString };
    }

    public void Dispose() => _server.Dispose();
}
