using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
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
        services.AddSingleton<IValidateOptions<AdmissionOptions>, AdmissionOptionsValidator>();
        services.TryAddSingleton<CommitLoad>();
        services.AddSingleton<IHostQueues, HostQueues>();
        services.AddSingleton<IAdmission, Admission>();
        services.AddSingleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>();
        services.AddSingleton<IPeers, GrainPeers>();
        services.AddSingleton<Nudges>();
        services.AddSingleton<StampCheck>();
        services.TryAddSingleton<DrainSignal>();
        services.AddSingleton<SiloStop>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(s => s.GetRequiredService<SiloStop>());
        services.AddSingleton(s => new SiloName(s.GetRequiredService<ILocalSiloDetails>().Name));
        services.AddSingleton<HoldBook>();
        services.AddSingleton<IHolds>(s => s.GetRequiredService<HoldBook>());
        services.AddSingleton<ServerGroups>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, HoldWatcher>();
        services.AddSingleton<GrainCallCounter>();
        services.AddSingleton<IIncomingGrainCallFilter>(s => s.GetRequiredService<GrainCallCounter>());
        services.AddSingleton<ICallCounts>(s => s.GetRequiredService<GrainCallCounter>());
        services.AddSingleton<LeaseKeeper>();
        services.AddSingleton<IOwnership>(s => s.GetRequiredService<LeaseKeeper>());
        services.AddSingleton<IStepRunner, StepRunner>();
        services.AddSingleton<IConsoleSource, ConsoleReader>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<WorkerDesk>(s, s.GetRequiredService<IOptions<WorkerOptions>>().Value));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, LeaseLifecycle>();
        services.TryAddSingleton<IProcessEnd, FailFastEnd>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, CutOffWatch>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RecoveryStarter>();
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, WorkerPool>();
        services.TryAddSingleton<IArchive>(s =>
            new FileArchive(s.GetRequiredService<IOptions<RetentionOptions>>().Value.Archive, () => s.GetRequiredService<IOwnership>().Generation, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, RetentionStarter>();
        return services;
    }
}
