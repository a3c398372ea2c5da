namespace InstanceTasks.Chaos.Running;

/// <summary>What is run.</summary>
internal sealed record ChaosOptions
{
    /// <summary>Chooses faults, their order and length, and what clients do. Two runs of one seed ask for the same; what comes of it depends on the machine.</summary>
    public required int Seed { get; init; }

    /// <summary>How long faults strike.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>How many clients.</summary>
    public int Clients { get; init; } = 8;

    /// <summary>The kinds of faults; empty: all that can be had here.</summary>
    public IReadOnlyList<Faults.FaultKind> Kinds { get; init; } = [];

    /// <summary>Where the calls are kept as lines of JSON; null: nowhere.</summary>
    public string? HistoryFile { get; init; }

    /// <summary>Told what happens while it runs.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
