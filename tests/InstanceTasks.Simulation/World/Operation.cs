using InstanceTasks.Hypervisors;
using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Simulation.World;

/// <summary>How an operation is to end.</summary>
internal enum OperationPlan
{
    /// <summary>With its effect.</summary>
    Succeed = 0,

    /// <summary>Without, and it may be tried again.</summary>
    Fail = 1,

    /// <summary>Without, for good.</summary>
    FailForGood = 2,

    /// <summary>With its effect, and it says that it failed.</summary>
    FailAfterEffect = 3,
}

/// <summary>How it ended.</summary>
internal enum OperationEnd
{
    /// <summary>Under way.</summary>
    None = 0,

    /// <summary>With its effect.</summary>
    Done = 1,

    /// <summary>With a failure.</summary>
    Failed = 2,

    /// <summary>Aborted by its caller, without effect.</summary>
    Aborted = 3,

    /// <summary>Ended by a fence, without effect.</summary>
    Fenced = 4,
}

/// <summary>One operation on one machine.</summary>
internal sealed class Operation(Verb verb, VerbCall call, OperationPlan plan, bool deaf)
{
    public Verb Verb { get; } = verb;

    public VerbCall Call { get; } = call;

    public OperationPlan Plan { get; } = plan;

    /// <summary>It cannot be aborted: whoever wants it to end must wait.</summary>
    public bool Deaf { get; } = deaf;

    /// <summary>It does not end by itself.</summary>
    public bool Hangs { get; set; }

    public OperationEnd End { get; set; }

    /// <summary>Whether its effect happened.</summary>
    public bool Applied { get; set; }

    public Failure? Failure { get; set; }

    public PowerState? Power { get; set; }

    public TaskCompletionSource Ended { get; } = new();

    public bool UnderWay => End == OperationEnd.None;

    public override string ToString() => $"{Verb} of {Call.Key} at {Call.Stamp}";
}

/// <summary>One machine on one host, with what was done to it.</summary>
internal sealed class Machine
{
    public MachineState State { get; set; }

    /// <summary>What it takes: said when it is made.</summary>
    public Resources Takes { get; set; }

    /// <summary>What the machine takes that is set aside.</summary>
    public Resources AsideTakes { get; set; }

    /// <summary>The newest stamp that was let in.</summary>
    public Stamp Newest { get; set; }

    /// <summary>Everything older is refused.</summary>
    public Stamp Fence { get; set; }

    public List<Operation> Operations { get; } = [];
}
