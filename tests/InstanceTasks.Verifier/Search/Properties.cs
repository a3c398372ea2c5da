using System.Runtime.CompilerServices;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors.Simulated;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>What must hold in every situation.</summary>
internal sealed class Properties
{
    private static readonly HashSet<TaskShape> Reachable = [.. TaskTransitions.Reachable];

    // What the three rows alone decide is decided once for each three.
    private readonly HashSet<(object?, object?, object?)> _fine = new(new ByIdentity());

    /// <summary>The property that a situation breaks, and how; null when it breaks none.</summary>
    public (Property Property, string How)? Broken(Situation s)
    {
        var rows = ((object?)s.Instance, (object?)s.Rows[0], (object?)s.Rows[1]);
        if (!_fine.Contains(rows))
        {
            if (BrokenByRows(s) is { } broken)
            {
                return broken;
            }

            _fine.Add(rows);
        }

        return s.Instance is { } instance ? Claim(s, instance) ?? Truth(s, instance) : null;
    }

    private static (Property Property, string How)? BrokenByRows(Situation s)
    {
        foreach (var row in s.Rows)
        {
            if (row is not null && !Reachable.Contains(TaskShape.Of(row)))
            {
                return (Property.Defined, $"task {Names.IndexOf(row.Id)} is in the shape {TaskShape.Of(row)}, which the table does not reach");
            }
        }

        return s.Instance is { } instance ? Busy(s, instance) : null;
    }

    /// <summary>Nothing goes on, or whatever could waits for a person.</summary>
    public static bool IsStable(Situation s) =>
        s.Works.Length == 0 && s.Late is null && s.Wakes[0] is null && s.Wakes[1] is null
        && (s.Instance?.Holder is null || IsPaused(s)) && s.Activations.All(a => a is null or { Old: null, Flight: null });

    /// <summary>Every task that exists has ended.</summary>
    public static bool IsOver(Situation s) => s.Rows.All(r => r is null or { IsEnded: true }) && s.Instance?.Holder is null;

    private static bool IsPaused(Situation s) => s.Rows.Any(r => r is { Run: TaskRun.Paused, Turn: > 0 });

    private static IEnumerable<TaskRecord> Open(Situation s) => s.Rows.OfType<TaskRecord>().Where(r => !r.IsEnded);

    private static (Property, string)? Busy(Situation s, InstanceRecord instance)
    {
        var holders = Open(s).Where(t => t.Turn > 0).ToList();
        if (instance.Holder is not { } holder)
        {
            return holders.Count > 0 ? (Property.BusyIsTrue, $"the instance is idle, and {Name(holders[0])} has the machine") : Lists(s, instance);
        }

        if (holders.Count != 1 || holders[0].Id != holder.Id || holders[0].Turn != instance.Turn)
        {
            return (Property.BusyIsTrue, $"the instance is held by task {Names.IndexOf(holder.Id)} (turn {instance.Turn}), and {(holders.Count == 0 ? "no open task has" : string.Join(" and ", holders.Select(h => $"{Name(h)} (turn {h.Turn})")) + " has")} the machine");
        }

        return Lists(s, instance);
    }

    private static (Property, string)? Lists(Situation s, InstanceRecord instance) =>
        Differ(instance.Queue, Open(s).Where(t => t is { Turn: 0, Outcome: TaskOutcome.None }), "queue")
        ?? Differ(instance.Attention, Open(s).Where(t => t.Outcome == TaskOutcome.NeedsAttention), "list of tasks that need attention")
        ?? (instance is { Holder: null, Queue.Count: > 0 } ? (Property.BusyIsTrue, "the instance is idle, and a task waits for it") : null);

    private static (Property, string)? Differ(List<TaskRef> list, IEnumerable<TaskRecord> tasks, string name)
    {
        var (said, are) = (Text(list.Select(t => Names.IndexOf(t.Id))), Text(tasks.Select(t => Names.IndexOf(t.Id))));
        return said == are ? null : (Property.BusyIsTrue, $"the instance's {name} says {said}, and it is {are}");
    }

    private static string Text(IEnumerable<int> tasks) => tasks.Order().ToList() is { Count: > 0 } some ? $"task {string.Join(" and ", some)}" : "nobody";

    private static (Property, string)? Claim(Situation s, InstanceRecord instance)
    {
        // While a task has the machine its own row says where that is; the end moves it to the instance.
        var host = instance.Holder is { } holder ? s.Rows[Names.IndexOf(holder.Id) - 1]!.Host : instance.Host;
        var due = instance.VmState != VmState.Deleted && host is not null;
        if (due == s.World.Claimed && MustBeGrown(instance) is { } grown && grown != s.World.Grown)
        {
            return (Property.ClaimIsTrue, $"the room of {(s.World.Grown ? "both flavors" : "one flavor")} is taken, and the resize is {(instance.Resize is null ? "over" : "neither confirmed nor reverted")}");
        }

        return due == s.World.Claimed ? null : (Property.ClaimIsTrue, $"room on the host is {(s.World.Claimed ? "" : "not ")}taken, and the records say that it {(due ? "is" : "is not")} needed");
    }

    /// <summary>Whether the room of both flavors must be taken; null: while a resize is under way, or was stopped half-way, it may or may not be.</summary>
    private static bool? MustBeGrown(InstanceRecord instance) =>
        instance is not { Holder: null, Attention.Count: 0, Host: not null, VmState: not VmState.Deleted } || instance.Resize is { Stage: ResizeStage.UnderWay } ? null : instance.Resize is not null;

    // While something is under way, or somebody has decided by hand, the record need not be true; and a delete or rebuild that was given up may have left something.
    private static (Property, string)? Truth(Situation s, InstanceRecord instance)
    {
        if (s.Works.Length > 0 || s.World.Overridden || instance.Holder is not null || instance.Attention.Count > 0 || s.Rows.Any(IsGivenUp))
        {
            return null;
        }

        var exists = instance.VmState != VmState.Deleted && instance.Host is not null;
        var isTrue = (instance.VmState == VmState.Error && exists) || s.World.Machine == (exists ? World.Of(instance) : default);
        return isTrue
            ? null
            : (Property.RecordIsTrue, $"the record says {instance.VmState}{(instance.Host is null ? " without a host" : "")}, and the machine is {Text(s.World.Machine)}");
    }

    private static string Text(MachineState machine) =>
        $"{(machine.IsRunning ? "on" : machine.IsOn || machine.Power == PowerState.Suspended ? machine.Power.ToString() : "off")}{(machine.Rescue ? " with a rescue disk" : "")}{(machine.Defined ? "" : ", not defined")}{(machine.Disk ? "" : ", without disk")}{(machine.OldDisk is null ? "" : ", with a disk set aside")}{(machine.Aside ? ", another set aside" : "")}";

    // A delete that was given up may have left anything; a rebuild that was, or that another task took over from, the disk that was set aside.
    private static bool IsGivenUp(TaskRecord? row) => row is { IsEnded: true, Outcome: not TaskOutcome.Succeeded } &&
        (row.Kind == TaskKinds.Delete ? row.Outcome == TaskOutcome.Failed : row.Kind == TaskKinds.Rebuild && row.Steps.Count > 0 && row is not { Phase: TaskPhase.Undo, Step: < 0 });

    private static string Name(TaskRecord task) => $"task {Names.IndexOf(task.Id)} ({task.Kind}, {task.State})";

    private sealed class ByIdentity : IEqualityComparer<(object?, object?, object?)>
    {
        public bool Equals((object?, object?, object?) x, (object?, object?, object?) y) =>
            ReferenceEquals(x.Item1, y.Item1) && ReferenceEquals(x.Item2, y.Item2) && ReferenceEquals(x.Item3, y.Item3);

        public int GetHashCode((object?, object?, object?) obj) => HashCode.Combine(Identity(obj.Item1), Identity(obj.Item2), Identity(obj.Item3));

        private static int Identity(object? part) => part is null ? 0 : RuntimeHelpers.GetHashCode(part);
    }
}
