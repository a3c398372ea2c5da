using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>What purges have left behind, as a test wants it. The API purges nothing.</summary>
internal sealed class FakeRetention : IRetention
{
    /// <summary>From when on usage is complete.</summary>
    public DateTimeOffset? UsageFrom { get; set; }

    public Task<RetentionState> ReadRetentionAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(new RetentionState(0, UsageFrom, null, null, 0, 0, IsRunning: false, IsHeld: false, Sample.Time));

    public Task<RipeCounts> CountRipeAsync(TimeSpan keepFor, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<PurgeClaim> ClaimPurgeAsync(Guid run, TimeSpan lease, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<PurgeBatch> ReadRipeAsync(TimeSpan keepFor, int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<PurgeReport?> PurgeAsync(Guid run, TimeSpan keepFor, PurgeBatch batch, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task EndPurgeAsync(Guid run, CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
