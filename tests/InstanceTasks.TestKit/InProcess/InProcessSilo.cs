using InstanceTasks.Hypervisors;
using Microsoft.Extensions.DependencyInjection;
using Orleans.TestingHost;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>One silo of <see cref="InProcessSilos"/>, with its own ways to the store and to the world.</summary>
public sealed class InProcessSilo(string name, CuttableStore store, GatedHypervisor world, SimulatedHypervisor driver)
{
    /// <summary>The silo's name; also in the store's row of its lease.</summary>
    public string Name { get; } = name;

    /// <summary>Its way to the store.</summary>
    public CuttableStore Store { get; } = store;

    /// <summary>Its way to the world.</summary>
    public GatedHypervisor World { get; } = world;

    /// <summary>Its host, once started.</summary>
    public InProcessSiloHandle Handle { get; internal set; } = null!;

    /// <summary>Its services.</summary>
    public IServiceProvider Services => Handle.ServiceProvider;

    /// <summary>Calls from this silo.</summary>
    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    internal SimulatedHypervisor Driver { get; } = driver;
}
