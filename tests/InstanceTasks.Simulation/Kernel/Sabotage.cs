namespace InstanceTasks.Simulation.Kernel;

/// <summary>A promise that the simulated store or world breaks, to show that the checks would see it. Never part of a seed.</summary>
internal enum Sabotage
{
    /// <summary>All promises are kept.</summary>
    None = 0,

    /// <summary>An instance is written whatever its version.</summary>
    VersionsIgnored = 1,

    /// <summary>A task's events are written whatever its sequence number.</summary>
    SequencesIgnored = 2,

    /// <summary>Claims are not released.</summary>
    ClaimsKept = 3,

    /// <summary>Now and then a commit is said to be applied, and is not.</summary>
    CommitsForgotten = 4,

    /// <summary>Idempotency keys are not written.</summary>
    KeysForgotten = 5,

    /// <summary>The stream gives one number twice.</summary>
    StreamRepeats = 6,

    /// <summary>Machines take verbs with old stamps.</summary>
    OldStampsTaken = 7,

    /// <summary>A tombstone does not keep its task from being accepted.</summary>
    TombstonesIgnored = 8,

    /// <summary>More is taken from a host than it has.</summary>
    CapacityIgnored = 9,
}
