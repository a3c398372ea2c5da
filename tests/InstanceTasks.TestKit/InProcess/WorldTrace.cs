using System.Collections.Concurrent;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>One order for everything that a test observes, whichever thread or silo sees it.</summary>
public sealed class TraceClock
{
    private long _last;

    /// <summary>The next number.</summary>
    public long Next() => Interlocked.Increment(ref _last);
}

/// <summary>What a runner asked of the world.</summary>
public enum WorldCallKind
{
    /// <summary>A verb.</summary>
    Verb = 0,

    /// <summary>The world's own fence.</summary>
    Fence = 1,

    /// <summary>Observing a key.</summary>
    Observe = 2,
}

/// <summary>How a call of a verb ended in the world.</summary>
public enum WorldCallResult
{
    /// <summary>Not yet.</summary>
    Open = 0,

    /// <summary>Done.</summary>
    Done = 1,

    /// <summary>Refused or ended by a fence: a newer stamp was there.</summary>
    Stale = 2,

    /// <summary>It failed, or was aborted.</summary>
    Failed = 3,
}

/// <summary>One call of one silo's runner, with the places in the common order at which it passed each point. Zero: not yet.</summary>
public sealed class WorldCall(string silo, WorldCallKind kind, InstanceId machine, VerbKey? key, Stamp stamp, bool duplicate)
{
    /// <summary>The silo whose runner asked.</summary>
    public string Silo { get; } = silo;

    /// <summary>What was asked.</summary>
    public WorldCallKind Kind { get; } = kind;

    /// <summary>The machine.</summary>
    public InstanceId Machine { get; } = machine;

    /// <summary>The effect; null for a fence.</summary>
    public VerbKey? Key { get; } = key;

    /// <summary>The stamp as the runner gave it, whatever a decorator below made of it; for a fence the stamp below which nothing begins.</summary>
    public Stamp Stamp { get; } = stamp;

    /// <summary>A repeat on the wire, not asked for by a runner.</summary>
    public bool Duplicate { get; } = duplicate;

    /// <summary>The runner called.</summary>
    public long Entered { get; internal set; }

    /// <summary>The world was called.</summary>
    public long Begun { get; internal set; }

    /// <summary>When the world was called.</summary>
    public DateTimeOffset BegunAt { get; internal set; }

    /// <summary>The world answered.</summary>
    public long Ended { get; internal set; }

    /// <summary>The runner got the answer.</summary>
    public long Returned { get; internal set; }

    /// <summary>What the world answered.</summary>
    public WorldCallResult Result { get; internal set; }

    public override string ToString() => $"{Kind} {Key} at {Stamp} by {Silo} (entered {Entered}, begun {Begun}, ended {Ended}, returned {Returned}: {Result})";
}

/// <summary>Everything that runners asked of the world.</summary>
public sealed class WorldTrace(TraceClock clock)
{
    private readonly ConcurrentQueue<WorldCall> _calls = new();

    /// <summary>All calls, in the order in which runners made them.</summary>
    public IReadOnlyList<WorldCall> Calls => [.. _calls];

    /// <summary>Calls of verbs.</summary>
    public IEnumerable<WorldCall> Verbs => _calls.Where(c => c.Kind == WorldCallKind.Verb);

    internal WorldCall Enter(string silo, WorldCallKind kind, InstanceId machine, VerbKey? key, Stamp stamp, bool duplicate = false)
    {
        var call = new WorldCall(silo, kind, machine, key, stamp, duplicate) { Entered = clock.Next() };
        _calls.Enqueue(call);
        return call;
    }

    internal void Begin(WorldCall call)
    {
        call.BegunAt = DateTimeOffset.UtcNow;
        call.Begun = clock.Next();
    }

    internal void End(WorldCall call, WorldCallResult result)
    {
        call.Result = result;
        call.Ended = clock.Next();
    }

    internal void Return(WorldCall call) => call.Returned = clock.Next();
}
