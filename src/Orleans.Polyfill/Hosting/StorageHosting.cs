using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Runtime.Hosting;
using Orleans.Storage;
using Orleans.Timers;

namespace Orleans.Runtime.Hosting
{
    /// <summary>Own grain storages.</summary>
    public static class StorageProviderExtensions
    {
        public static IServiceCollection AddGrainStorage<T>(this IServiceCollection collection, string name, Func<IServiceProvider, string, T> implementationFactory)
            where T : IGrainStorage
        {
            if (name == ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME)
            {
                collection.TryAddSingleton(s => s.GetRequiredKeyedService<IGrainStorage>(name));
            }

            collection.AddKeyedSingleton<IGrainStorage>(name, (s, key) => implementationFactory(s, (string)key!));
            if (typeof(ILifecycleParticipant<ISiloLifecycle>).IsAssignableFrom(typeof(T)))
            {
                collection.AddSingleton(s => (ILifecycleParticipant<ISiloLifecycle>)s.GetRequiredKeyedService<IGrainStorage>(name));
            }

            return collection;
        }
    }
}

namespace Orleans.Hosting
{
    /// <summary>Storage in memory.</summary>
    public static class MemoryGrainStorageSiloBuilderExtensions
    {
        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder, Action<MemoryGrainStorageOptions> configureOptions) =>
            builder.AddMemoryGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null) =>
            builder.AddMemoryGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<MemoryGrainStorageOptions> configureOptions) =>
            builder.AddMemoryGrainStorage(name, (OptionsBuilder<MemoryGrainStorageOptions> o) => o.Configure(configureOptions));

        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<MemoryGrainStorageOptions>>? configureOptions = null)
        {
            configureOptions?.Invoke(builder.Services.AddOptions<MemoryGrainStorageOptions>(name));
            builder.Services.AddGrainStorage(name, static (s, n) =>
                new MemoryStorage(n, s.GetRequiredService<SiloRuntime>(), s.GetRequiredService<IOptionsMonitor<MemoryGrainStorageOptions>>().Get(n)));
            return builder;
        }
    }

    /// <summary>Storage in a relational database.</summary>
    public static class AdoNetGrainStorageSiloBuilderExtensions
    {
        public static ISiloBuilder AddAdoNetGrainStorageAsDefault(this ISiloBuilder builder, Action<AdoNetGrainStorageOptions> configureOptions) =>
            builder.AddAdoNetGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

        public static ISiloBuilder AddAdoNetGrainStorage(this ISiloBuilder builder, string name, Action<AdoNetGrainStorageOptions> configureOptions) =>
            builder.AddAdoNetGrainStorage(name, (OptionsBuilder<AdoNetGrainStorageOptions> o) => o.Configure(configureOptions));

        public static ISiloBuilder AddAdoNetGrainStorageAsDefault(this ISiloBuilder builder, Action<OptionsBuilder<AdoNetGrainStorageOptions>>? configureOptions = null) =>
            builder.AddAdoNetGrainStorage(ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME, configureOptions);

        public static ISiloBuilder AddAdoNetGrainStorage(this ISiloBuilder builder, string name, Action<OptionsBuilder<AdoNetGrainStorageOptions>>? configureOptions = null)
        {
            configureOptions?.Invoke(builder.Services.AddOptions<AdoNetGrainStorageOptions>(name));
            builder.Services.AddGrainStorage(name, static (s, n) =>
            {
                var options = s.GetRequiredService<IOptionsMonitor<AdoNetGrainStorageOptions>>().Get(n);
                AdoNetChecks.Require($"AdoNetGrainStorage \"{n}\"", options.Invariant, options.ConnectionString, options.DataSource);
                return new AdoNetGrainStorage(n, options, s.GetRequiredService<SiloRuntime>());
            });
            return builder;
        }
    }

    /// <summary>Reminders.</summary>
    public static class SiloBuilderReminderExtensions
    {
        public static ISiloBuilder AddReminders(this ISiloBuilder builder) => builder.ConfigureServices(services => services.AddReminders());

        public static void AddReminders(this IServiceCollection services)
        {
            if (services.All(s => s.ServiceType != typeof(ReminderService)))
            {
                services.AddSingleton<ReminderService>();
                services.AddSingleton<IReminderRegistry>(s => s.GetRequiredService<ReminderService>());
                services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<ReminderService>());
            }
        }

        public static ISiloBuilder UseAdoNetReminderService(this ISiloBuilder builder, Action<AdoNetReminderTableOptions> configureOptions) =>
            builder.UseAdoNetReminderService((OptionsBuilder<AdoNetReminderTableOptions> o) => o.Configure(configureOptions));

        public static ISiloBuilder UseAdoNetReminderService(this ISiloBuilder builder, Action<OptionsBuilder<AdoNetReminderTableOptions>> configureOptions)
        {
            builder.AddReminders();
            configureOptions(builder.Services.AddOptions<AdoNetReminderTableOptions>());
            builder.Services.AddSingleton<IReminderTable>(s =>
            {
                var options = s.GetRequiredService<IOptions<AdoNetReminderTableOptions>>();
                AdoNetChecks.Require("AdoNetReminderTable", options.Value.Invariant, options.Value.ConnectionString, options.Value.DataSource);
                return new AdoNetReminderTable(s.GetRequiredService<SiloRuntime>(), options);
            });
            return builder;
        }
    }

    /// <summary>Reminders in memory.</summary>
    public static class SiloBuilderReminderMemoryExtensions
    {
        public static ISiloBuilder UseInMemoryReminderService(this ISiloBuilder builder)
        {
            builder.AddReminders();
            builder.Services.AddSingleton<IReminderTable, MemoryReminderTable>();
            return builder;
        }
    }
}

namespace Orleans.Polyfill
{
    internal static class AdoNetChecks
    {
        public static void Require(string provider, string invariant, string? connectionString, DbDataSource? dataSource)
        {
            if (dataSource is null && string.IsNullOrWhiteSpace(invariant))
            {
                throw new OrleansConfigurationException($"Invalid {provider} values. Invariant is required.");
            }

            if (string.IsNullOrWhiteSpace(connectionString) == dataSource is null)
            {
                throw new OrleansConfigurationException($"Invalid {provider} values. Exactly one of ConnectionString and DataSource is required.");
            }
        }
    }
}
