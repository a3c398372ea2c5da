using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Retention;

/// <summary>A store whose process dies when it is to take something away.</summary>
internal sealed class DyingStore(IRetention store) : IRetention
{
    /// <summary>How often it died.</summary>
    public int Deaths { get; private set; }

    public Task<RetentionState> ReadRetentionAsync(CancellationToken cancellationToken = default) => store.ReadRetentionAsync(cancellationToken);

    public Task<RipeCounts> CountRipeAsync(TimeSpan keepFor, CancellationToken cancellationToken = default) => store.CountRipeAsync(keepFor, cancellationToken);

    public Task<PurgeClaim> ClaimPurgeAsync(Guid run, TimeSpan lease, CancellationToken cancellationToken = default) => store.ClaimPurgeAsync(run, lease, cancellationToken);

    public Task<PurgeBatch> ReadRipeAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken = default) => store.ReadRipeAsync(keepFor, limit, cancellationToken);

    public Task<PurgeReport?> PurgeAsync(Guid run, TimeSpan keepFor, PurgeBatch batch, CancellationToken cancellationToken = default)
    {
        Deaths++;
        throw new DiedException();
    }

    public Task EndPurgeAsync(Guid run, CancellationToken cancellationToken = default) => throw new InvalidOperationException("A dead process ends nothing.");

    public sealed class DiedException : Exception;
}
