namespace InstanceTasks.Engine;

/// <summary>The kinds of this release.</summary>
public static class TaskKinds
{
    /// <summary>Makes a machine.</summary>
    public static readonly TaskKind Create = new("create");

    /// <summary>Removes everything; supersedes what runs.</summary>
    public static readonly TaskKind Delete = new("delete");

    /// <summary>Shuts the guest down, then cuts the power.</summary>
    public static readonly TaskKind Stop = new("stop");

    /// <summary>Powers on.</summary>
    public static readonly TaskKind Start = new("start");

    /// <summary>Asks the guest to restart.</summary>
    public static readonly TaskKind Reboot = new("reboot");

    /// <summary>Restarts the machine without asking the guest.</summary>
    public static readonly TaskKind HardReboot = new("hard-reboot");

    /// <summary>Locks; one commit.</summary>
    public static readonly TaskKind Lock = new("lock");

    /// <summary>Unlocks; one commit.</summary>
    public static readonly TaskKind Unlock = new("unlock");

    /// <summary>Changes descriptive fields; one commit.</summary>
    public static readonly TaskKind Update = new("update");

    /// <summary>Changes metadata; one commit.</summary>
    public static readonly TaskKind Metadata = new("metadata");
}

/// <summary>The registry of plans: every version that a task may have.</summary>
public static partial class PlanRegistry
{
    private static Dictionary<(string Kind, int Version), Plan> ByVersion { get; set; } =
        new Plan[]
        {
            CreatePlan.V1, DeletePlan.V1, StopPlan.V1, StartPlan.V1, RebootPlan.V1, HardRebootPlan.V1,
            RecordPlans.Lock, RecordPlans.Unlock, RecordPlans.Update, RecordPlans.Metadata,
        }.ToDictionary(p => (p.Kind.Name, p.Version));

    private static Dictionary<string, Plan> Newest { get; set; } = NewestOf(ByVersion);

    /// <summary>The newest plan of every kind.</summary>
    public static IReadOnlyCollection<Plan> All => Newest.Values;

    /// <summary>The newest plan of a kind; null for an unknown kind.</summary>
    public static Plan? Find(TaskKind kind) => Newest.GetValueOrDefault(kind.Name);

    /// <summary>The plan a task started with.</summary>
    /// <exception cref="UndecodableTaskException">This release does not have it.</exception>
    public static Plan Of(TaskRecord task) =>
        ByVersion.TryGetValue((task.Kind.Name, task.PlanVersion), out var plan)
            ? plan
            : throw new UndecodableTaskException($"No plan '{task.Kind}' version {task.PlanVersion} in this release.");
}
