using static InstanceTasks.VmState;

namespace InstanceTasks.Engine;

/// <summary>One row: in this vm_state, this kind may start, and this is what it leaves behind.</summary>
/// <param name="From">The vm_state.</param>
/// <param name="Kind">The kind of task.</param>
/// <param name="Success">vm_state after success.</param>
/// <param name="Failure">vm_state after a failure whose undo worked; null: as before.</param>
/// <param name="Undone">vm_state after a cancel; null: as before.</param>
/// <param name="Returns">Success leads back to the vm_state before the resize that it ends; <paramref name="Success"/> stands for it.</param>
public sealed record InstanceTransition(VmState From, TaskKind Kind, VmState Success, VmState? Failure = null, VmState? Undone = null, bool Returns = false)
{
    /// <summary>vm_state after success.</summary>
    /// <param name="before">The vm_state before the resize, if there is one to end.</param>
    public VmState Leaves(VmState? before) => Returns ? before ?? Success : Success;
}

/// <summary>The one table that decides which kind may start in which vm_state and what it leads to (nova-api §3).</summary>
public static class InstanceMachine
{
    /// <summary>The table.</summary>
    public static IReadOnlyList<InstanceTransition> All => s_rows.All;

    private static readonly InstanceTransition[] Own =
    [
        new(Building, TaskKinds.Create, Active, Failure: VmState.Error, Undone: VmState.Error),

        .. From([.. Living.Except([ShelvedOffloaded])], s => new(s, TaskKinds.Delete, Deleted, VmState.Error)),
        // Without a machine nothing of it can fail half-way.
        new(ShelvedOffloaded, TaskKinds.Delete, Deleted),

        new(Active, TaskKinds.Stop, Stopped),
        new(VmState.Error, TaskKinds.Stop, Stopped),

        new(Active, TaskKinds.ForceStop, Stopped),
        new(VmState.Error, TaskKinds.ForceStop, Stopped),

        new(Stopped, TaskKinds.Start, Active),

        new(Active, TaskKinds.Reboot, Active),

        .. From([Active, Stopped, Paused, Suspended, VmState.Error], s => new(s, TaskKinds.HardReboot, Active, VmState.Error)),

        // nova-api §3.1 says "ERROR" for a failed suspend or resume, and §3.3 for a rescue: here what was done is undone, and the server is as before.
        new(Active, TaskKinds.Pause, Paused),
        new(Paused, TaskKinds.Unpause, Active),
        new(Active, TaskKinds.Suspend, Suspended),
        new(Suspended, TaskKinds.Resume, Active),
        .. From([Active, Stopped, VmState.Error], s => new(s, TaskKinds.Rescue, Rescued)),
        new(Rescued, TaskKinds.Unrescue, Active),
        new(Active, TaskKinds.ChangePassword, Active),

        new(Active, TaskKinds.Rebuild, Active),
        new(Stopped, TaskKinds.Rebuild, Stopped),
        new(VmState.Error, TaskKinds.Rebuild, Active),
        .. From([Active, Stopped, Paused, Suspended], s => new(s, TaskKinds.CreateImage, s)),
        .. From([Active, Stopped, Paused, Suspended], s => new(s, TaskKinds.Shelve, Shelved)),
        .. From([Active, Stopped, Paused, Suspended], s => new(s, TaskKinds.ShelveAndOffload, ShelvedOffloaded)),
        new(Shelved, TaskKinds.ShelveOffload, ShelvedOffloaded),
        new(Shelved, TaskKinds.Unshelve, Active),
        new(ShelvedOffloaded, TaskKinds.Unshelve, Active),

        new(Active, TaskKinds.Resize, Resized),
        new(Stopped, TaskKinds.Resize, Resized),

        // In Nova only while "resized". An administrator may have set another state meanwhile, or a resize may have been stopped half-way: then, too, there is a way on.
        .. new[] { TaskKinds.ConfirmResize, TaskKinds.RevertResize }.SelectMany(k => From([Resized, Active, VmState.Error], s => new(s, k, Active, Returns: true))),

        .. new[] { TaskKinds.Lock, TaskKinds.Unlock, TaskKinds.Update }.SelectMany(k => From(Living, s => new(s, k, s))),
        // nova-api §3.4 has them from every state. One that is on no host cannot be active, nor be brought back from error: it is unshelved or deleted.
        .. From([.. Living.Except([ShelvedOffloaded])], s => new(s, TaskKinds.ResetToActive, Active)),
        .. From([.. Living.Except([ShelvedOffloaded])], s => new(s, TaskKinds.ResetToError, VmState.Error)),

        // nova-api §2.6: metadata is written in active, paused, suspended and stopped only.
        new(Active, TaskKinds.Metadata, Active),
        .. From([Stopped, Paused, Suspended], s => new(s, TaskKinds.Metadata, s)),
    ];

    private static VmState[] Living => [Building, Active, Stopped, VmState.Error, Paused, Suspended, Rescued, Resized, Shelved, ShelvedOffloaded];

    private static volatile Rows s_rows = new(Own);

    private static IEnumerable<InstanceTransition> From(VmState[] states, Func<VmState, InstanceTransition> row) => states.Select(row);

    /// <summary>The row, or null when the kind may not start in that state.</summary>
    public static InstanceTransition? Find(VmState from, TaskKind kind) => s_rows.ByKey.GetValueOrDefault((from, kind.Name));

    /// <summary>The vm_state that an ended task leaves.</summary>
    /// <exception cref="InvalidOperationException">The task could not have started in that state.</exception>
    public static VmState After(VmState from, TaskRecord ended)
    {
        var row = Find(from, ended.Kind) ?? throw new InvalidOperationException($"No row for '{ended.Kind}' from '{from}'.");
        return ended.Outcome switch
        {
            TaskOutcome.Succeeded => row.Leaves(ended.ReturnsTo),
            TaskOutcome.Canceled => row.Undone ?? from,
            _ => row.Failure ?? from,
        };
    }

    /// <summary>Adds the rows of a kind that does not come with the product; called under the registry's lock.</summary>
    /// <exception cref="ArgumentException">One of them is there already.</exception>
    internal static void Add(IReadOnlyList<InstanceTransition> rows) => s_rows = new([.. s_rows.All, .. rows]);

    /// <summary>Goes back to an earlier table; called under the registry's lock.</summary>
    internal static void Restore(IReadOnlyList<InstanceTransition> rows) => s_rows = new(rows);

    private sealed class Rows(IReadOnlyList<InstanceTransition> all)
    {
        public IReadOnlyList<InstanceTransition> All { get; } = all;

        public Dictionary<(VmState, string), InstanceTransition> ByKey { get; } = all.ToDictionary(r => (r.From, r.Kind.Name));
    }
}
