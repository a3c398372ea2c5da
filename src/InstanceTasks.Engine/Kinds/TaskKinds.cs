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

    /// <summary>Cuts the power without asking the guest; takes over from a stop or reboot that hangs.</summary>
    public static readonly TaskKind ForceStop = new("force-stop");

    /// <summary>Stops the processors; memory is kept.</summary>
    public static readonly TaskKind Pause = new("pause");

    /// <summary>Lets a paused machine run again.</summary>
    public static readonly TaskKind Unpause = new("unpause");

    /// <summary>Saves memory to disk and stops the machine.</summary>
    public static readonly TaskKind Suspend = new("suspend");

    /// <summary>Lets a suspended machine run again.</summary>
    public static readonly TaskKind Resume = new("resume");

    /// <summary>Starts the machine from a rescue disk.</summary>
    public static readonly TaskKind Rescue = new("rescue");

    /// <summary>Starts a rescued machine from its own disk again.</summary>
    public static readonly TaskKind Unrescue = new("unrescue");

    /// <summary>Sets the administrator's password in the guest.</summary>
    public static readonly TaskKind ChangePassword = new("change-password");

    /// <summary>Makes the root disk anew from an image; the old one is kept until that runs.</summary>
    public static readonly TaskKind Rebuild = new("rebuild");

    /// <summary>Copies the root disk into a new image.</summary>
    public static readonly TaskKind CreateImage = new("create-image");

    /// <summary>Shuts off and saves the root disk as an image; the machine stays on its host.</summary>
    public static readonly TaskKind Shelve = new("shelve");

    /// <summary>Shelves, and gives up the machine and its place on the host at once.</summary>
    public static readonly TaskKind ShelveAndOffload = new("shelve-and-offload");

    /// <summary>Gives up the machine of a shelved server and its place on the host; the image is left.</summary>
    public static readonly TaskKind ShelveOffload = new("shelve-offload");

    /// <summary>Starts a shelved server again; where only the image is left of it, on a host that is chosen anew.</summary>
    public static readonly TaskKind Unshelve = new("unshelve");

    /// <summary>Makes the machine anew in another flavor; the old one is kept until that is confirmed or reverted.</summary>
    public static readonly TaskKind Resize = new("resize");

    /// <summary>Removes the machine that a resize has kept.</summary>
    public static readonly TaskKind ConfirmResize = new("confirm-resize");

    /// <summary>Goes back to the machine that a resize has kept.</summary>
    public static readonly TaskKind RevertResize = new("revert-resize");

    /// <summary>Says that the server is active; one commit, for administrators.</summary>
    public static readonly TaskKind ResetToActive = new("reset-to-active");

    /// <summary>Says that the server is in error; one commit, for administrators.</summary>
    public static readonly TaskKind ResetToError = new("reset-to-error");

    /// <summary>Locks; one commit.</summary>
    public static readonly TaskKind Lock = new("lock");

    /// <summary>Unlocks; one commit.</summary>
    public static readonly TaskKind Unlock = new("unlock");

    /// <summary>Changes descriptive fields; one commit.</summary>
    public static readonly TaskKind Update = new("update");

    /// <summary>Changes metadata; one commit.</summary>
    public static readonly TaskKind Metadata = new("metadata");

    /// <summary>The parent of tasks on many instances; on none itself.</summary>
    public static readonly TaskKind Bulk = new("bulk");
}

/// <summary>The registry of plans: every version that a task may have.</summary>
public static partial class PlanRegistry
{
    private static readonly Lock Gate = new();
    private static volatile Known s_known = Known.Of(
        CreatePlan.V1, DeletePlan.V1, StopPlan.V1, StartPlan.V1, RebootPlan.V1, HardRebootPlan.V1,
        ForceStopPlan.V1, PausePlan.V1, UnpausePlan.V1, SuspendPlan.V1, ResumePlan.V1, RescuePlan.V1, UnrescuePlan.V1, ChangePasswordPlan.V1,
        RebuildPlan.V1, CreateImagePlan.V1, ShelvePlan.V1, ShelveAndOffloadPlan.V1, ShelveOffloadPlan.V1, UnshelvePlan.V1,
        ResizePlan.V1, ConfirmResizePlan.V1, RevertResizePlan.V1,
        RecordPlans.Lock, RecordPlans.Unlock, RecordPlans.Update, RecordPlans.Metadata, RecordPlans.ResetToActive, RecordPlans.ResetToError,
        BulkPlan.V1);

    /// <summary>The newest plan of every kind of task on an instance.</summary>
    public static IReadOnlyCollection<Plan> All => s_known.All;

    /// <summary>The newest plan of every kind, with those of parents.</summary>
    public static IReadOnlyCollection<Plan> WithParents => s_known.Newest.Values;

    /// <summary>The newest plan of a kind; null for an unknown kind, and for the default of the type, which has no name.</summary>
    public static Plan? Find(TaskKind kind) => kind.Name is { } name ? s_known.Newest.GetValueOrDefault(name) : null;

    /// <summary>One version of a kind's plan; null when this release does not have it.</summary>
    public static Plan? Find(TaskKind kind, int version) => kind.Name is { } name ? s_known.ByVersion.GetValueOrDefault((name, version)) : null;

    /// <summary>The plan a task started with.</summary>
    /// <exception cref="UndecodableTaskException">This release does not have it.</exception>
    public static Plan Of(TaskRecord task) =>
        s_known.ByVersion.TryGetValue((task.Kind.Name, task.PlanVersion), out var plan)
            ? plan
            : throw new UndecodableTaskException($"No plan '{task.Kind}' version {task.PlanVersion} in this release.");

    /// <summary>
    /// Adds a kind that does not come with the product, or a further version of a plan: once, before the silo starts, in every process of
    /// the cluster, and for as long as there may be tasks of it.
    /// </summary>
    /// <param name="plan">How it is done.</param>
    /// <param name="rows">From which vm_states it may start and what it leads to; none for a further version of a known kind.</param>
    /// <exception cref="ArgumentException">That version of the plan, or one of the rows, is there already.</exception>
    public static void Register(Plan plan, params IReadOnlyList<InstanceTransition> rows)
    {
        lock (Gate)
        {
            var known = Known.Of([.. s_known.ByVersion.Values, plan]);
            InstanceMachine.Add(rows);
            s_known = known;
        }
    }

    private sealed record Known(Dictionary<(string Kind, int Version), Plan> ByVersion, Dictionary<string, Plan> Newest)
    {
        public IReadOnlyCollection<Plan> All { get; } = [.. Newest.Values.Where(p => p.OnInstance)];

        public static Known Of(params IReadOnlyList<Plan> plans) => new(
            plans.ToDictionary(p => (p.Kind.Name, p.Version)),
            plans.GroupBy(p => p.Kind.Name).ToDictionary(g => g.Key, g => g.MaxBy(p => p.Version)!));
    }
}
