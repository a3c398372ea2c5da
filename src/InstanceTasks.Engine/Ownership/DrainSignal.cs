namespace InstanceTasks.Engine;

/// <summary>
/// Told when this process is about to stop: from then on it takes no new work and says that it is not ready, while requests are still served and
/// steps still run to their end.
/// </summary>
public sealed class DrainSignal : IDisposable
{
    private readonly CancellationTokenSource _begun = new();

    /// <summary>Cancelled when it begins.</summary>
    public CancellationToken Begun => _begun.Token;

    /// <summary>Whether it has begun.</summary>
    public bool HasBegun => _begun.IsCancellationRequested;

    /// <summary>Begins it.</summary>
    public void Begin() => _begun.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _begun.Dispose();
}
