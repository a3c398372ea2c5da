using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Reads of <c>idempotency</c>.</summary>
internal static class IdempotencyRows
{
    /// <summary>How long a key is kept (design §4.6).</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public static StoredIdempotency? Read(Statements statements, ProjectId project, UserId user, string key)
    {
        using var row = statements.Query(
            """
            SELECT body_hash, answer FROM idempotency
            WHERE project_id = @project AND user_id = @user AND key = @key AND created_at > (SELECT now FROM database_clock) - @lifetime
            """,
            ("@project", project.Value), ("@user", user.Value), ("@key", key), ("@lifetime", UnixMicros.Of(Lifetime)));
        return row.Read() ? new(row.GetFieldValue<byte[]>(0), EngineJson.Read<StoredAnswer>(row.GetString(1))) : null;
    }
}

/// <summary>Reads of <c>quota</c>.</summary>
internal static class QuotaRows
{
    public static QuotaUsage Read(Statements statements, string project)
    {
        using var row = statements.Query(
            "SELECT instances, cores, ram_mb, max_instances, max_cores, max_ram_mb FROM quota WHERE project_id = @project", ("@project", project));
        return row.Read()
            ? new(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5))
            : new(0, 0, 0);
    }
}
