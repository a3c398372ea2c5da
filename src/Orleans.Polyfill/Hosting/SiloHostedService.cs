using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

internal sealed class SiloLifecycle : LifecycleSubject, ISiloLifecycle;

/// <summary>Starts and stops the silo with its host, stage by stage.</summary>
internal sealed class SiloHostedService(IServiceProvider services, SiloLifecycle lifecycle) : IHostedService
{
    private SiloRuntime? silo;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (services.GetService<ClusterHub>() is null)
        {
            throw new OrleansConfigurationException("No clustering provider has been configured. The polyfill has UseLocalhostClustering and UseAdoNetClustering.");
        }

        silo = services.GetRequiredService<SiloRuntime>();
        StartupChecks.Run(silo.Manifest, silo.CollectionOptions);
        Subscribe(silo);
        foreach (var participant in services.GetServices<ILifecycleParticipant<ISiloLifecycle>>())
        {
            participant.Participate(lifecycle);
        }

        await lifecycle.StartAsync(cancellationToken);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (silo is null || silo.IsKilled)
        {
            return;
        }

        await lifecycle.StopAsync((s, e) => silo.Log.StopFailed(e, s.Name), cancellationToken);
        if (silo.Status != SiloStatus.Dead)
        {
            await silo.LeaveAsync(CancellationToken.None); // it failed to start
        }
    }

    private void Subscribe(SiloRuntime runtime)
    {
        lifecycle.Subscribe("Membership", ServiceLifecycleStage.RuntimeServices, token => Status(SiloStatus.Joining, token), runtime.LeaveAsync);
        lifecycle.Subscribe("Grains", ServiceLifecycleStage.GrainDeactivation, _ => Task.CompletedTask, runtime.DeactivateGrainsAsync);
        lifecycle.Subscribe("Active", ServiceLifecycleStage.BecomeActive, runtime.BecomeActiveAsync, token => Status(SiloStatus.ShuttingDown, token));

        Task Status(SiloStatus status, CancellationToken token) => runtime.Hub.SetStatusAsync(runtime, status, token);
    }
}
