using InstanceTasks.Engine;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Bench;

/// <summary>The database of one run: a directory for SQLite; for PostgreSQL the one given, or a server of its own.</summary>
internal sealed class BenchStore : IDisposable
{
    private readonly TempDirectory _directory = new("bench");
    private readonly PostgresServer? _server;

    private BenchStore(string name, PostgresServer? server, string? connection) => (Name, _server, Connection) = (name, server, connection);

    /// <summary><c>sqlite</c> or <c>postgres</c>.</summary>
    public string Name { get; }

    /// <summary>Null for SQLite.</summary>
    public string? Connection { get; }

    public string DataDirectory => _directory.Path;

    public static async Task<BenchStore> OpenAsync(string name, string? connection)
    {
        if (name == "sqlite")
        {
            return new(name, null, null);
        }

        var server = connection is null ? new PostgresServer() : null;
        return new(name, server, connection ?? server!.ConnectionString(await server.CreateDatabaseAsync()));
    }

    public void AddTo(IServiceCollection services)
    {
        if (Connection is { } connection)
        {
            services.AddPostgresStorage(o => (o.ConnectionString, o.SecretKeyFile) = (connection, _directory.Combine("secret.key")));
            return;
        }

        services.Configure<LeaseOptions>(o => o.SoleOwner = true);
        services.AddSqliteStorage(o => o.DataDirectory = DataDirectory);
    }

    public void Dispose()
    {
        _server?.Dispose();
        _directory.Dispose();
    }
}
