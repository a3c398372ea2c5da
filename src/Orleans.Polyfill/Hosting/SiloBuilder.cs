using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Runtime;
using Orleans.Timers;

namespace Orleans.Runtime
{
    /// <summary>Something to run when the silo starts.</summary>
    public interface IStartupTask
    {
        Task Execute(CancellationToken cancellationToken);
    }
}

namespace Orleans.Hosting
{
    /// <summary>Builds a silo.</summary>
    public interface ISiloBuilder
    {
        IServiceCollection Services { get; }

        IConfiguration Configuration { get; }
    }

    /// <summary>Builds a client.</summary>
    public interface IClientBuilder
    {
        IServiceCollection Services { get; }

        IConfiguration Configuration { get; }
    }

    /// <summary>What every silo needs.</summary>
    public static class SiloBuilderExtensions
    {
        public static ISiloBuilder ConfigureServices(this ISiloBuilder builder, Action<IServiceCollection> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(builder.Services);
            return builder;
        }

        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class => builder.ConfigureServices(s => s.Configure(configureOptions));

        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, IConfiguration configuration)
            where TOptions : class => builder.ConfigureServices(s => s.Configure<TOptions>(configuration));

        public static ISiloBuilder ConfigureLogging(this ISiloBuilder builder, Action<ILoggingBuilder> configureLogging) => builder.ConfigureServices(s => s.AddLogging(configureLogging));
    }

    /// <summary>Clusters and endpoints.</summary>
    public static class CoreHostingExtensions
    {
        public static ISiloBuilder UseLocalhostClustering(this ISiloBuilder builder, int siloPort = 11111, int gatewayPort = 30000, IPEndPoint? primarySiloEndpoint = null, string serviceId = "dev", string clusterId = "dev")
        {
            if (primarySiloEndpoint is not null && primarySiloEndpoint.Port != siloPort)
            {
                throw new NotSupportedException("The polyfill's UseLocalhostClustering is one silo, which is its own primary. Several processes are joined by UseAdoNetClustering.");
            }

            builder.Services.TryAddSingleton<ClusterHub, MemoryHub>();
            builder.Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, siloPort, gatewayPort));
            return builder.Configure<ClusterOptions>(o =>
            {
                o.ServiceId = string.IsNullOrWhiteSpace(o.ServiceId) ? serviceId : o.ServiceId;
                o.ClusterId = string.IsNullOrWhiteSpace(o.ClusterId) ? clusterId : o.ClusterId;
            });
        }
    }

    /// <summary>Endpoints.</summary>
    public static class EndpointOptionsExtensions
    {
        public static ISiloBuilder ConfigureEndpoints(this ISiloBuilder builder, IPAddress advertisedIP, int siloPort, int gatewayPort, bool listenOnAnyHostAddress = false)
        {
            ArgumentNullException.ThrowIfNull(advertisedIP);
            if (advertisedIP.Equals(IPAddress.Any) || advertisedIP.Equals(IPAddress.None) || advertisedIP.Equals(IPAddress.IPv6Any) || advertisedIP.Equals(IPAddress.IPv6None))
            {
                throw new ArgumentException($"{advertisedIP} cannot be advertised: others could not reach it.", nameof(advertisedIP));
            }

            return builder.Configure<EndpointOptions>(o =>
            {
                (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (advertisedIP, siloPort, gatewayPort);
                o.SiloListeningEndpoint = listenOnAnyHostAddress ? new(IPAddress.Any, siloPort) : null;
                o.GatewayListeningEndpoint = listenOnAnyHostAddress ? new(IPAddress.Any, gatewayPort) : null;
            });
        }
    }

    /// <summary>Startup tasks.</summary>
    public static class SiloBuilderStartupExtensions
    {
        public static ISiloBuilder AddStartupTask<TStartup>(this ISiloBuilder builder, int stage = ServiceLifecycleStage.Active)
            where TStartup : class, IStartupTask =>
            builder.AddStartupTask((services, token) => ActivatorUtilities.GetServiceOrCreateInstance<TStartup>(services).Execute(token), stage);

        public static ISiloBuilder AddStartupTask(this ISiloBuilder builder, IStartupTask startupTask, int stage = ServiceLifecycleStage.Active) =>
            builder.AddStartupTask((_, token) => startupTask.Execute(token), stage);

        public static ISiloBuilder AddStartupTask(this ISiloBuilder builder, Func<IServiceProvider, CancellationToken, Task> startupTask, int stage = ServiceLifecycleStage.Active) =>
            builder.ConfigureServices(s => s.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(services => new StartupTask(services, startupTask, stage)));

        private sealed class StartupTask(IServiceProvider services, Func<IServiceProvider, CancellationToken, Task> task, int stage) : ILifecycleParticipant<ISiloLifecycle>
        {
            public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(StartupTask), stage, token => task(services, token));
        }
    }

    /// <summary>Call filters.</summary>
    public static class GrainCallFilterSiloBuilderExtensions
    {
        public static ISiloBuilder AddIncomingGrainCallFilter(this ISiloBuilder builder, IIncomingGrainCallFilter filter) => builder.ConfigureServices(s => s.AddSingleton(filter));

        public static ISiloBuilder AddIncomingGrainCallFilter<TImplementation>(this ISiloBuilder builder)
            where TImplementation : class, IIncomingGrainCallFilter => builder.ConfigureServices(s => s.AddSingleton<IIncomingGrainCallFilter, TImplementation>());

        public static ISiloBuilder AddIncomingGrainCallFilter(this ISiloBuilder builder, IncomingGrainCallFilterDelegate filter) =>
            builder.AddIncomingGrainCallFilter(new IncomingDelegateFilter(filter));

        public static ISiloBuilder AddOutgoingGrainCallFilter(this ISiloBuilder builder, IOutgoingGrainCallFilter filter) => builder.ConfigureServices(s => s.AddSingleton(filter));

        public static ISiloBuilder AddOutgoingGrainCallFilter<TImplementation>(this ISiloBuilder builder)
            where TImplementation : class, IOutgoingGrainCallFilter => builder.ConfigureServices(s => s.AddSingleton<IOutgoingGrainCallFilter, TImplementation>());

        public static ISiloBuilder AddOutgoingGrainCallFilter(this ISiloBuilder builder, OutgoingGrainCallFilterDelegate filter) =>
            builder.AddOutgoingGrainCallFilter(new OutgoingDelegateFilter(filter));
    }
}

namespace Microsoft.Extensions.Hosting
{
    using Orleans.Hosting;

    /// <summary>Makes a host a silo.</summary>
    public static class OrleansSiloGenericHostExtensions
    {
        public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleans(_ => { });

        public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(SiloServices.BuilderFor(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }

        public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleans(_ => { });

        public static HostApplicationBuilder UseOrleans(this HostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            ((IHostApplicationBuilder)hostAppBuilder).UseOrleans(configureDelegate);
            return hostAppBuilder;
        }

        public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate) => hostBuilder.UseOrleans((_, silo) => configureDelegate(silo));

        public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<HostBuilderContext, ISiloBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            return hostBuilder.ConfigureServices((context, services) => configureDelegate(context, SiloServices.BuilderFor(services, context.Configuration)));
        }

        public static IServiceCollection AddOrleans(this IServiceCollection services, Action<ISiloBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(SiloServices.BuilderFor(services, new ConfigurationBuilder().Build()));
            return services;
        }
    }
}

namespace Orleans.Polyfill
{
    using Orleans.Hosting;

    internal sealed record SiloBuilder(IServiceCollection Services, IConfiguration Configuration) : ISiloBuilder;

    internal sealed record ClientBuilder(IServiceCollection Services, IConfiguration Configuration) : IClientBuilder;

    /// <summary>What a silo's host has in its services.</summary>
    internal static class SiloServices
    {
        public static ISiloBuilder BuilderFor(IServiceCollection services, IConfiguration configuration)
        {
            var builder = new SiloBuilder(services, configuration);
            if (services.All(s => s.ServiceType != typeof(SiloRuntime)))
            {
                AddTo(services);
                ApplySection(builder, configuration.GetSection("Orleans"));
            }

            return builder;
        }

        private static void AddTo(IServiceCollection services)
        {
            services.AddOptions();
            services.AddLogging();
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton(s => new TypeManifest(s.GetRequiredService<Microsoft.Extensions.Options.IOptions<ManifestOptions>>().Value.ExtraTypes));
            services.AddSingleton<SiloRuntime>();
            services.AddSingleton<ILocalSiloDetails>(s => s.GetRequiredService<SiloRuntime>());
            services.AddSingleton<IGrainRuntime>(s => s.GetRequiredService<SiloRuntime>());
            services.AddSingleton<ISiloStatusOracle>(s => s.GetRequiredService<SiloRuntime>().StatusOracle);
            services.AddSingleton<IClusterClient>(s => s.GetRequiredService<SiloRuntime>().Factory);
            services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<SiloRuntime>().Factory);
            services.AddSingleton(s => s.GetRequiredService<SiloRuntime>().Hub.Faults);
            services.AddSingleton<ITimerRegistry, TimerRegistry>();
            services.AddSingleton<IStateStorageFactory, StateStorageFactory>();
            services.AddSingleton<IGrainContextAccessor, ContextAccessor>();
            services.AddSingleton<SiloLifecycle>();
            services.AddSingleton<ISiloLifecycle>(s => s.GetRequiredService<SiloLifecycle>());
            services.AddHostedService<SiloHostedService>();
        }

        private static void ApplySection(ISiloBuilder builder, IConfigurationSection section)
        {
            builder.Services.Configure<ClusterOptions>(section);
            builder.Services.Configure<SiloMessagingOptions>(section.GetSection("Messaging"));
            builder.Services.Configure<EndpointOptions>(section.GetSection("Endpoints"));
            builder.Services.Configure<PolyfillClusterOptions>(section.GetSection("Polyfill"));
            if (section["Name"] is { Length: > 0 } name)
            {
                builder.Services.Configure<SiloOptions>(o => o.SiloName = name);
            }
        }
    }

    internal sealed class ContextAccessor : IGrainContextAccessor
    {
        public IGrainContext GrainContext => RuntimeContext.Current!;
    }
}
