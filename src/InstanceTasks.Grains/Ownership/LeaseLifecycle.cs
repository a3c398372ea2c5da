using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>The lease comes before everything that acts under it, and goes after it.</summary>
internal sealed class LeaseLifecycle(LeaseKeeper keeper) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(LeaseKeeper), ServiceLifecycleStage.RuntimeStorageServices, keeper.StartAsync, keeper.StopAsync);
}
