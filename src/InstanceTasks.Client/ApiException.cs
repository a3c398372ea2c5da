namespace InstanceTasks.Client;

/// <summary>What kind of refusal it is.</summary>
public enum ProblemKind
{
    /// <summary>None of the others: a bug or a failure of the service.</summary>
    Other = 0,

    /// <summary>400: the request is wrong.</summary>
    BadRequest = 1,

    /// <summary>401: nobody, or somebody else than he says.</summary>
    Unauthorized = 2,

    /// <summary>403: his role, or his quota, does not allow it.</summary>
    Forbidden = 3,

    /// <summary>404: there is no such thing, or it belongs to others.</summary>
    NotFound = 4,

    /// <summary>409: not now; <see cref="ApiException.Task"/> names the task that is in the way.</summary>
    Conflict = 5,

    /// <summary>410: the event stream does not have the place.</summary>
    Gone = 6,

    /// <summary>422: the idempotency key was used for something else.</summary>
    KeyReused = 7,

    /// <summary>429: more than one caller may ask for.</summary>
    TooMany = 8,

    /// <summary>501: this deployment does not have it.</summary>
    NotImplemented = 9,

    /// <summary>503: not now, or it is not known whether it was done; <see cref="ApiException.Task"/> names the task that may be there.</summary>
    Unavailable = 10,

    /// <summary>No answer: it is not known whether anything was done.</summary>
    Unreachable = 11,
}

/// <summary>The service refused, or could not be reached.</summary>
#pragma warning disable CA1032 // a refusal is never without its kind
public sealed class ApiException(ProblemKind kind, string message, Exception? inner = null) : Exception(message, inner)
#pragma warning restore CA1032
{
    /// <summary>What kind of refusal it is.</summary>
    public ProblemKind Kind { get; } = kind;

    /// <summary>The HTTP status; 0 when there was no answer.</summary>
    public int Status { get; init; }

    /// <summary>The service's id of the request, for its log.</summary>
    public string? RequestId { get; init; }

    /// <summary>The task that the refusal is about.</summary>
    public Guid? Task { get; init; }

    /// <summary>After how long it may be tried again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static ProblemKind KindOf(int status) => status switch
    {
        400 or 405 or 406 or 413 or 415 => ProblemKind.BadRequest,
        401 => ProblemKind.Unauthorized,
        403 => ProblemKind.Forbidden,
        404 => ProblemKind.NotFound,
        409 => ProblemKind.Conflict,
        410 => ProblemKind.Gone,
        422 => ProblemKind.KeyReused,
        429 => ProblemKind.TooMany,
        501 => ProblemKind.NotImplemented,
        503 => ProblemKind.Unavailable,
        _ => ProblemKind.Other,
    };
}
