using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.World;

/// <summary>
/// All hypervisors of all hosts: outside every process, so that an operation goes on when its caller is dead. Refuses stamps as drivers must,
/// and reports it when two operations are on one machine at once.
/// </summary>
internal sealed class Machines(Scheduler scheduler, Faults faults, Dice dice, Chronicle chronicle)
{
    private static readonly Failure Glitch = new(FailureKinds.Hypervisor, "The hypervisor failed; it may work again.", Retryable: true);
    private static readonly Failure Broken = new(FailureKinds.Guest, "The guest did not do it.", Retryable: false);

    private readonly List<(HostName Host, InstanceId Id, Machine Machine)> _all = [];
    private readonly Dictionary<(HostName Host, InstanceId Id), Machine> _machines = [];

    public IReadOnlyList<(HostName Host, InstanceId Id, Machine Machine)> All => _all;

    /// <summary>What must not happen, when it happens.</summary>
    public Action<string> Violated { get; set; } = _ => { };

    public Sabotage Sabotage { get; set; }

    /// <summary>Verbs refused because of their stamp.</summary>
    public int Refusals { get; private set; }

    /// <summary>Effects that happened.</summary>
    public int Effects { get; private set; }

    /// <summary>Kinds, steps and directions of effects that happened.</summary>
    public HashSet<(Verb Verb, Direction Direction)> Seen { get; } = [];

    public Machine Of(HostName host, InstanceId id)
    {
        if (!_machines.TryGetValue((host, id), out var machine))
        {
            _machines[(host, id)] = machine = new Machine();
            _all.Add((host, id, machine));
        }

        return machine;
    }

    /// <summary>An operation arrives. Null: its stamp was refused.</summary>
    public Operation? Begin(Verb verb, VerbCall call)
    {
        var machine = Of(call.Host, call.Machine.Instance);
        if (Sabotage != Sabotage.OldStampsTaken && (call.Stamp < machine.Newest || call.Stamp < machine.Fence))
        {
            Refusals++;
            return null;
        }

        machine.Newest = call.Stamp > machine.Newest ? call.Stamp : machine.Newest;
        var operation = new Operation(verb, call, PlanOf(), faults.Strikes(FaultKind.VerbDeaf));
        if (machine.Operations.Find(o => o.Call.Stamp > call.Stamp) is { } newer)
        {
            Violated($"stale: {operation} began although {newer} had begun before");
        }

        if (machine.Operations.Find(o => o.UnderWay) is { } other)
        {
            Violated($"two at once: {operation} began while {other} was under way");
        }

        machine.Operations.Add(operation);
        operation.Hangs = faults.Strikes(FaultKind.VerbHangs);
        if (!operation.Hangs)
        {
            EndLater(machine, operation);
        }

        return operation;
    }

    /// <summary>The caller wants it to end.</summary>
    public void Abort(Operation operation, OperationEnd how)
    {
        var machine = Of(operation.Call.Host, operation.Call.Machine.Instance);
        if (!operation.UnderWay)
        {
            return;
        }

        if (operation.Deaf)
        {
            EndLater(machine, operation);
        }
        else
        {
            Finish(operation, how);
        }
    }

    /// <summary>Raises the fence; what older operations must be waited for.</summary>
    public IReadOnlyList<Operation> Fence(HostName host, InstanceId id, Stamp below)
    {
        var machine = Of(host, id);
        machine.Fence = below > machine.Fence ? below : machine.Fence;
        foreach (var older in machine.Operations.Where(o => o.UnderWay && o.Call.Stamp < below).ToList())
        {
            Abort(older, OperationEnd.Fenced);
        }

        return [.. machine.Operations.Where(o => o.UnderWay && o.Call.Stamp < below)];
    }

    /// <summary>What became of a key; under way: wait for it.</summary>
    public (Operation? UnderWay, Observation Seen) Observe(HostName host, InstanceId id, VerbKey key)
    {
        var machine = Of(host, id);
        var mine = machine.Operations.Where(o => o.Call.Key == key).ToList();
        if (mine.Find(o => o.UnderWay) is { } underWay)
        {
            return (underWay, new(false, false, null, null));
        }

        if (faults.Strikes(FaultKind.ObserveForgets))
        {
            return (null, new(Known: false, Happened: false, null, machine.State.Answer));
        }

        var happened = mine.Exists(o => o.Applied) && machine.State.AgreesWith(mine[0].Verb);
        return (null, new(Known: true, happened, null, machine.State.Answer));
    }

    /// <summary>Nothing hangs any more.</summary>
    public void CalmDown()
    {
        foreach (var (_, _, machine) in _all)
        {
            foreach (var hanging in machine.Operations.Where(o => o is { UnderWay: true, Hangs: true }))
            {
                hanging.Hangs = false;
                EndLater(machine, hanging);
            }
        }
    }

    private OperationPlan PlanOf() =>
        faults.Strikes(FaultKind.VerbFailsForGood) ? OperationPlan.FailForGood
        : faults.Strikes(FaultKind.VerbFailsAfterEffect) ? OperationPlan.FailAfterEffect
        : faults.Strikes(FaultKind.VerbFails) ? OperationPlan.Fail
        : OperationPlan.Succeed;

    private void EndLater(Machine machine, Operation operation)
    {
        var time = dice.Chance(300) ? dice.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(4)) : dice.Between(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(80));
        scheduler.After(time, null, () => Happen(machine, operation));
    }

    private void Happen(Machine machine, Operation operation)
    {
        if (!operation.UnderWay)
        {
            return;
        }

        if (operation.Plan is OperationPlan.Fail or OperationPlan.FailForGood)
        {
            operation.Failure = operation.Plan == OperationPlan.Fail ? Glitch : Broken;
            Finish(operation, OperationEnd.Failed);
            return;
        }

        var (next, failure) = machine.State.Apply(operation.Verb, by: operation.Call.Key.Task.ToString(), undo: operation.Call.Key.Direction == Direction.Undo);
        operation.Applied = failure is null;
        operation.Failure = failure ?? (operation.Plan == OperationPlan.FailAfterEffect ? Glitch : null);
        if (failure is null)
        {
            Effects++;
            Seen.Add((operation.Verb, operation.Call.Key.Direction));
            Resize(machine, operation, machine.State != next);
            machine.State = next;
        }

        operation.Power = machine.State.Answer;
        Finish(operation, operation.Failure is null ? OperationEnd.Done : OperationEnd.Failed);
    }

    private static void Resize(Machine machine, Operation operation, bool changes)
    {
        (machine.Takes, machine.AsideTakes) = operation.Verb switch
        {
            Verb.PrepareDisk or Verb.CopyDisk or Verb.Define when changes => (operation.Call.Machine.Resources, machine.AsideTakes),
            Verb.SetAside when changes => (machine.Takes, machine.Takes),
            Verb.PutBack when changes => (machine.AsideTakes, default),
            _ => (machine.Takes, machine.AsideTakes),
        };
    }

    private void Finish(Operation operation, OperationEnd end)
    {
        operation.End = end;
        chronicle.Note(30 + (int)end, (int)operation.Verb, operation.Call.Stamp.Attempt, () => $"machine {Short.Of(operation.Call.Machine.Instance)}: {operation.Verb} {operation.Call.Key.Step} at {operation.Call.Stamp} {end}{(operation.Applied ? ", the effect is there" : "")}");
        operation.Ended.SetResult();
    }
}

/// <summary>Ids for people.</summary>
internal static class Short
{
    public static string Of(InstanceId id) => id.Value.ToString("N")[..4];

    public static string Of(TaskId id) => id.Value.ToString("N")[..4];

    /// <summary>An id as a number, for fingerprints.</summary>
    public static long Number(TaskId id) => Number(id.Value);

    public static long Number(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes);
        return BitConverter.ToInt64(bytes);
    }
}
