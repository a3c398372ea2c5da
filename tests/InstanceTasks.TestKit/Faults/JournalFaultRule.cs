using System.Collections.Concurrent;
using InstanceTasks.Engine;

namespace InstanceTasks.TestKit.Faults;

/// <summary>What happens to a write that a rule catches.</summary>
public enum JournalFault
{
    /// <summary>It is applied, and the caller is told that the outcome is unknown.</summary>
    AcknowledgementLost = 0,

    /// <summary>It is not applied and never will be, and the caller is told that the outcome is unknown.</summary>
    NotApplied = 1,

    /// <summary>The caller is told at once that the outcome is unknown; it is applied when the test releases it.</summary>
    AppliedLate = 2,

    /// <summary>It is not applied, and the caller is told so.</summary>
    DefiniteFailure = 3,
}

/// <summary>One fault to be injected, with the proof that it was.</summary>
public sealed class JournalFaultRule
{
    private readonly Func<Commit, bool>? _when;
    private readonly int _nth;
    private readonly int _times;
    private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<Func<Task<bool>>> _late = new();
    private int _seen;
    private int _firedCount;

    internal JournalFaultRule(JournalFault fault, Func<Commit, bool>? when, int nth, int times)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(times, 1);
        (Fault, _when, _nth, _times) = (fault, when, nth, times);
    }

    /// <summary>The fault.</summary>
    public JournalFault Fault { get; }

    /// <summary>How many writes matched, whether or not the fault was injected.</summary>
    public int Seen => Volatile.Read(ref _seen);

    /// <summary>How often the fault was injected. A test that injects a fault asserts this.</summary>
    public int Fired => Volatile.Read(ref _firedCount);

    /// <summary>Completes when the fault is injected for the first time.</summary>
    public Task WhenFired => _fired.Task;

    /// <summary>How many late writes wait for their release.</summary>
    public int Late => _late.Count;

    /// <summary>Applies the oldest late write now. True: it was applied; false: it lost.</summary>
    public Task<bool> ReleaseAsync() =>
        _late.TryDequeue(out var apply) ? apply() : throw new InvalidOperationException("No late write waits: the rule has not fired, or all are released.");

    internal bool Catches(Commit? commit)
    {
        // A rule without a predicate is for tombstones, which have no commit.
        if (commit is null != _when is null || (commit is not null && !_when!(commit)))
        {
            return false;
        }

        var number = Interlocked.Increment(ref _seen);
        if (number < _nth || number >= _nth + _times)
        {
            return false;
        }

        Interlocked.Increment(ref _firedCount);
        return true;
    }

    internal void Hold(Func<Task<bool>> apply) => _late.Enqueue(apply);

    internal void Announce() => _fired.TrySetResult();
}
