using InstanceTasks.Api;
using InstanceTasks.Dashboard;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>Configuration and wiring, nothing else.</summary>
internal static class SiloBuilding
{
    public static WebApplication Build(string[] args)
    {
        var settings = SiloSettings.Parse(args);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = EnvironmentOf() });
        if (settings.ConfigFile is { } file)
        {
            builder.Configuration.AddJsonFile(file, optional: false, reloadOnChange: false);
        }

        // What must not stand in a file, such as a password: INSTANCETASKS_Storage__ConnectionString.
        builder.Configuration.AddEnvironmentVariables("INSTANCETASKS_");

        var cluster = ClusterSettings.Of(builder.Configuration);
        if (cluster.Secret is not null)
        {
            builder.Configuration.AddInMemoryCollection([new("Orleans:Polyfill:ClusterSecret", cluster.Secret)]);
        }

        var role = ProcessRoles.Of(builder.Configuration, cluster);
        AddServer(builder, settings);
        AddLogging(builder);
        AddServices(builder, settings);
        AddRole(builder, settings, cluster, role);
        var app = builder.Build();
        app.UseDashboard();
        app.MapHealth(role);
        app.MapComputeApi();
        return app;
    }

    private static void AddRole(WebApplicationBuilder builder, SiloSettings settings, ClusterSettings cluster, ProcessRole role)
    {
        if (role == ProcessRole.Silo)
        {
            AddSiloServices(builder, settings);
            builder.UseOrleans(silo => ConfigureOrleans(silo, settings, cluster));
            return;
        }

        // A frontend that finds no silo serves what can be read while it looks for one.
        builder.Services.Configure<HostOptions>(o => o.ServicesStartConcurrently = true);
        builder.UseOrleansClient(cluster.Configure);
    }

    private static void AddServer(WebApplicationBuilder builder, SiloSettings settings)
    {
        var addresses = ListenAddresses.Of(builder.Configuration, settings);
        ListenAddresses.CheckCertificates(builder.Configuration, addresses);
        builder.WebHost.UseKestrelHttpsConfiguration();
        // Endpoints of the configuration stand alone: what the command line says besides would be dropped with a warning.
        if (ReferenceEquals(addresses, settings.Urls))
        {
            builder.WebHost.UseUrls([.. settings.Urls]);
        }

        var limits = builder.Configuration.GetSection("Api:Limits").Get<ApiLimits>() ?? new ApiLimits();
        builder.WebHost.ConfigureKestrel(o => o.Limits.MaxRequestHeadersTotalSize = Math.Max(limits.MaxHeaderBytes, 1024));
    }

    // Development makes Orleans check every message type at start; nothing else here depends on the environment.
    private static string EnvironmentOf() => Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT") ?? Environments.Development;

    private static void AddLogging(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(o =>
        {
            o.SingleLine = true;
            o.TimestampFormat = "HH:mm:ss.fff ";
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("Orleans", LogLevel.Warning).AddFilter("System", LogLevel.Warning).AddFilter("Polly", LogLevel.Warning);
        // A failed start is thrown to SiloProgram, which says it once.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
    }

    /// <summary>What serves the API, in whatever role.</summary>
    private static void AddServices(WebApplicationBuilder builder, SiloSettings settings)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        services.AddSingleton(settings);
        services.AddSingleton<TimeProvider, BootTimeProvider>();
        services.AddSingleton<DrainSignal>();
        services.AddSingleton<IHostLifetime, DrainingLifetime>();
        services.AddSingleton<IValidateOptions<StopOptions>, StopOptionsValidator>();
        services.AddOptions<StopOptions>().BindConfiguration("Stop").ValidateOnStart();
        services.AddOptions<HostOptions>().Configure<IOptions<StopOptions>>((host, stop) => host.ShutdownTimeout = stop.Value.Limit);
        services.AddOptions<WorkerOptions>().BindConfiguration("Workers").ValidateOnStart();
        services.AddOptions<RetentionOptions>().BindConfiguration("Retention").ValidateOnStart();
        services.PostConfigure<RetentionOptions>(o => o.Archive = string.IsNullOrEmpty(o.Archive) ? "" : Path.Combine(settings.DataDirectory, o.Archive));
        StoreWiring.AddStore(services, configuration, settings);
        services.AddSingleton<ISecretProtector, StoredSecretProtector>();
        services.AddSingleton<IComputeCommands, GrainComputeCommands>();
        services.AddSingleton<IConsoles, GrainConsoles>();
        services.AddComputeApi(configuration.GetSection("Api").Bind);
        services.PostConfigure<ApiOptions>(o => o.UsersFile = string.IsNullOrEmpty(o.UsersFile) ? o.UsersFile : Path.Combine(settings.DataDirectory, o.UsersFile));
        services.AddSingleton<IDashboardApi, DashboardApi>();
        services.AddSingleton<ISiloActivity, GrainSiloActivity>();
        services.AddSingleton<IDataProtectionProvider>(s => new StoredDataProtection(s.GetRequiredService<IInstanceTasksStore>()));
        services.AddDashboard(configuration.GetSection("Dashboard").Bind);
        services.AddSingleton(JournalOf);
    }

    private static IJournal JournalOf(IServiceProvider services)
    {
        var store = services.GetRequiredService<IInstanceTasksStore>();
        return Failpoints.Enabled ? new FailpointJournal(store) : store;
    }

    /// <summary>What grains and workers need besides.</summary>
    private static void AddSiloServices(WebApplicationBuilder builder, SiloSettings settings)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        services.AddOptions<LeaseOptions>().BindConfiguration("Lease").ValidateOnStart();
        services.AddOptions<RecoveryOptions>().BindConfiguration("Recovery").ValidateOnStart();
        services.AddOptions<LimitOptions>().BindConfiguration("Limits").ValidateOnStart();
        services.AddOptions<AdmissionOptions>().BindConfiguration("Admission").ValidateOnStart();
        services.AddSingleton<CommitLoad>();
        services.AddSingleton<IJournal>(s => new MeasuredJournal(JournalOf(s), s.GetRequiredService<CommitLoad>()));
        services.AddSimulatedHypervisor(o =>
        {
            o.UseRealisticLatencies();
            configuration.GetSection("Hypervisor").Bind(o);
            // Silos that share hosts share their world.
            o.WorldFile = string.IsNullOrEmpty(o.WorldFile) ? settings.WorldFile : o.WorldFile;
        });
        services.AddSingleton<IHypervisorHosts>(s => s.GetRequiredService<IHypervisor>());
        services.AddInstanceTasksGrains();
        services.AddSingleton<IStepSecrets>(s => new StoredStepSecrets(s.GetRequiredService<IQueries>(), s.GetRequiredService<IInstanceTasksStore>().Secrets));
        services.AddHostedService<Housekeeping>();
    }

    private static void ConfigureOrleans(ISiloBuilder silo, SiloSettings settings, ClusterSettings cluster)
    {
        var recovery = silo.Configuration.GetSection("Recovery").Get<RecoveryOptions>() ?? new RecoveryOptions();
        if (cluster.Id is null)
        {
            silo.UseLocalhostClustering(siloPort: FreePorts.Next(), gatewayPort: 0, serviceId: "instancetasks", clusterId: "instancetasks");
        }
        else
        {
            cluster.Configure(silo);
        }

        silo.UseAdoNetReminderService(o => StoreWiring.ConfigureReminders(o, silo.Configuration, settings));
        silo.Configure<ReminderOptions>(o => o.MinimumReminderPeriod = recovery.MinimumReminderPeriod);
    }
}
