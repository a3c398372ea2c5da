using System.Runtime.CompilerServices;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Verifier.Model;

/// <summary>Where an attempt is.</summary>
internal enum Place
{
    /// <summary>In the host's queue.</summary>
    Queued = 0,

    /// <summary>Granted to a worker that lives.</summary>
    Running = 1,

    /// <summary>Ended; the worker keeps the outcome until the task has it.</summary>
    Ended = 2,

    /// <summary>Left behind by a dead worker, or given up by a living one: the hypervisor may still do it.</summary>
    Adrift = 3,
}

/// <summary>How an attempt ended, as far as the rules tell endings apart.</summary>
internal enum Ending
{
    None = 0,
    Succeeded = 1,

    /// <summary>Failed; the same may work next time.</summary>
    Retryable = 2,

    /// <summary>Failed for good.</summary>
    Final = 3,

    /// <summary>Stopped by its worker on a fence's order.</summary>
    Aborted = 4,

    /// <summary>Its worker is gone, as the task's actor found out.</summary>
    Lost = 5,

    /// <summary>Given up by its worker without knowing.</summary>
    TimedOut = 6,

    /// <summary>The worker did not begin.</summary>
    NotBegun = 7,

    /// <summary>The hypervisor has seen a newer stamp.</summary>
    Fenced = 8,

    /// <summary>The machine is not in a state for it.</summary>
    Impossible = 9,
}

/// <summary>A stamp below which nothing may begin, and whose task it is of.</summary>
internal readonly record struct Floor(int Task, Stamp Stamp)
{
    public bool IsAbove(Stamp stamp) => stamp < Stamp;

    public Floor RaisedTo(int task, Stamp stamp) => Stamp < stamp ? new Floor(task, stamp) : this;
}

/// <summary>One attempt.</summary>
internal sealed record Work(int Task, int Step, Direction Direction, Verb Verb, Stamp Stamp, bool FenceFirst, bool Observe, Place Place = Place.Queued, Ending Ending = Ending.None);

/// <summary>An attempt as the task's activation remembers it.</summary>
internal readonly record struct Flight(Stamp Stamp, bool Begun, bool Stopping);

/// <summary>
/// The memory of one activation that owns its task's steps. One that does not has nothing that its row does not say: it is left out.
/// </summary>
/// <param name="Old">What it takes for its task's record; null: the row as it is.</param>
internal sealed record Activation(TaskRecord? Old, bool Fenced, int Attempts, Flight? Flight, Ending Outcome)
{
    public bool Equals(Activation? other) =>
        other is not null && ReferenceEquals(Old, other.Old) && Fenced == other.Fenced && Attempts == other.Attempts && Flight == other.Flight && Outcome == other.Outcome;

    public override int GetHashCode() => HashCode.Combine(Old is null ? 0 : RuntimeHelpers.GetHashCode(Old), Fenced, Attempts, Flight, Outcome);
}

/// <summary>A settle that is processed after its sender has given up. Once the task's row has changed it would change nothing: then it is left out.</summary>
internal sealed record LateSettle(int Task, IReadOnlyList<TaskEvent> Events)
{
    public bool Equals(LateSettle? other) => other is not null && Task == other.Task && ReferenceEquals(Events, other.Events);

    public override int GetHashCode() => HashCode.Combine(Task, RuntimeHelpers.GetHashCode(Events));
}

/// <summary>The world outside the rows.</summary>
/// <param name="Machine">The machine at the hypervisor, by the rules of the simulated driver; its counters are left out.</param>
/// <param name="Claimed">Its room on the host is taken.</param>
/// <param name="Done1">The effect of the first task's current step has happened.</param>
/// <param name="Done2">The same of the second task.</param>
/// <param name="Floor">The newest stamp that the hypervisor has seen.</param>
/// <param name="Fence">What the workers have been told to stop below.</param>
/// <param name="Overridden">Somebody has skipped a step or done it by hand: what the machine is like is up to them.</param>
/// <param name="Split">A task has had a second activation.</param>
internal readonly record struct World(MachineState Machine, bool Claimed, bool Done1, bool Done2, Floor Floor, Floor Fence, bool Overridden, bool Split)
{
    /// <summary>The room that is taken is that of both flavors of a resize.</summary>
    public bool Grown { get; init; }

    /// <summary>The world after a commit's claims.</summary>
    public World With(IEnumerable<ClaimChange> claims)
    {
        var world = this;
        foreach (var claim in claims)
        {
            world = world with { Claimed = claim.Take, Grown = claim.Take && claim.Resources == Names.Flavor.ToResources() + Names.Large.ToResources() };
        }

        return world;
    }

    public bool Done(int task) => task == 0 ? Done1 : Done2;

    public World WithDone(int task, bool done) => task == 0 ? this with { Done1 = done } : this with { Done2 = done };

    /// <summary>Whether the hypervisor can do it to the machine as it is.</summary>
    public bool Allows(Verb verb) => Machine.Apply(verb).Failure is null;

    /// <summary>Whether the machine is as a verb leaves it: only then is an effect that has happened still there.</summary>
    public bool IsAsAfter(Verb verb) => Machine.AgreesWith(verb);

    /// <summary>The machine afterwards.</summary>
    public World After(Verb verb, int task, Direction direction) =>
        this with { Machine = Machine.Apply(verb, by: task == 0 ? "1" : "2", undo: direction == Direction.Undo).Next with { Boots = 0 } };

    /// <summary>The machine of a server.</summary>
    public static MachineState Of(InstanceRecord instance) =>
        instance is { VmState: VmState.Resized, Resize: { } resize } ? Of(resize.From) with { Aside = true } : Of(instance.VmState);

    /// <summary>The machine of a server in a vm_state.</summary>
    public static MachineState Of(VmState state) => new(true, true, PowerOf(state), 0) { Rescue = state == VmState.Rescued };

    private static PowerState PowerOf(VmState state) => state switch
    {
        VmState.Active or VmState.Rescued => PowerState.Running,
        VmState.Paused => PowerState.Paused,
        VmState.Suspended => PowerState.Suspended,
        _ => PowerState.Shutdown,
    };
}
