namespace InstanceTasks.Chaos.Faults;

/// <summary>What is done to the cluster.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL of a silo.</summary>
    Kill,

    /// <summary>SIGSTOP of a silo until its lease is over and longer, then SIGCONT: a zombie.</summary>
    Freeze,

    /// <summary>SIGTERM of a silo.</summary>
    Stop,

    /// <summary>The database shuts down in order, and comes back.</summary>
    RestartDatabase,

    /// <summary>The database shuts down at once and recovers.</summary>
    CrashDatabase,

    /// <summary>A silo's connections to the database are reset, and new ones, too.</summary>
    CutDatabase,

    /// <summary>Everything between a silo and the database takes longer.</summary>
    SlowDatabase,

    /// <summary>Nothing passes between a silo and the database, and neither is told.</summary>
    StallDatabase,

    /// <summary>A silo, and no other, loses the database until it ends itself for that.</summary>
    LoseDatabase,

    /// <summary>Nothing passes between silos.</summary>
    Partition,

    /// <summary>A silo has less memory than it would take.</summary>
    Memory,

    /// <summary>A silo's clock is wrong.</summary>
    Clock,

    /// <summary>Silos are added and taken away: four, one, as many as usual.</summary>
    Scale,
}

/// <summary>What a fault did, by what could be counted or seen.</summary>
/// <param name="Silos">Whom it disturbed; empty: all.</param>
/// <param name="Proved">Whether it is certain that it struck.</param>
/// <param name="Evidence">By what.</param>
internal sealed record FaultEvidence(IReadOnlyList<string> Silos, bool Proved, string Evidence);

/// <summary>A fault of a run.</summary>
/// <param name="Kind">Which.</param>
/// <param name="From">When it began.</param>
/// <param name="Until">When everything was as it should be again, as far as the fault is concerned.</param>
/// <param name="What">What it did.</param>
internal sealed record FaultRecord(FaultKind Kind, DateTimeOffset From, DateTimeOffset Until, FaultEvidence What)
{
    /// <summary>Whether it disturbed a silo at any time.</summary>
    public bool Touches(string silo) => What.Silos.Count == 0 || What.Silos.Contains(silo);

    /// <summary>Whether a silo was disturbed at a moment, or shortly before.</summary>
    public bool Disturbs(string silo, DateTimeOffset moment, TimeSpan after) => Touches(silo) && moment >= From && moment <= Until + after;
}
