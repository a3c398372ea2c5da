using InstanceTasks.Engine;

namespace InstanceTasks.Simulation.Store;

/// <summary>A task's rows.</summary>
internal sealed class StoredRow
{
    public required TaskRecord Record { get; set; }

    public List<StoredEvents> Events { get; } = [];

    public long Wakes { get; set; }

    /// <summary>Database time; null once it has ended.</summary>
    public TimeSpan? DueAt { get; set; }

    public ChildCounts Children { get; set; } = ChildCounts.None;

    public string? Quarantine { get; set; }

    public bool Refused => Record.Outcome == TaskOutcome.Refused;
}

/// <summary>A generation's lease, in database time.</summary>
internal sealed class StoredLease
{
    public CallCounts? Calls { get; set; }

    public required long Generation { get; init; }

    public required string Silo { get; init; }

    public TimeSpan Until { get; set; }

    public IReadOnlyCollection<HostName>? Hosts { get; set; }
}
