using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>A PostgreSQL server for one test, with a database that a silo's configuration names.</summary>
internal sealed class PostgresData : IDisposable
{
    private readonly PostgresServer _server = new();

    /// <summary>Variables that put a silo on the database; readers of its data directory find it, too.</summary>
    public async Task<IReadOnlyDictionary<string, string?>> UseForAsync(string dataDirectory)
    {
        var connectionString = _server.ConnectionString(await _server.CreateDatabaseAsync());
        Directory.CreateDirectory(dataDirectory);
        StoreReader.PointTo(dataDirectory, connectionString);
        return new Dictionary<string, string?> { ["INSTANCETASKS_Storage__Provider"] = "postgres", ["INSTANCETASKS_Storage__ConnectionString"] = connectionString };
    }

    public void Dispose() => _server.Dispose();
}
