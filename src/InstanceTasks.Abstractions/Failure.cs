namespace InstanceTasks;

/// <summary>
/// A failure is data: stored with the task, shown and compared. <see cref="Message"/> is for the owner and says what can be acted on;
/// <see cref="Details"/> are for administrators only.
/// </summary>
/// <param name="Kind">A stable code from <see cref="FailureKinds"/>.</param>
/// <param name="Message">What happened and what the owner can do, without the names of hosts.</param>
/// <param name="Retryable">Whether the same step may succeed if repeated without a change.</param>
/// <param name="Details">Cause chain, host names, driver texts; never secrets.</param>
/// <param name="Code">The HTTP-like code that Nova's fault shows; 500 for everything without a better one.</param>
[GenerateSerializer, Immutable]
public sealed record Failure(string Kind, string Message, bool Retryable = false, string? Details = null, int Code = 500);

/// <summary>The closed set of failure codes.</summary>
public static class FailureKinds
{
    /// <summary>No host has room, or every host was refused for a stated reason.</summary>
    public const string NoValidHost = "no_valid_host";

    /// <summary>The step did not end within its time-out.</summary>
    public const string Timeout = "timeout";

    /// <summary>The guest did not do what it was asked to.</summary>
    public const string Guest = "guest";

    /// <summary>The hypervisor refused or failed the operation.</summary>
    public const string Hypervisor = "hypervisor";

    /// <summary>The machine is not known to the hypervisor.</summary>
    public const string MachineMissing = "machine_missing";

    /// <summary>The hypervisor did not answer: whether the operation began, and whether it is under way, is not known.</summary>
    public const string Unreachable = "unreachable";

    /// <summary>The runner that had the attempt is gone; whether the effect happened is not known.</summary>
    public const string Lost = "lost";

    /// <summary>The world refused the effect, because a newer stamp has been seen.</summary>
    public const string Fenced = "fenced";

    /// <summary>The instance was not in a state that allows the task when its turn came.</summary>
    public const string WrongState = "wrong_state";

    /// <summary>The task's deadline passed before it was done.</summary>
    public const string Deadline = "deadline";

    /// <summary>A secret that the step needs is not kept any more.</summary>
    public const string SecretGone = "secret_gone";

    /// <summary>Of a parent: children failed, were canceled or were refused.</summary>
    public const string Children = "children";

    /// <summary>A defect in this program.</summary>
    public const string Internal = "internal";
}
