using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>Starts every recovery shard when the silo is active, and nudges them when a lease ends.</summary>
internal sealed partial class RecoveryStarter(IGrainFactory grains, LeaseKeeper leases, TimeProvider time, ILogger<RecoveryStarter> logger) : ILifecycleParticipant<ISiloLifecycle>
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);

    private volatile bool _stopped;

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
        _stopped = true;
        leases.Changed -= Nudge;
        return Task.CompletedTask;
    }

    private void Nudge(object? sender, LeaseChange change)
    {
        foreach (var shard in Shard())
        {
            _ = NudgeAsync(shard, change.Cause);
        }
    }

    // The activation that is asked may be on the very silo whose lease has ended, without its store and about to go: until one has looked, the next is asked.
    private async Task NudgeAsync(IRecoveryGrain shard, string cause)
    {
        while (!_stopped)
        {
            try
            {
                await shard.Nudge(cause);
                return;
            }
            catch (Exception e)
            {
                LogNudgeFailed(e, cause);
            }

            await Task.Delay(AskAgain, time);
        }
    }

    private IEnumerable<IRecoveryGrain> Shard() => Enumerable.Range(0, Shards.Count).Select(n => grains.GetGrain<IRecoveryGrain>($"r-{n}"));

    [LoggerMessage(EventId = 2202, Level = LogLevel.Warning, Message = "A recovery shard could not look because {Cause}; it is asked again")]
    private partial void LogNudgeFailed(Exception exception, string cause);
}
