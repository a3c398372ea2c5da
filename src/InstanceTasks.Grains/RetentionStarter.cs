using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>Sees to it that retention runs in the cluster, when the silo is active.</summary>
internal sealed class RetentionStarter(Nudges nudges, IOptions<RetentionOptions> options) : ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(RetentionStarter), ServiceLifecycleStage.Active, StartAsync);

    private Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Enabled)
        {
            nudges.StartRetention();
        }

        return Task.CompletedTask;
    }
}
