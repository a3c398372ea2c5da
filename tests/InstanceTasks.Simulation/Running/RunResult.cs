using InstanceTasks.Simulation.Checking;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Running;

/// <summary>What came of a run.</summary>
internal sealed record RunResult
{
    public required RunOptions Options { get; init; }

    /// <summary>What must not have happened; empty: all is well.</summary>
    public required IReadOnlyList<string> Violations { get; init; }

    /// <summary>The same for the same run.</summary>
    public required ulong Fingerprint { get; init; }

    public required long Events { get; init; }

    public required int Commits { get; init; }

    public required int Instances { get; init; }

    public required int Tasks { get; init; }

    public required int Effects { get; init; }

    /// <summary>Verbs that the machines refused because of their stamp.</summary>
    public required int Refusals { get; init; }

    public required TimeSpan Time { get; init; }

    public required IReadOnlyList<FaultId> Faults { get; init; }

    public required IReadOnlyList<int> Requests { get; init; }

    public required Coverage Coverage { get; init; }

    public required IReadOnlyList<string> Story { get; init; }

    public bool Failed => Violations.Count > 0;

    /// <summary>What kind of thing was violated: the words before the first colon.</summary>
    public string? Kind => Violations.Count == 0 ? null : Violations[0].Split(':')[0];
}
