using InstanceTasks.Api;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
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

        AddServer(builder, settings);
        AddLogging(builder);
        AddServices(builder, settings);
        builder.UseOrleans(silo => ConfigureOrleans(silo, settings));
        var app = builder.Build();
        app.MapComputeApi();
        return app;
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

    private static void AddServices(WebApplicationBuilder builder, SiloSettings settings)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        services.AddSingleton(settings);
        services.AddSingleton<TimeProvider, BootTimeProvider>();
        services.AddOptions<LeaseOptions>().BindConfiguration("Lease").ValidateOnStart();
        services.AddOptions<RecoveryOptions>().BindConfiguration("Recovery").ValidateOnStart();
        services.AddOptions<WorkerOptions>().BindConfiguration("Workers").ValidateOnStart();
        services.AddOptions<LimitOptions>().BindConfiguration("Limits").ValidateOnStart();
        StoreWiring.AddStore(services, configuration, settings);
        services.AddSimulatedHypervisor(o =>
        {
            o.UseRealisticLatencies();
            configuration.GetSection("Hypervisor").Bind(o);
            o.WorldFile = settings.WorldFile;
        });
        services.AddSingleton<IHypervisorHosts>(s => s.GetRequiredService<IHypervisor>());
        services.AddInstanceTasksGrains();
        services.AddSingleton<ISecretProtector, StoredSecretProtector>();
        services.AddSingleton<IStepSecrets>(s => new StoredStepSecrets(s.GetRequiredService<IQueries>(), s.GetRequiredService<IInstanceTasksStore>().Secrets));
        services.AddSingleton<IComputeCommands, GrainComputeCommands>();
        services.AddComputeApi(configuration.GetSection("Api").Bind);
        services.PostConfigure<ApiOptions>(o => o.UsersFile = string.IsNullOrEmpty(o.UsersFile) ? o.UsersFile : Path.Combine(settings.DataDirectory, o.UsersFile));
        services.AddHostedService<Housekeeping>();
        if (Failpoints.Enabled)
        {
            services.AddSingleton<IJournal>(s => new FailpointJournal(s.GetRequiredService<IInstanceTasksStore>()));
        }
    }

    private static void ConfigureOrleans(ISiloBuilder silo, SiloSettings settings)
    {
        var recovery = silo.Configuration.GetSection("Recovery").Get<RecoveryOptions>() ?? new RecoveryOptions();
        silo.UseLocalhostClustering(siloPort: FreePorts.Next(), gatewayPort: 0, serviceId: "instancetasks", clusterId: "instancetasks");
        silo.UseAdoNetReminderService(o => StoreWiring.ConfigureReminders(o, silo.Configuration, settings));
        silo.Configure<ReminderOptions>(o => o.MinimumReminderPeriod = recovery.MinimumReminderPeriod);
    }
}
