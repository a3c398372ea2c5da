namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>What goes wrong, or is asked for, at a point: the columns of the matrix.</summary>
public enum MatrixFault
{
    /// <summary>The effect happens, and happens again: its outcome got lost and the driver cannot tell.</summary>
    RunTwice = 0,

    /// <summary>The effect cannot be brought about, however often it is tried.</summary>
    Fail = 1,

    /// <summary>The process dies before the effect.</summary>
    CrashBeforeEffect = 2,

    /// <summary>The process dies after the effect, before anybody has heard of it.</summary>
    CrashAfterEffect = 3,

    /// <summary>The process dies before the commit that records it.</summary>
    CrashBeforeCommit = 4,

    /// <summary>The process dies after that commit, before anybody has heard of it.</summary>
    CrashAfterCommit = 5,

    /// <summary>The report of the outcome does not arrive.</summary>
    ReplyLost = 6,

    /// <summary>The report of the outcome arrives twice.</summary>
    ReplyTwice = 7,

    /// <summary>A report of an older attempt, which says the opposite, arrives before and after the outcome.</summary>
    LateReply = 8,

    /// <summary>The store refuses the commit for certain.</summary>
    StoreFailure = 9,

    /// <summary>The store takes the commit and the answer is lost.</summary>
    StoreUnknown = 10,

    /// <summary>A second activation of the task does the rest, and the first one's commit comes late.</summary>
    SecondActivation = 11,

    /// <summary>Somebody cancels.</summary>
    Cancel = 12,

    /// <summary>Somebody pauses, and resumes what has come to a rest.</summary>
    Pause = 13,

    /// <summary>Another task takes over.</summary>
    Supersede = 14,
}

/// <summary>The names of faults, as the results have them.</summary>
public static class MatrixFaults
{
    private static readonly string[] Names =
    [
        "run twice", "fail", "crash before effect", "crash after effect", "crash before commit", "crash after commit", "reply lost", "reply twice", "late reply", "store failure",
        "store unknown", "second activation", "cancel", "pause", "supersede",
    ];

    /// <summary>All, in the order of the columns.</summary>
    public static IReadOnlyList<MatrixFault> All { get; } = Enum.GetValues<MatrixFault>();

    /// <summary>The name.</summary>
    public static string NameOf(MatrixFault fault) => Names[(int)fault];

    /// <summary>Whether the process dies.</summary>
    public static bool IsCrash(MatrixFault fault) =>
        fault is MatrixFault.CrashBeforeEffect or MatrixFault.CrashAfterEffect or MatrixFault.CrashBeforeCommit or MatrixFault.CrashAfterCommit;

    /// <summary>Whether it is about the effect, or the report of it, and not about its commit.</summary>
    public static bool NeedsWorker(MatrixFault fault) =>
        fault is MatrixFault.CrashBeforeEffect or MatrixFault.CrashAfterEffect or MatrixFault.ReplyLost or MatrixFault.ReplyTwice or MatrixFault.LateReply;

    /// <summary>Whether it is a command or a request of somebody.</summary>
    public static bool IsAsked(MatrixFault fault) => fault is MatrixFault.Cancel or MatrixFault.Pause or MatrixFault.Supersede;
}
