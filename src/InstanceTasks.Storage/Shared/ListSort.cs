namespace InstanceTasks.Storage;

/// <summary>
/// The order of a list and the condition for "after the marker". Nulls come first when ascending, and last when descending; the id
/// makes the order total, so that nothing is lost or repeated between pages.
/// </summary>
internal sealed class ListSort
{
    private readonly List<(string Expression, bool Descending, bool Nullable)> _keys = [];

    private ListSort(IReadOnlyList<(string Key, bool Descending)> sort, Func<string, (string Expression, bool Nullable)?> column, string id)
    {
        foreach (var (key, descending) in sort)
        {
            if (column(key) is { } found)
            {
                _keys.Add((found.Expression, descending, found.Nullable));
            }
        }

        _keys.Add((id, sort.Count > 0 && sort[0].Descending, false));
    }

    /// <summary>The expressions whose values for the marker <see cref="AddAfter"/> needs.</summary>
    public string Values => string.Join(", ", _keys.Select((key, index) => $"{key.Expression} AS k{index}"));

    public string OrderBy => string.Join(", ", _keys.Select(key => key.Expression + (key.Descending ? " DESC" : "") + NullOrder(key.Descending, key.Nullable)));

    public int Count => _keys.Count;

    /// <summary>Of servers: <c>i</c> is the instance, <c>h</c> its holder.</summary>
    /// <exception cref="ArgumentException">A key that cannot be sorted by.</exception>
    public static ListSort OfServers(IReadOnlyList<(string Key, bool Descending)> sort, SqlDialect dialect) => new(sort, key => ServerColumn(key, dialect), "i.id");

    /// <summary>Of tasks: <c>t</c> is the task.</summary>
    /// <exception cref="ArgumentException">A key that cannot be sorted by.</exception>
    public static ListSort OfTasks(IReadOnlyList<(string Key, bool Descending)> sort) => new(sort, key => TaskColumn(key), "t.id");

    public void AddAfter(SqlFilter sql, IReadOnlyList<object?> marker)
    {
        var parameters = marker.Select(sql.Parameter).ToArray();
        if (_keys.TrueForAll(key => !key.Nullable && key.Descending == _keys[0].Descending))
        {
            // Then an index leads right to the marker.
            sql.Add($"({string.Join(", ", _keys.Select(key => key.Expression))}) {(_keys[0].Descending ? "<" : ">")} ({string.Join(", ", parameters)})");
            return;
        }

        var alternatives = new List<string>();
        for (var last = 0; last < _keys.Count; last++)
        {
            var equal = Enumerable.Range(0, last).Select(i => $"{_keys[i].Expression} IS NOT DISTINCT FROM {parameters[i]}");
            alternatives.Add($"({string.Join(" AND ", equal.Append(After(last, marker[last], parameters[last])))})");
        }

        sql.Add($"({string.Join(" OR ", alternatives)})");
        if (!_keys[0].Nullable)
        {
            // Says nothing new, but lets the index start at the marker instead of at the first row.
            sql.Add($"{_keys[0].Expression} {(_keys[0].Descending ? "<=" : ">=")} {parameters[0]}");
        }
    }

    // Said only where it matters: an index serves the order of a column that has no nulls either way.
    private static string NullOrder(bool descending, bool nullable) => nullable ? (descending ? " NULLS LAST" : " NULLS FIRST") : "";

    private string After(int index, object? value, string parameter)
    {
        var (expression, descending, nullable) = _keys[index];
        if (value is null)
        {
            return descending ? "1 = 0" : $"{expression} IS NOT NULL";
        }

        return (descending, nullable) switch
        {
            (false, _) => $"{expression} > {parameter}",
            (true, false) => $"{expression} < {parameter}",
            (true, true) => $"({expression} < {parameter} OR {expression} IS NULL)",
        };
    }

    private static (string Expression, bool Nullable) TaskColumn(string key) => key switch
    {
        "created_at" => ("t.created_at", false),
        "finished_at" => ("t.finished_at", true),
        "id" => ("t.id", false),
        "kind" => ("t.kind", false),
        "project_id" => ("t.project_id", false),
        "server_id" => ("t.instance_id", false),
        "state" => ("t.state", false),
        "updated_at" => ("t.updated_at", false),
        "user_id" => ("t.user_id", false),
        _ => throw new ArgumentException($"Tasks cannot be sorted by '{key}'.", nameof(key)),
    };

    private static (string Expression, bool Nullable)? ServerColumn(string key, SqlDialect dialect) => key switch
    {
        "created_at" => ("i.created_at", false),
        "updated_at" => ("i.updated_at", false),
        "display_name" => ("i.name", false),
        "uuid" or "id" => ("i.id", false),
        "vm_state" => ("i.vm_state", false),
        "task_state" => ("h.task_state", true),
        "host" or "node" => ("i.host", true),
        "image_ref" => ("i.image_id", false),
        "instance_type_id" => ("i.flavor_id", false),
        "key_name" => ("i.key_name", true),
        "availability_zone" => ("i.zone", false),
        "project_id" => ("i.project_id", false),
        "user_id" => ("i.user_id", false),
        "locked" => ("i.locked", false),
        "terminated_at" => ("i.deleted_at", true),
        "access_ip_v4" => (dialect.BodyValue("accessIPv4"), true),
        "access_ip_v6" => (dialect.BodyValue("accessIPv6"), true),
        "auto_disk_config" => (dialect.BodyValue("diskConfig"), true),
        "config_drive" => (dialect.BodyValue("configDrive"), true),
        "display_description" => (dialect.BodyValue("description"), true),
        "hostname" => (dialect.BodyValue("hostname"), true),
        "launched_at" => (dialect.BodyValue("launchedAt"), true),
        "locked_by" => (dialect.BodyValue("lockedBy"), true),
        "power_state" => (dialect.BodyValue("power"), true),
        // Nova's keys that are the same for every server of ours: allowed, and without effect.
        "kernel_id" or "launch_index" or "progress" or "ramdisk_id" or "root_device_name" => null,
        _ => throw new ArgumentException($"Servers cannot be sorted by '{key}'.", nameof(key)),
    };
}
