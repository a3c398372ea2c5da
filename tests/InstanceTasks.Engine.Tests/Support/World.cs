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

/// <summary>A machine at a hypervisor.</summary>
internal sealed class Machine
{
    public bool Disk { get; set; }

    public bool Defined { get; set; }

    public bool Running { get; set; }

    public bool Exists => Disk || Defined || Running;
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

        if (!IsPossible(attempt.Verb, there))
        {
            return Outcome(attempt, AttemptResult.Failed, new Failure(FailureKinds.MachineMissing, $"{attempt.Verb} is not possible on {there.Disk}/{there.Defined}/{there.Running}"));
        }

        Apply(attempt, there);
        return Outcome(attempt, AttemptResult.Succeeded) with { Power = PowerOf(there) };
    }

    public static AttemptOutcome Outcome(Attempt attempt, AttemptResult result, Failure? failure = null) =>
        new() { Key = attempt.Key, Stamp = attempt.Stamp, Result = result, Failure = failure };

    private void Apply(Attempt attempt, Machine there)
    {
        Assert.DoesNotContain(Effects, e => e.Machine == attempt.Machine.Instance && e.Stamp == attempt.Stamp);
        Assert.All(Effects.Where(e => e.Machine == attempt.Machine.Instance), e => Assert.True(e.Stamp < attempt.Stamp, $"{e} came before the older {attempt.Stamp}"));
        Effects.Add(new Effect(attempt.Host, attempt.Machine.Instance, attempt.Key, attempt.Stamp, attempt.Verb));
        _done.Add(attempt.Key);
        switch (attempt.Verb)
        {
            case Verb.PrepareDisk:
                there.Disk = true;
                break;
            case Verb.DeleteDisk:
                there.Disk = false;
                break;
            case Verb.Define:
                there.Defined = true;
                break;
            case Verb.Undefine:
                there.Defined = false;
                break;
            case Verb.Shutdown or Verb.PowerOff:
                there.Running = false;
                break;
            default:
                there.Running = true;
                break;
        }
    }

    private static bool IsPossible(Verb verb, Machine there) => verb switch
    {
        Verb.Define => there.Disk,
        Verb.Undefine => !there.Running,
        Verb.DeleteDisk => !there.Defined,
        Verb.Start or Verb.Reboot or Verb.Reset => there.Defined,
        _ => true,
    };

    private static PowerState PowerOf(Machine machine) => machine switch
    {
        { Running: true } => PowerState.Running,
        { Defined: true } => PowerState.Shutdown,
        _ => PowerState.NoState,
    };
}
