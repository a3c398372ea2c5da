using InstanceTasks.Engine;
using InstanceTasks.Storage;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the PostgreSQL store.</summary>
public static class PostgresStorageServices
{
    /// <summary>
    /// Registers one <see cref="PostgresStore"/> under every port. It is not open: call <see cref="PostgresStore.OpenAsync(CancellationToken)"/>
    /// before anything uses it.
    /// </summary>
    public static IServiceCollection AddPostgresStorage(this IServiceCollection services, Action<PostgresStorageOptions> configure)
    {
        services.AddOptions<PostgresStorageOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresStorageOptions>, PostgresStorageOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<PostgresStore>();
        services.AddSingleton<IInstanceTasksStore>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IJournal>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<ILeases>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IQueries>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IHostRegistry>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IHoldStore>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IHostControl>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IRevokedTokens>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<ICatalog>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IDocumentStore>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IQuotaLimits>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IEventStream>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IOverview>(provider => provider.GetRequiredService<PostgresStore>());
        services.AddSingleton<IRetention>(provider => provider.GetRequiredService<PostgresStore>());
        return services;
    }
}
