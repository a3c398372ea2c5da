namespace InstanceTasks.Grains;

/// <summary>
/// Told just before the activations of this silo end. Orleans waits for the calls of each, and for as long hands its place to nobody: held calls
/// must return now, or hosts, and whatever this silo's directory knows, would be away until the last of them has run out.
/// </summary>
internal sealed class SiloStop : ILifecycleParticipant<ISiloLifecycle>
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when it begins.</summary>
    public Task Begun => _begun.Task;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(SiloStop), ServiceLifecycleStage.BecomeActive, _ => Task.CompletedTask, StopAsync);

    private Task StopAsync(CancellationToken cancellationToken)
    {
        _begun.TrySetResult();
        return Task.CompletedTask;
    }
}
