using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>A <c>holds</c> row as read.</summary>
internal sealed class HoldRow
{
    /// <summary>The select list that fills a row.</summary>
    public const string Columns =
        """
        id AS Id, host AS Host, project_id AS Project, kind AS Kind, reason AS Reason, created_by AS CreatedBy, created_at AS CreatedAt, removed_by AS RemovedBy,
        removed_at AS RemovedAt
        """;

    public const string InsertSql =
        """
        INSERT INTO holds (id, host, project_id, kind, reason, created_by, created_at)
        VALUES (@id, @host, @project, @kind, @reason, @by, (SELECT now FROM database_clock))
        """;

    public const string RemoveSql = "UPDATE holds SET removed_by = @by, removed_at = (SELECT now FROM database_clock) WHERE id = @id AND removed_at IS NULL";

    public string Id { get; set; } = "";

    public string? Host { get; set; }

    public string? Project { get; set; }

    public string? Kind { get; set; }

    public string Reason { get; set; } = "";

    public string CreatedBy { get; set; } = "";

    public long CreatedAt { get; set; }

    public string? RemovedBy { get; set; }

    public long? RemovedAt { get; set; }

    public static object Parameters(Hold hold) =>
        new { id = hold.Id.ToString(), host = hold.Host?.Value, project = hold.Project?.Value, kind = hold.Kind?.Name, reason = hold.Reason, by = hold.By.Value };

    public static string ListSql(bool withRemoved) => $"SELECT {Columns} FROM holds {(withRemoved ? "" : "WHERE removed_at IS NULL")} ORDER BY created_at, id";

    public Hold ToHold() => new()
    {
        Id = Guid.Parse(Id), Reason = Reason, By = new(CreatedBy), At = UnixMicros.ToTime(CreatedAt),
        Host = Host is null ? null : new HostName(Host), Project = Project is null ? null : new ProjectId(Project), Kind = Kind is null ? null : new TaskKind(Kind),
        RemovedBy = RemovedBy is null ? null : new UserId(RemovedBy), RemovedAt = RemovedAt is { } at ? UnixMicros.ToTime(at) : null,
    };
}
