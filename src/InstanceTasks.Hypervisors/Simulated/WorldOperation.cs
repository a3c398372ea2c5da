namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>An operation as far as its effect needs it.</summary>
internal sealed record WorldOperation
{
    public long Id { get; init; }

    public required string Host { get; init; }

    public required string Machine { get; init; }

    public required Verb Verb { get; init; }

    public required string Key { get; init; }

    public required string Stamp { get; init; }

    public required string Name { get; init; }

    public required string Image { get; init; }

    public required Resources Resources { get; init; }

    /// <summary>The task takes a step back.</summary>
    public required bool IsUndo { get; init; }

    public required string Plan { get; init; }

    public Failure? PlannedFailure { get; init; }

    /// <summary>The hash of the password to set.</summary>
    public string? Password { get; init; }

    /// <summary>When it ends by the world's clock, in unix milliseconds; null: when it is found.</summary>
    public long? EndsAt { get; init; }

    /// <summary>The task that it belongs to.</summary>
    public required string Task { get; init; }
}

/// <summary>How an operation ended.</summary>
internal sealed record OperationEnd(SimulatedOperationState State, PowerState? Power = null, Failure? Failure = null, bool Applied = false, string? AbortedBy = null);

/// <summary>What became of the call of a verb within its first transaction: an end, or an operation under way.</summary>
internal sealed record BeginOutcome(OperationEnd? End, long UnderWay)
{
    public IReadOnlyList<long> Watch => End is null ? [UnderWay] : [];
}

/// <summary>What became of observing within one transaction: an answer, a failure, or operations to wait for.</summary>
internal sealed record ObserveOutcome(Observation? Observation, Failure? Failure, IReadOnlyList<long> UnderWay);

/// <summary>What became of fencing: a failure, or what must still end.</summary>
internal sealed record FenceOutcome(Failure? Failure, IReadOnlyList<long> UnderWay);

/// <summary>A fault that hit an operation.</summary>
internal sealed record WorldFault(long Id, SimulatedFaultAction Action, string FailureKind, string Message, long DelayMs, string AbortRule)
{
    public bool Hangs => Action is SimulatedFaultAction.Hang or SimulatedFaultAction.HangGuest;

    public string Plan => Action switch
    {
        SimulatedFaultAction.Fail or SimulatedFaultAction.FailNonRetryable => WorldText.PlanFail,
        SimulatedFaultAction.FailAfterEffect => WorldText.PlanApplyThenFail,
        _ => WorldText.PlanApply,
    };

    public Failure? Failure => Action switch
    {
        SimulatedFaultAction.Fail or SimulatedFaultAction.FailAfterEffect or SimulatedFaultAction.FailFence =>
            WorldFailures.OfFault(Id, FailureKind, Message, retryable: true),
        SimulatedFaultAction.FailNonRetryable => WorldFailures.OfFault(Id, FailureKind, Message, retryable: false),
        _ => null,
    };
}
