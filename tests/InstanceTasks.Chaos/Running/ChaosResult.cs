using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;
using InstanceTasks.Chaos.Faults;

namespace InstanceTasks.Chaos.Running;

/// <summary>What came of a run.</summary>
internal sealed record ChaosResult
{
    // So long after a fault a silo may still be busy with what it left.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    public required ChaosOptions Options { get; init; }

    /// <summary>Whether silos were in network namespaces.</summary>
    public required bool Network { get; init; }

    public required History History { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    public required IReadOnlyDictionary<FaultKind, string> Missing { get; init; }

    public required IReadOnlyList<SiloLife> Lives { get; init; }

    public required IReadOnlyList<string> FailedStarts { get; init; }

    public required IReadOnlyList<string> BadStops { get; init; }

    public required IReadOnlyList<string> Surprises { get; init; }

    /// <summary>Seconds from acceptance to the end that the client saw, sorted.</summary>
    public required IReadOnlyList<double> Waits { get; init; }

    /// <summary>How long after the end of the load everything had ended; null: not in time.</summary>
    public required TimeSpan? Rest { get; init; }

    /// <summary>How many things store and world were compared in.</summary>
    public required int Compared { get; init; }

    /// <summary>Effects that were repeated by another owner, as is allowed.</summary>
    public required int Repeats { get; init; }

    /// <summary>On how many connections followers followed.</summary>
    public required int Connections { get; init; }

    /// <summary>Faults that did not show that they struck.</summary>
    public IReadOnlyList<FaultRecord> Unproved => [.. Faults.Where(f => !f.What.Proved)];

    /// <summary>Seconds from a kill to the moment at which the others had declared the process dead, where that came before its successor.</summary>
    public IReadOnlyList<double> Detections => [.. Lives.Where(l => l is { End: SiloEnd.Killed, DeclaredDeadAt: not null }).Select(l => (l.DeclaredDeadAt!.Value - l.EndedAt!.Value).TotalSeconds).Order()];

    /// <summary>Processes that were declared dead while they lived, and that no fault had disturbed.</summary>
    public IReadOnlyList<SiloLife> FalseEvictions => [.. Evictions.Where(l => !Faults.Any(f => f.Disturbs(l.Silo, l.DeclaredDeadAt!.Value, Aftermath)))];

    /// <summary>Processes that were declared dead while they lived, because of a fault.</summary>
    public int DisturbedEvictions => Evictions.Count() - FalseEvictions.Count;

    /// <summary>Whether all is well.</summary>
    public bool Passed => Problems.Count == 0;

    /// <summary>Why not.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. Violations.Select(v => v.ToString()),
        .. Unproved.Select(f => $"{f.Kind} did not show that it struck: {f.What.Evidence}"),
        .. Surprises,
        .. Rest is null ? (IEnumerable<string>)[$"not everything had ended {ChaosRun.RestBound.TotalSeconds:0} s after the load"] : [],
    ];

    private IEnumerable<SiloLife> Evictions => Lives.Where(l => l.DeclaredDeadAt is { } at && l.End is not SiloEnd.Stopped && (l.EndedAt is null || at < l.EndedAt));
}
