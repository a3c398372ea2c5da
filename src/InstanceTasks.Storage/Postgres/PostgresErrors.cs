using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>What an error of the server says about the transaction.</summary>
internal static class PostgresErrors
{
    private const string StatementCompletionUnknown = "40003";

    /// <summary>The server says that it has rolled back. FATAL and worse end the session, possibly after the transaction was made durable.</summary>
    public static bool IsDefinite(PostgresException e) =>
        string.Equals(e.InvariantSeverity, "ERROR", StringComparison.Ordinal) && !string.Equals(e.SqlState, StatementCompletionUnknown, StringComparison.Ordinal);

    /// <summary>Two transactions were in each other's way: the same one may go through at once.</summary>
    public static bool IsRepeatable(PostgresException e) => e.SqlState is PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected;

    /// <summary>The commit itself cannot be stored: bad data, a broken constraint, a limit of the program.</summary>
    public static bool IsAtFault(PostgresException e) => e.SqlState[..2] is "21" or "22" or "23" or "54";

    /// <summary>Not what was asked is at fault, but that the server is away, shuts down, has no room or takes too long.</summary>
    public static bool IsAway(NpgsqlException e) => e is not PostgresException refusal || refusal.IsTransient || refusal.SqlState[..2] is "08" or "53" or "57" or "58";
}
