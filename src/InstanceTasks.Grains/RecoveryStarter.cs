using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>Starts every recovery shard when the silo is active, and nudges them when a lease ends.</summary>
internal sealed class RecoveryStarter(LeaseKeeper leases, Nudges nudges) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(RecoveryStarter), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    private Task StartAsync(CancellationToken cancellationToken)
    {
        leases.Changed += Nudge;
        nudges.StartAllShards();
        return Task.CompletedTask;
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        nudges.Stop();
        leases.Changed -= Nudge;
        return Task.CompletedTask;
    }

    private void Nudge(object? sender, LeaseChange change)
    {
        nudges.OfAllShards(change.Cause);
    }
}
