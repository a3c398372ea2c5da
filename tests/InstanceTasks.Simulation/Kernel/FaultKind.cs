namespace InstanceTasks.Simulation.Kernel;

/// <summary>What can go wrong.</summary>
internal enum FaultKind
{
    /// <summary>A commit is applied, and its answer is lost.</summary>
    CommitAnswerLost = 0,

    /// <summary>A commit is not applied, and nobody says so.</summary>
    CommitLost = 1,

    /// <summary>A commit's outcome is given up as unknown, and it is applied seconds later if nothing forbids it.</summary>
    CommitLate = 2,

    /// <summary>The store cannot take a commit, for certain.</summary>
    CommitRefused = 3,

    /// <summary>A commit is under way for seconds.</summary>
    CommitSlow = 4,

    /// <summary>A read fails.</summary>
    ReadFails = 5,

    /// <summary>The database restarts: what is under way has an unknown outcome, everything else fails for seconds.</summary>
    StoreRestarts = 6,

    /// <summary>A call between processes never arrives.</summary>
    CallLost = 7,

    /// <summary>A call is carried out, and its answer is lost.</summary>
    ReplyLost = 8,

    /// <summary>A call arrives twice.</summary>
    CallTwice = 9,

    /// <summary>A call arrives when its caller has given up.</summary>
    CallLate = 10,

    /// <summary>A second activation of an actor comes to be while the first lives on.</summary>
    SecondActivation = 11,

    /// <summary>An activation is gone: its process lives.</summary>
    ActivationLost = 12,

    /// <summary>A process dies.</summary>
    ProcessDies = 13,

    /// <summary>A process stands still for seconds, and goes on as if nothing had happened.</summary>
    ProcessHangs = 14,

    /// <summary>A process stops cleanly and another starts.</summary>
    ProcessStops = 15,

    /// <summary>A process stands still between a worker's last check and the call that leaves it.</summary>
    WorkerHangsBeforeCall = 16,

    /// <summary>A machine's operation fails and may be tried again.</summary>
    VerbFails = 17,

    /// <summary>A machine's operation fails for good.</summary>
    VerbFailsForGood = 18,

    /// <summary>A failure is reported, and the effect is there.</summary>
    VerbFailsAfterEffect = 19,

    /// <summary>An operation does not end by itself.</summary>
    VerbHangs = 20,

    /// <summary>An operation cannot be aborted and takes its time.</summary>
    VerbDeaf = 21,

    /// <summary>The hypervisor does not know what became of an effect.</summary>
    ObserveForgets = 22,

    /// <summary>The hypervisor's fence fails.</summary>
    FenceFails = 23,

    /// <summary>A host cannot be reached; whether the verb began is not known.</summary>
    HostUnreachable = 24,

    /// <summary>A process's wall clock jumps by up to an hour, either way.</summary>
    ClockJumps = 25,
}
