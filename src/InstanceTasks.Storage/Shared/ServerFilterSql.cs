using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Builds the conditions of a server list: <c>i</c> is the instance, <c>h</c> its holder.</summary>
internal static class ServerFilterSql
{
    private const string HolderState = "COALESCE(h.task_state, '')";

    public static SqlFilter Build(ServerFilter filter, SqlDialect dialect)
    {
        var sql = Scope(filter);
        sql.Equal("i.host", filter.Host?.Value);
        sql.Equal("i.flavor_id", filter.FlavorId);
        sql.Equal("i.image_id", filter.ImageId);
        sql.Equal("i.id", filter.Id?.ToString());
        sql.Equal("i.locked", filter.Locked is { } locked ? (locked ? 1 : 0) : null);
        sql.Equal("i.reservation_id", filter.ReservationId);
        sql.Equal("i.key_name", filter.KeyName);
        sql.Equal("i.zone", filter.AvailabilityZone);
        sql.In("i.vm_state", filter.VmStates?.Select(ServerStatus.WireName));
        sql.In(HolderState, filter.TaskStates);
        AddStatuses(sql, filter.Statuses);
        AddTimes(sql, "i.updated_at", filter.ChangesSince, filter.ChangesBefore);
        if (filter.ChangesSince is { } since && dialect.UpdatedSlot is { } slot)
        {
            sql.Add($"{slot} >= {sql.Parameter(UnixMicros.Of(since) / SqlDialect.UpdatedSlotMicros)}");
        }

        AddTags(sql, filter, dialect);
        if (filter.NamePattern is { } pattern)
        {
            sql.Add(dialect.NameMatches(sql, pattern));
        }

        return sql;
    }

    /// <summary>The conditions that a marker must meet: whose servers, and deleted or not. A marker whose state has changed since is still a place in the list.</summary>
    public static SqlFilter Scope(ServerFilter filter)
    {
        var sql = new SqlFilter();
        sql.Equal("i.project_id", filter.Project?.Value);
        sql.Equal("i.user_id", filter.User?.Value);
        sql.Equal("i.deleted", filter.Deleted is { } deleted ? (deleted ? 1 : 0) : null);
        return sql;
    }

    public static void AddTimes(SqlFilter sql, string column, DateTimeOffset? since, DateTimeOffset? before)
    {
        if (since is { } from)
        {
            sql.Add($"{column} >= {sql.Parameter(UnixMicros.Of(from))}");
        }

        if (before is { } to)
        {
            sql.Add($"{column} <= {sql.Parameter(UnixMicros.Of(to))}");
        }
    }

    private static void AddStatuses(SqlFilter sql, IReadOnlyList<string>? statuses)
    {
        if (statuses is null)
        {
            return;
        }

        var any = statuses.SelectMany(ServerStatus.Matches).Select(match => MatchCondition(sql, match)).ToArray();
        sql.Add(any.Length == 0 ? "1 = 0" : $"({string.Join(" OR ", any)})");
    }

    private static string MatchCondition(SqlFilter sql, StatusMatch match)
    {
        var vmState = $"i.vm_state = {sql.Parameter(ServerStatus.WireName(match.VmState))}";
        if (match.TaskStates.Count == 0)
        {
            return vmState;
        }

        return $"({vmState} AND {(match.Except ? "NOT " : "")}({sql.InList(HolderState, match.TaskStates)}))";
    }

    private static void AddTags(SqlFilter sql, ServerFilter filter, SqlDialect dialect)
    {
        AddTagSet(sql, dialect, filter.Tags, " AND ", not: false);
        AddTagSet(sql, dialect, filter.TagsAny, " OR ", not: false);
        AddTagSet(sql, dialect, filter.NotTags, " AND ", not: true);
        AddTagSet(sql, dialect, filter.NotTagsAny, " OR ", not: true);
    }

    private static void AddTagSet(SqlFilter sql, SqlDialect dialect, IReadOnlyList<string>? tags, string joiner, bool not)
    {
        if (tags is { Count: > 0 })
        {
            sql.Add($"{(not ? "NOT " : "")}({string.Join(joiner, tags.Select(tag => dialect.HasTag(sql.Parameter(tag))))})");
        }
    }
}
