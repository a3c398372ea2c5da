using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>Registers what grains and workers need, beside the ports (journal, leases, queries, host registry) and the hypervisor.</summary>
public static class GrainsServiceCollectionExtensions
{
    /// <summary>Adds leases, peers, recovery and workers to a silo's services.</summary>
    public static IServiceCollection AddInstanceTasksGrains(this IServiceCollection services)
    {
        services.AddSingleton<IValidateOptions<LeaseOptions>, LeaseOptionsValidator>();
        services.AddSingleton<IValidateOptions<RecoveryOptions>, RecoveryOptionsValidator>();
        services.AddSingleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>();
        services.AddSingleton<IValidateOptions<LimitOptions>, LimitOptionsValidator>();
        services.AddSingleton<IPeers, GrainPeers>();
        services.AddSingleton<WakeLater>();
        services.AddSingleton(s => new SiloName(s.GetRequiredService<ILocalSiloDetails>().Name));
        services.AddSingleton<HoldBook>();
        services.AddSingleton<IHolds>(s => s.GetRequiredService<HoldBook>());
        services.AddSingleton<ServerGroups>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, HoldWatcher>();
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton<IOwnership>(s => s.GetRequiredService<LeaseKeeper>());
        services.AddSingleton<IStepRunner, StepRunner>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<WorkerDesk>(s, s.GetRequiredService<IOptions<WorkerOptions>>().Value));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, LeaseLifecycle>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RecoveryStarter>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, WorkerPool>();
        return services;
    }
}
