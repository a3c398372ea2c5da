using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>How far a search goes. Whatever is left out by a bound is not shown to be right.</summary>
internal sealed record Bounds
{
    // One of each form of plan; those of the same form differ in their verbs only, which the pass without faults and commands meets in all pairs.
    private static IReadOnlyList<TaskKind> Plain { get; } = [TaskKinds.Create, TaskKinds.Delete, TaskKinds.Stop, TaskKinds.Start, TaskKinds.Reboot, TaskKinds.HardReboot];

    private static IReadOnlyList<TaskKind> Core { get; } = [.. Plain, TaskKinds.Pause, TaskKinds.Resume, TaskKinds.Rescue, TaskKinds.Resize];

    /// <summary>The passes that the tests run: small enough for seconds, and together large enough to reach everything that two tasks can.</summary>
    public static IReadOnlyList<Bounds> OfTests { get; } =
    [
        new() { Faults = 0, Crashes = 0, Losses = 0, Delays = 0, Failures = 0, Commands = 0 },
        new() { Seconds = [TaskKinds.Lock, TaskKinds.Delete, TaskKinds.HardReboot] },
        new() { Firsts = Plain, Seconds = [.. Plain, TaskKinds.ResetToError] },
        new() { Faults = 2, Crashes = 0, Losses = 0, Delays = 0, Failures = 2, Firsts = Core, Seconds = [TaskKinds.Start, TaskKinds.Stop, TaskKinds.Delete] },
        new() { Faults = 2, Crashes = 1, Losses = 0, Delays = 0, Failures = 1, Commands = 0, Firsts = Plain, Seconds = Plain },
        new() { Faults = 1, Splits = 1, Crashes = 0, Losses = 0, Delays = 0, Failures = 0, Commands = 0, Firsts = Core, Seconds = [TaskKinds.Delete, TaskKinds.HardReboot] },

        // What needs attention when it is nearly done, and what others have done by the time that it is tried again.
        new() { Crashes = 0, Losses = 0, Delays = 0, Firsts = [TaskKinds.Rebuild, TaskKinds.Shelve, TaskKinds.ShelveAndOffload, TaskKinds.ShelveOffload] },
    ];

    /// <summary>Larger passes: minutes, and some gigabytes of memory.</summary>
    public static IReadOnlyList<Bounds> Thorough { get; } =
    [
        new(),
        new() { Faults = 2, Failures = 2, Firsts = Core, Seconds = Core },
        new() { Commands = 2, Firsts = Core, Seconds = Core },
        new() { Faults = 1, Splits = 1, Crashes = 0, Losses = 0, Delays = 0, Failures = 0 },
        new() { Faults = 2, Splits = 1, Losses = 0, Delays = 0, Failures = 0, Commands = 0 },
    ];

    /// <summary>Crashes: of an activation, of the workers, of a host's queue, or of the whole process.</summary>
    public int Crashes { get; init; } = 1;

    /// <summary>Second activations of one task: the older one lives on without knowing it.</summary>
    public int Splits { get; init; }

    /// <summary>Messages lost, or processed after their sender has given up.</summary>
    public int Losses { get; init; } = 1;

    /// <summary>Attempts that fail (to be repeated, for good, by time-out), and placements that find no room.</summary>
    public int Failures { get; init; } = 1;

    /// <summary>Delays so long that the task shows them.</summary>
    public int Delays { get; init; } = 1;

    /// <summary>Commands, apart from the resume of a paused task and the abandon of one that needs attention: those are always to be had.</summary>
    public int Commands { get; init; } = 1;

    /// <summary>Crashes, splits, losses, failures and delays together.</summary>
    public int Faults { get; init; } = 1;

    /// <summary>Attempts that are under way at one moment: queued, running, ended and not reported, or left behind.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Situations after which a search gives up as too large.</summary>
    public int Situations { get; init; } = 20_000_000;

    /// <summary>The kinds that the second task may have; null: all.</summary>
    public IReadOnlyList<TaskKind>? Seconds { get; init; }

    /// <summary>The kinds that the first task may have; null: all.</summary>
    public IReadOnlyList<TaskKind>? Firsts { get; init; }

    /// <summary>Steps of a run; only for looking at short runs, since where they stop is no dead end.</summary>
    public int Steps { get; init; } = int.MaxValue;

    /// <inheritdoc/>
    public override string ToString() =>
        $"2 tasks; in one run at most {Faults} {(Faults == 1 ? "fault" : "faults")} (at most {Crashes} crashes, {Splits} second activations, {Losses} lost or late messages, {Failures} failures, {Delays} long delays) " +
        $"and {Commands} commands; under way at one moment at most {Attempts} attempts, a wake-up for each task, and a settle whose sender has given up" +
        (Firsts is null ? "" : $"; the first task only {string.Join(" or ", Firsts)}") +
        (Seconds is null ? "" : $"; the second task only {string.Join(" or ", Seconds)}");
}

/// <summary>What a run has used of its bounds.</summary>
internal readonly record struct Used(byte Crashes, byte Splits, byte Losses, byte Failures, byte Delays, byte Commands)
{
    public int Faults => Crashes + Splits + Losses + Failures + Delays;

    /// <summary>What would be used with one more fault; null when the bounds do not allow it.</summary>
    public Used? With(Fault fault, Bounds bounds)
    {
        var more = fault switch
        {
            Fault.Crash => this with { Crashes = (byte)(Crashes + 1) },
            Fault.Split => this with { Splits = (byte)(Splits + 1) },
            Fault.Loss => this with { Losses = (byte)(Losses + 1) },
            Fault.Failure => this with { Failures = (byte)(Failures + 1) },
            Fault.Delay => this with { Delays = (byte)(Delays + 1) },
            _ => this,
        };
        return more.Fits(bounds) ? more : null;
    }

    private bool Fits(Bounds b) =>
        Crashes <= b.Crashes && Splits <= b.Splits && Losses <= b.Losses && Failures <= b.Failures && Delays <= b.Delays && Faults <= b.Faults;
}

/// <summary>What may go wrong.</summary>
internal enum Fault
{
    None = 0,
    Crash = 1,
    Split = 2,
    Loss = 3,
    Failure = 4,
    Delay = 5,
}
