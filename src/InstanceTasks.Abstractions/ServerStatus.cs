namespace InstanceTasks;

/// <summary>
/// Nova's API <c>status</c> (nova-api §4.4), computed from vm_state and the task_state of the task that has the machine; the same table,
/// inverted, is what the status filter uses.
/// </summary>
public static class ServerStatus
{
    private static readonly string[] Soft = ["rebooting", "reboot_pending", "reboot_started"];
    private static readonly string[] Hard = ["rebooting_hard", "reboot_pending_hard", "reboot_started_hard"];
    private static readonly string[] Rebuild = ["rebuilding", "rebuild_block_device_mapping", "rebuild_spawning"];
    private static readonly string[] Resize = ["resize_prep", "resize_migrating", "resize_migrated", "resize_finish"];

    private static readonly Row[] Table =
    [
        new(VmState.Building, "building", "BUILD", []),
        new(VmState.Active, "active", "ACTIVE",
        [
            ("REBOOT", Soft), ("HARD_REBOOT", Hard), ("PASSWORD", ["updating_password"]), ("REBUILD", Rebuild), ("MIGRATING", ["migrating"]), ("RESIZE", Resize),
        ]),
        new(VmState.Stopped, "stopped", "SHUTOFF", [("RESIZE", Resize), ("REBUILD", Rebuild)]),
        new(VmState.Error, "error", "ERROR", [("REBUILD", Rebuild)]),
        new(VmState.Deleted, "deleted", "DELETED", []),
        new(VmState.Paused, "paused", "PAUSED", [("MIGRATING", ["migrating"])]),
        new(VmState.Suspended, "suspended", "SUSPENDED", []),
        new(VmState.Rescued, "rescued", "RESCUE", []),
        new(VmState.Resized, "resized", "VERIFY_RESIZE", [("REVERT_RESIZE", ["resize_reverting"])]),
        new(VmState.Shelved, "shelved", "SHELVED", []),
        new(VmState.ShelvedOffloaded, "shelved_offloaded", "SHELVED_OFFLOADED", []),
    ];

    /// <summary>The status words that a server can show, upper case.</summary>
    public static IReadOnlyList<string> All { get; } =
        [.. Table.SelectMany(row => row.Overrides.Select(o => o.Status).Prepend(row.Default)).Distinct(StringComparer.Ordinal)];

    /// <summary>The status of a server; a task_state that changes nothing (or null) gives the vm_state's own word.</summary>
    public static string Of(VmState vmState, string? taskState)
    {
        var row = RowOf(vmState);
        foreach (var (status, taskStates) in row.Overrides)
        {
            if (taskState is not null && taskStates.Contains(taskState))
            {
                return status;
            }
        }

        return row.Default;
    }

    /// <summary>The wire name of a vm_state (nova-api §4.1): <c>active</c>, <c>building</c>, <c>shelved_offloaded</c>, ….</summary>
    public static string WireName(VmState vmState) => RowOf(vmState).Name;

    /// <summary>Reads a wire name; false for a name that no server of ours can have.</summary>
    public static bool TryParseVmState(string? name, out VmState vmState)
    {
        var row = Array.Find(Table, r => r.Name == name);
        vmState = row?.VmState ?? default;
        return row is not null;
    }

    /// <summary>The states that show a status, whatever its case; none for a word that no server can show.</summary>
    public static IReadOnlyList<StatusMatch> Matches(string status)
    {
        var word = status.ToUpperInvariant();
        var matches = new List<StatusMatch>();
        foreach (var row in Table)
        {
            if (row.Default == word)
            {
                matches.Add(new(row.VmState, [.. row.Overrides.SelectMany(o => o.TaskStates)], Except: true));
            }

            matches.AddRange(row.Overrides.Where(o => o.Status == word).Select(o => new StatusMatch(row.VmState, o.TaskStates, Except: false)));
        }

        return matches;
    }

    private static Row RowOf(VmState vmState) =>
        Array.Find(Table, row => row.VmState == vmState) ?? throw new ArgumentOutOfRangeException(nameof(vmState), vmState, "Not a vm_state.");

    private sealed record Row(VmState VmState, string Name, string Default, (string Status, string[] TaskStates)[] Overrides);
}

/// <summary>States that show one status: a vm_state together with task_states.</summary>
/// <param name="VmState">The vm_state.</param>
/// <param name="TaskStates">The task_states.</param>
/// <param name="Except">False: only with one of <paramref name="TaskStates"/>; true: with any other, or none.</param>
public sealed record StatusMatch(VmState VmState, IReadOnlyList<string> TaskStates, bool Except);
