using InstanceTasks.Engine;
using InstanceTasks.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the SQLite store.</summary>
public static class SqliteStorageServices
{
    /// <summary>
    /// Registers one <see cref="SqliteStore"/> under every port. It is not open: call <see cref="SqliteStore.OpenAsync(CancellationToken)"/>
    /// before anything uses it.
    /// </summary>
    public static IServiceCollection AddSqliteStorage(this IServiceCollection services, Action<SqliteStorageOptions> configure)
    {
        services.AddOptions<SqliteStorageOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SqliteStorageOptions>, SqliteStorageOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<SqliteStore>();
        services.AddSingleton<IInstanceTasksStore>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IJournal>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<ILeases>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IQueries>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IHostRegistry>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IHoldStore>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IHostControl>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IRevokedTokens>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<ICatalog>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IDocumentStore>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IQuotaLimits>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IEventStream>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IOverview>(provider => provider.GetRequiredService<SqliteStore>());
        services.AddSingleton<IRetention>(provider => provider.GetRequiredService<SqliteStore>());
        return services;
    }
}
