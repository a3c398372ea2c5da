using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Polyfill;
using Orleans.Runtime;

namespace Orleans.Configuration
{
    /// <summary>The membership table of a silo in a relational database.</summary>
    public class AdoNetClusteringSiloOptions
    {
        /// <summary>Either this or <see cref="DataSource"/>.</summary>
        public string? ConnectionString { get; set; }

        /// <summary>Either this or <see cref="ConnectionString"/>.</summary>
        public DbDataSource? DataSource { get; set; }

        /// <summary>The driver. No default.</summary>
        public string Invariant { get; set; } = "";
    }

    /// <summary>The membership table that a client finds gateways in.</summary>
    public class AdoNetClusteringClientOptions
    {
        /// <summary>Either this or <see cref="DataSource"/>.</summary>
        public string? ConnectionString { get; set; }

        /// <summary>Either this or <see cref="ConnectionString"/>.</summary>
        public DbDataSource? DataSource { get; set; }

        /// <summary>The driver. No default.</summary>
        public string Invariant { get; set; } = "";
    }
}

namespace Orleans.Hosting
{
    /// <summary>Clusters that a relational database keeps together.</summary>
    public static class AdoNetHostingExtensions
    {
        public static ISiloBuilder UseAdoNetClustering(this ISiloBuilder builder, Action<AdoNetClusteringSiloOptions> configureOptions) =>
            builder.UseAdoNetClustering((OptionsBuilder<AdoNetClusteringSiloOptions> o) => o.Configure(configureOptions));

        public static ISiloBuilder UseAdoNetClustering(this ISiloBuilder builder, Action<OptionsBuilder<AdoNetClusteringSiloOptions>> configureOptions)
        {
            configureOptions(builder.Services.AddOptions<AdoNetClusteringSiloOptions>());
            builder.Services.TryAddSingleton<IClusterTable>(s =>
            {
                var options = s.GetRequiredService<IOptions<AdoNetClusteringSiloOptions>>().Value;
                AdoNetChecks.Require("AdoNetClusteringTable", options.Invariant, options.ConnectionString, options.DataSource);
                return new AdoNetClusterTable(s.GetRequiredService<SiloRuntime>().ClusterId, options.Invariant, options.ConnectionString, options.DataSource);
            });
            return builder.UseSockets();
        }

        public static IClientBuilder UseAdoNetClustering(this IClientBuilder builder, Action<AdoNetClusteringClientOptions> configureOptions) =>
            builder.UseAdoNetClustering((OptionsBuilder<AdoNetClusteringClientOptions> o) => o.Configure(configureOptions));

        public static IClientBuilder UseAdoNetClustering(this IClientBuilder builder, Action<OptionsBuilder<AdoNetClusteringClientOptions>> configureOptions)
        {
            configureOptions(builder.Services.AddOptions<AdoNetClusteringClientOptions>());
            builder.Services.TryAddSingleton<IGatewayList>(s =>
            {
                var options = s.GetRequiredService<IOptions<AdoNetClusteringClientOptions>>().Value;
                AdoNetChecks.Require("AdoNetGatewayListProvider", options.Invariant, options.ConnectionString, options.DataSource);
                return new AdoNetGateways(new(s.GetRequiredService<IOptions<ClusterOptions>>().Value.ClusterId, options.Invariant, options.ConnectionString, options.DataSource));
            });
            return builder;
        }
    }

    /// <summary>What every client needs.</summary>
    public static class ClientBuilderExtensions
    {
        public static IClientBuilder ConfigureServices(this IClientBuilder builder, Action<IServiceCollection> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(builder.Services);
            return builder;
        }

        public static IClientBuilder Configure<TOptions>(this IClientBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class => builder.ConfigureServices(s => s.Configure(configureOptions));

        public static IClientBuilder Configure<TOptions>(this IClientBuilder builder, IConfiguration configuration)
            where TOptions : class => builder.ConfigureServices(s => s.Configure<TOptions>(configuration));

        /// <summary>Asked after each failed attempt to connect at the start: false gives up.</summary>
        public static IClientBuilder UseConnectionRetryFilter(this IClientBuilder builder, Func<Exception, CancellationToken, Task<bool>> connectionRetryFilter)
        {
            ArgumentNullException.ThrowIfNull(connectionRetryFilter);
            return builder.ConfigureServices(s => s.AddSingleton(new ConnectionRetry { Filter = connectionRetryFilter }));
        }
    }
}

namespace Microsoft.Extensions.Hosting
{
    /// <summary>Makes a host a client.</summary>
    public static class OrleansClientGenericHostExtensions
    {
        public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleansClient(_ => { });

        public static IHostApplicationBuilder UseOrleansClient(this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(ClientServices.BuilderFor(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }

        public static HostApplicationBuilder UseOrleansClient(this HostApplicationBuilder hostAppBuilder) => hostAppBuilder.UseOrleansClient(_ => { });

        public static HostApplicationBuilder UseOrleansClient(this HostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            ((IHostApplicationBuilder)hostAppBuilder).UseOrleansClient(configureDelegate);
            return hostAppBuilder;
        }

        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder) => hostBuilder.UseOrleansClient((IClientBuilder _) => { });

        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<IClientBuilder> configureDelegate) =>
            hostBuilder.UseOrleansClient((_, client) => configureDelegate(client));

        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder, Action<HostBuilderContext, IClientBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            return hostBuilder.ConfigureServices((context, services) => configureDelegate(context, ClientServices.BuilderFor(services, context.Configuration)));
        }

        public static IServiceCollection AddOrleansClient(this IServiceCollection services, Action<IClientBuilder> configureDelegate)
        {
            ArgumentNullException.ThrowIfNull(configureDelegate);
            configureDelegate(ClientServices.BuilderFor(services, new ConfigurationBuilder().Build()));
            return services;
        }
    }
}

namespace Orleans.Polyfill
{
    internal static class SocketHosting
    {
        /// <summary>The silo is one process of several, whatever its membership table is.</summary>
        public static ISiloBuilder UseSockets(this ISiloBuilder builder)
        {
            builder.Services.TryAddSingleton<IFatalErrorHandler, ProcessEnd>();
            builder.Services.TryAddSingleton<ClusterHub, SiloHub>();
            return builder;
        }
    }

    /// <summary>What a client's host has in its services.</summary>
    internal static class ClientServices
    {
        public static IClientBuilder BuilderFor(IServiceCollection services, IConfiguration configuration)
        {
            if (services.Any(s => s.ServiceType == typeof(SiloRuntime)))
            {
                throw new OrleansConfigurationException("UseOrleans() and UseOrleansClient() cannot be used in one host: a silo is a client already.");
            }

            var builder = new ClientBuilder(services, configuration);
            if (services.All(s => s.ServiceType != typeof(ClientHub)))
            {
                AddTo(services);
                var section = configuration.GetSection("Orleans");
                services.Configure<ClusterOptions>(section);
                services.Configure<ClientMessagingOptions>(section.GetSection("Messaging"));
                services.Configure<PolyfillClusterOptions>(section.GetSection("Polyfill"));
            }

            return builder;
        }

        private static void AddTo(IServiceCollection services)
        {
            services.AddOptions();
            services.AddLogging();
            services.TryAddSingleton(TimeProvider.System);
            services.TryAddSingleton(s => new TypeManifest(s.GetRequiredService<IOptions<ManifestOptions>>().Value.ExtraTypes));
            services.AddSingleton<ConnectionRetry>();
            services.AddSingleton<ClientHub>();
            services.AddSingleton<ClusterHub>(s => s.GetRequiredService<ClientHub>());
            services.AddSingleton<IHostedService>(s => s.GetRequiredService<ClientHub>());
            services.AddSingleton(s => new CallSender(
                s.GetRequiredService<ClientHub>(), null, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<IOptions<ClientMessagingOptions>>().Value, s.GetServices<IOutgoingGrainCallFilter>()));
            services.AddSingleton(s => new GrainFactory(s.GetRequiredService<TypeManifest>(), s.GetRequiredService<CallSender>(), s));
            services.AddSingleton<IClusterClient>(s => s.GetRequiredService<GrainFactory>());
            services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<GrainFactory>());
        }
    }
}
