using System.Data.Common;
using InstanceTasks.Engine;
using InstanceTasks.Storage;
using Orleans.Configuration;

namespace InstanceTasks.Silo;

/// <summary>The store that the configuration names: <c>Storage:Provider</c> is <c>sqlite</c> (a file in the data directory) or <c>postgres</c>.</summary>
internal static class StoreWiring
{
    /// <exception cref="SettingsException">Neither of the two.</exception>
    public static bool UsesPostgres(IConfiguration configuration) => configuration["Storage:Provider"] switch
    {
        null or "" or "sqlite" => false,
        "postgres" => true,
        var other => throw new SettingsException($"Storage:Provider is '{other}'; set it to sqlite or postgres."),
    };

    public static void AddStore(IServiceCollection services, IConfiguration configuration, SiloSettings settings)
    {
        var section = configuration.GetSection("Storage");
        if (UsesPostgres(configuration))
        {
            services.AddPostgresStorage(o =>
            {
                o.SecretKeyFile = Path.Combine(settings.DataDirectory, SqliteStore.SecretKeyFileName);
                section.Bind(o);
            });
            return;
        }

        // The lock of the data directory makes this process the only owner.
        services.Configure<LeaseOptions>(o => o.SoleOwner = true);
        services.AddSqliteStorage(o =>
        {
            section.Bind(o);
            o.DataDirectory = settings.DataDirectory;
        });
    }

    public static void ConfigureReminders(AdoNetReminderTableOptions options, IConfiguration configuration, SiloSettings settings) =>
        (options.Invariant, options.ConnectionString) = UsesPostgres(configuration)
            ? (OrleansPostgres.Invariant, configuration["Storage:ConnectionString"] ?? "")
            : (OrleansSqlite.Invariant, settings.OrleansConnectionString);

    /// <exception cref="SettingsException">The database server cannot be reached or refuses.</exception>
    public static async Task OpenAsync(IServiceProvider services)
    {
        var store = services.GetRequiredService<IInstanceTasksStore>();
        try
        {
            await store.OpenAsync();
        }
        catch (DbException e) when (store is PostgresStore)
        {
            throw new SettingsException($"the PostgreSQL database cannot be opened: {e.Message}. Check Storage:ConnectionString.");
        }
    }
}
