using System.Security.Cryptography;

namespace InstanceTasks.Engine;

/// <summary>What a caller is told of an accept that was not committed, whoever composed it. Pure.</summary>
internal static class AcceptAnswers
{
    public static AcceptAnswer Refused(RefusalKind kind, string message) => new() { Verdict = AcceptVerdict.Refused, Refusal = new(kind, message) };

    /// <summary>The store has refused the commit for certain.</summary>
    public static AcceptAnswer NotStored(CommitFailedException e) => e.StoreUnavailable
        ? Refused(RefusalKind.Unavailable, "The store cannot take the request now; nothing was done. Try again.")
        : Refused(RefusalKind.Invalid, "The request holds something that cannot be stored.");

    /// <summary>The project has not so much left.</summary>
    public static AcceptAnswer OverQuota(CommitResult result) => Refused(RefusalKind.Quota, result.Detail ?? "Quota exceeded");

    /// <summary>The idempotency key was used before: with this request, or with another.</summary>
    public static AcceptAnswer KeyExists(StoredIdempotency stored, IdempotencyClaim claim) => CryptographicOperations.FixedTimeEquals(stored.BodyHash, claim.BodyHash)
        ? new() { Verdict = AcceptVerdict.Replayed, Task = stored.Answer.Task, Replay = stored.Answer }
        : Refused(RefusalKind.KeyReused, "The Idempotency-Key was used with another request.");

    /// <summary>The task's own id is taken: by the same request, sent twice, or by a tombstone. Null: it is not.</summary>
    public static AcceptAnswer? Existing(StoredTask? there, TaskId task, InstanceRecord? instance = null) => there switch
    {
        null => null,
        { Record.Outcome: TaskOutcome.Refused } => Refused(RefusalKind.NotNow, $"Task {task} was given up by its caller before it was accepted."),
        _ => new() { Verdict = AcceptVerdict.Accepted, Task = task, Record = there.Record, Instance = instance },
    };
}
