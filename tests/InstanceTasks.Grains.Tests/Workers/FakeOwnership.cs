using InstanceTasks.Engine;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>A generation and a lease as a test sets them.</summary>
internal sealed class FakeOwnership : IOwnership
{
    public long Generation { get; set; } = 7;

    public bool LeaseIsSafe { get; set; } = true;

    public IReadOnlyCollection<long> LiveGenerations => [Generation];

    public bool TrySpend(Guid token) => true;

    public bool IsOver(long generation) => generation != Generation;

    public bool MayWorkFor(long generation, HostName host) => true;
}
