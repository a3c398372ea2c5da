using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Running;

/// <summary>One run.</summary>
internal sealed record RunOptions(long Seed)
{
    /// <summary>Only these faults may strike; null: whichever the seed says.</summary>
    public IReadOnlySet<FaultId>? Faults { get; init; }

    /// <summary>Only these requests are made, by number; null: all.</summary>
    public IReadOnlySet<int>? Requests { get; init; }

    /// <summary>A promise that the simulated surroundings break: for tests of the checks.</summary>
    public Sabotage Sabotage { get; init; }

    /// <summary>Keep what happened as lines.</summary>
    public bool Story { get; init; }
}
