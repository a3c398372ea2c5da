using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>Starts every recovery shard when the silo is active, and nudges them when a lease ends.</summary>
internal sealed class RecoveryStarter(IGrainFactory grains, LeaseKeeper leases) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(RecoveryStarter), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        leases.Changed += Nudge;
        await Task.WhenAll(Shard().Select(s => s.Start()));
    }

    private Task StopAsync(CancellationToken cancellationToken)
    {
        leases.Changed -= Nudge;
        return Task.CompletedTask;
    }

    private void Nudge(object? sender, LeaseChange change)
    {
        foreach (var shard in Shard())
        {
            _ = shard.Nudge(change.Cause);
        }
    }

    private IEnumerable<IRecoveryGrain> Shard() => Enumerable.Range(0, Shards.Count).Select(n => grains.GetGrain<IRecoveryGrain>($"r-{n}"));
}
