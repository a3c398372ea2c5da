using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Engine.Tests.Support;

/// <summary>How a scripted attempt goes.</summary>
public enum Act
{
    Succeed = 0,
    FailRetryable = 1,
    FailFinal = 2,

    /// <summary>Begins, and does not end before the test says how.</summary>
    Hang = 3,

    /// <summary>The effect happens, and the attempt does not end.</summary>
    HangAfterEffect = 4,

    /// <summary>The runner does not begin it, and says so.</summary>
    NotBegun = 5,

    /// <summary>The runner gives it up without knowing what happened.</summary>
    Abandon = 6,

    /// <summary>The machine refuses it: a newer stamp was seen.</summary>
    Fenced = 7,
}

/// <summary>A machine at a hypervisor: the simulated driver's own rules.</summary>
internal sealed class Machine
{
    public MachineState State { get; set; }

    public bool Defined
    {
        get => State.Defined;
        set => State = State with { Defined = value, Power = value ? State.Power : PowerState.NoState };
    }

    public bool Disk => State.Disk;

    public bool Running => State.IsRunning;

    public bool Exists => State.Exists;

    /// <summary>As the machine of a server is.</summary>
    public static MachineState Of(InstanceRecord instance) => instance is { VmState: VmState.Resized, Resize: { } resize }
        ? Of(resize.From) with { Aside = true }
        : Of(instance.VmState) with { Aside = instance.Resize is { Stage: ResizeStage.Finished } };

    /// <summary>As a machine of a server in this vm_state is.</summary>
    public static MachineState Of(VmState state) => new(true, true, PowerOf(state), 1) { Rescue = state == VmState.Rescued };

    public static PowerState PowerOf(VmState state) => state switch
    {
        VmState.Active or VmState.Rescued or VmState.Resized => PowerState.Running,
        VmState.Paused => PowerState.Paused,
        VmState.Suspended => PowerState.Suspended,
        _ => PowerState.Shutdown,
    };
}

/// <summary>One effect.</summary>
internal sealed record Effect(HostName Host, InstanceId Machine, VerbKey Key, Stamp Stamp, Verb Verb);

/// <summary>The hypervisors of all hosts: applies effects once, counts them, and checks their order.</summary>
internal sealed class World
{
    private readonly Dictionary<InstanceId, Stamp> _floors = [];
    private readonly HashSet<VerbKey> _done = [];

    public Dictionary<(HostName Host, InstanceId Machine), Machine> Machines { get; } = [];

    public List<Effect> Effects { get; } = [];

    /// <summary>Effects that <c>Observe</c> made unnecessary.</summary>
    public int Observed { get; private set; }

    /// <summary>How attempts of a step go, one act after the other; then they succeed.</summary>
    public Dictionary<(string Step, Direction Direction), Queue<Act>> Acts { get; } = [];

    public void On(string step, Direction direction, params Act[] acts) => Acts[(step, direction)] = new Queue<Act>(acts);

    public void On(string step, params Act[] acts) => On(step, Direction.Do, acts);

    /// <summary>How attempts go for which nothing is scripted.</summary>
    public Func<Act> Otherwise { get; set; } = () => Act.Succeed;

    public Act ActFor(VerbKey key) => Acts.TryGetValue((key.Step, key.Direction), out var acts) && acts.TryDequeue(out var act) ? act : Otherwise();

    public Machine Of(HostName host, InstanceId machine)
    {
        if (!Machines.TryGetValue((host, machine), out var there))
        {
            Machines[(host, machine)] = there = new Machine();
        }

        return there;
    }

    /// <summary>What an attempt that ends well leads to.</summary>
    public AttemptOutcome Run(Attempt attempt)
    {
        var floor = _floors.GetValueOrDefault(attempt.Machine.Instance);
        if (attempt.Stamp < floor)
        {
            return Outcome(attempt, AttemptResult.Fenced, new Failure(FailureKinds.Fenced, "A newer attempt has taken over."));
        }

        _floors[attempt.Machine.Instance] = attempt.Stamp;
        var there = Of(attempt.Host, attempt.Machine.Instance);
        if (attempt.ObserveFirst && _done.Contains(attempt.Key))
        {
            Observed++;
            return Outcome(attempt, AttemptResult.Succeeded) with { Power = PowerOf(there), Observed = true };
        }

        var (next, failure) = there.State.Apply(attempt.Verb, attempt.Secret, attempt.Key.Task.ToString());
        if (failure is not null)
        {
            return Outcome(attempt, AttemptResult.Failed, failure);
        }

        Note(attempt);
        there.State = next;
        return Outcome(attempt, AttemptResult.Succeeded) with { Power = PowerOf(there) };
    }

    public static AttemptOutcome Outcome(Attempt attempt, AttemptResult result, Failure? failure = null) =>
        new() { Key = attempt.Key, Stamp = attempt.Stamp, Result = result, Failure = failure };

    private void Note(Attempt attempt)
    {
        Assert.DoesNotContain(Effects, e => e.Machine == attempt.Machine.Instance && e.Stamp == attempt.Stamp);
        Assert.All(Effects.Where(e => e.Machine == attempt.Machine.Instance), e => Assert.True(e.Stamp < attempt.Stamp, $"{e} came before the older {attempt.Stamp}"));
        Effects.Add(new Effect(attempt.Host, attempt.Machine.Instance, attempt.Key, attempt.Stamp, attempt.Verb));
        _done.Add(attempt.Key);
    }

    private static PowerState PowerOf(Machine machine) => machine.State.Answer ?? PowerState.NoState;
}
