using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;
using InstanceTasks.Chaos.Faults;

namespace InstanceTasks.Chaos.Running;

/// <summary>What came of a run.</summary>
internal sealed record ChaosResult
{
    // So long after a fault a silo may still be busy with what it left.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(20);

    // So much later than it was written a death may be seen. To leave takes a silo longer than that.
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(1);

    public required ChaosOptions Options { get; init; }

    /// <summary>Whether silos were in network namespaces.</summary>
    public required bool Network { get; init; }

    public required History History { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    public required IReadOnlyList<FaultRecord> Faults { get; init; }

    /// <summary>Kinds of faults that were to strike and cannot be had here, with the reason.</summary>
    public required IReadOnlyDictionary<FaultKind, string> Missing { get; init; }

    /// <summary>Whether one that is missing is a problem.</summary>
    public required bool NeedsAll { get; init; }

    public required IReadOnlyList<SiloLife> Lives { get; init; }

    public required IReadOnlyList<string> FailedStarts { get; init; }

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

    /// <summary>Processes that were asked to stop and did not end with 0, but for those that the others had declared dead before, or that had no memory.</summary>
    public IReadOnlyList<string> BadStops =>
        [.. Lives.Where(l => l is { End: SiloEnd.Stopped, ExitCode: not 0 } && !IsExcused(l)).Select(l => $"{l.Silo} (process {l.ProcessId}) ended with {l.ExitCode} at {l.EndedAt:HH:mm:ss} when it was asked to stop")];

    /// <summary>Which Orleans the silos' executables were built with, by their own words.</summary>
    public string OrleansBuild => string.Join(" and ", Lives.Select(l => l.OrleansBuild).Where(b => b is not null).Distinct().DefaultIfEmpty("(not known)"));

    /// <summary>Faults that did not show that they struck.</summary>
    public IReadOnlyList<FaultRecord> Unproved => [.. Faults.Where(f => !f.What.Proved)];

    /// <summary>Seconds from a kill to the moment at which the others had declared the process dead, where that came before its successor: a successor does so itself.</summary>
    public IReadOnlyList<double> Detections => [.. Killed.Where(WasDetected).Select(l => (l.DeclaredDeadAt!.Value - l.EndedAt!.Value).TotalSeconds).Order()];

    /// <summary>Killed processes that had a successor before the others had found out.</summary>
    public int Undetected => Killed.Count(l => !WasDetected(l));

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
        .. BadStops,
        .. NeedsAll ? Missing.Select(m => $"{m.Key} cannot be had here, and is required: {m.Value}") : [],
        .. Surprises,
        .. Rest is null ? (IEnumerable<string>)[$"not everything had ended {ChaosRun.RestBound.TotalSeconds:0} s after the load"] : [],
    ];

    /// <summary>How long silos served that no fault had touched for as long as it takes to be healthy again: what false evictions are to be compared with.</summary>
    public TimeSpan HealthyTime => Lives.Aggregate(TimeSpan.Zero, (sum, life) => sum + HealthyTimeOf(life));

    private IEnumerable<SiloLife> Killed => Lives.Where(l => l.End == SiloEnd.Killed);

    private static bool WasDetected(SiloLife life) => life.DeclaredDeadAt is { } at && (life.SucceededAt is null || at <= life.SucceededAt);

    private TimeSpan HealthyTimeOf(SiloLife life)
    {
        // All have ended when a run is judged.
        var (at, until) = (life.StartedAt + life.Start, life.EndedAt ?? life.StartedAt);
        var healthy = TimeSpan.Zero;
        foreach (var fault in Faults.Where(f => f.Touches(life.Silo)).OrderBy(f => f.From))
        {
            healthy += Positive(Earlier(fault.From, until) - at);
            at = Later(at, fault.Until + Aftermath);
        }

        return healthy + Positive(until - at);
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    // One that leaves in order declares itself dead.
    private IEnumerable<SiloLife> Evictions => Lives.Where(l => l.DeclaredDeadAt is { } at && !(at >= (l.AskedToStopAt ?? l.EndedAt)));

    private bool IsExcused(SiloLife life) =>
        life.DeclaredDeadAt < life.AskedToStopAt + Glance
        || Faults.Any(f => f.Kind == FaultKind.Memory && f.Disturbs(life.Silo, life.EndedAt!.Value, TimeSpan.Zero));
}
