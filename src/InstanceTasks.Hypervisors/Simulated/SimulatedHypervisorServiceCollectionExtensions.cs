using InstanceTasks.Hypervisors.Simulated;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Hypervisors;

/// <summary>Wiring of the simulated hypervisor.</summary>
public static class SimulatedHypervisorServiceCollectionExtensions
{
    /// <summary>
    /// Makes the simulated hypervisor this process's <see cref="IHypervisor"/>. The world's file is made with its hosts, if it is not there,
    /// when the driver is first asked for. Options are validated at start.
    /// </summary>
    public static IServiceCollection AddSimulatedHypervisor(this IServiceCollection services, Action<SimulatedHypervisorOptions> configure)
    {
        services.AddOptions<SimulatedHypervisorOptions>().Configure(configure).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SimulatedHypervisorOptions>, SimulatedHypervisorOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IHypervisor>(s => new SimulatedHypervisor(
            s.GetRequiredService<IOptions<SimulatedHypervisorOptions>>().Value,
            s.GetRequiredService<TimeProvider>(),
            s.GetRequiredService<ILoggerFactory>().CreateLogger<SimulatedHypervisor>()));
        return services;
    }
}
