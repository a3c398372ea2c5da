using InstanceTasks.Hypervisors;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>
/// The order of effects that the protocol promises (design §4.3, §4.4), checked on what was observed from outside: what runners asked of the
/// world, what was granted and confirmed, the rows of leases and tasks, and the world's own count of effects.
/// </summary>
public sealed class ProtocolCheck
{
    // The world's clock and the store's are one clock read in two places.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(5);

    private readonly List<string> _violations = [];
    private readonly List<WorldCall> _verbs;
    private readonly List<WorldCall> _fences;
    private readonly CallTrace _calls;
    private readonly Dictionary<TaskId, TaskRecord> _tasks;
    private readonly Dictionary<long, StoredLease> _leases;

    private ProtocolCheck(WorldTrace trace, CallTrace calls, StoreReader store, LeaseReader leases)
    {
        _verbs = [.. trace.Verbs];
        _fences = [.. trace.Calls.Where(c => c is { Kind: WorldCallKind.Fence, Result: WorldCallResult.Done })];
        _calls = calls;
        _tasks = store.ReadTasks().ToDictionary(t => t.Id);
        _leases = leases.Read().ToDictionary(l => l.Generation);
    }

    /// <summary>Everything that happened and must not.</summary>
    public static IReadOnlyList<string> Find(WorldTrace trace, CallTrace calls, StoreReader store, LeaseReader leases, IReadOnlyList<SimulatedEffect> effects)
    {
        var check = new ProtocolCheck(trace, calls, store, leases);
        check.NothingBeginsBeforeOlderWorkIsOver();
        check.TheWorldTakesNothingOld();
        check.NothingRunsTwice(effects);
        check.NothingBeginsAfterTheEnd();
        return check._violations;
    }

    /// <summary>New effects begin only when each older attempt has ended, is confirmed as stopped by its runner, or its runner's lease is over.</summary>
    private void NothingBeginsBeforeOlderWorkIsOver()
    {
        foreach (var next in _verbs.Where(v => v is { Duplicate: false, Begun: > 0 }))
        {
            var older = _verbs.Where(o => !o.Duplicate && o.Machine == next.Machine && o.Stamp < next.Stamp && o.Entered < next.Begun);
            foreach (var old in older.Where(o => !IsOver(o, next)))
            {
                _violations.Add($"not waited for: {next} began before {old} had ended or was fenced");
            }
        }
    }

    private bool IsOver(WorldCall old, WorldCall next)
    {
        if (old.Returned > 0 && old.Returned < next.Begun)
        {
            return true;
        }

        var holders = _calls.Grants.Where(g => g.Stamp == old.Stamp && g.Task == old.Key!.Value.Task.GrainKey).Select(g => g.Generation).ToList();
        return holders.Count > 0 && holders.TrueForAll(h => Confirmed(h, old, next) || LeaseWasOver(h, next.BegunAt));
    }

    private bool Confirmed(long generation, WorldCall old, WorldCall next) =>
        _calls.Confirmations.Any(c => c.Generation == generation && c.Machine == old.Machine && c.Below > old.Stamp && c.At < next.Begun);

    private bool LeaseWasOver(long generation, DateTimeOffset at) => _leases.TryGetValue(generation, out var lease) && lease.Until <= at + Tolerance;

    /// <summary>Once the world has seen a newer stamp or fence, an older verb must be refused.</summary>
    private void TheWorldTakesNothingOld()
    {
        foreach (var late in _verbs.Where(v => v.Result == WorldCallResult.Done))
        {
            var newer = _verbs.Where(v => v.Result == WorldCallResult.Done).Concat(_fences).FirstOrDefault(n => n.Machine == late.Machine && n.Stamp > late.Stamp && n.Ended < late.Begun);
            if (newer is not null)
            {
                _violations.Add($"stale: {late} took effect although the world had seen {newer}");
            }
        }
    }

    /// <summary>One stamp is begun by one runner, once, and its effect happens at most once.</summary>
    private void NothingRunsTwice(IReadOnlyList<SimulatedEffect> effects)
    {
        foreach (var twice in _verbs.Where(v => !v.Duplicate).GroupBy(v => (v.Key, v.Stamp)).Where(g => g.Count() > 1))
        {
            _violations.Add($"twice: {twice.Key} was begun by {string.Join(" and ", twice)}");
        }

        foreach (var effect in effects.Where(e => e.Count > 1))
        {
            _violations.Add($"twice: {effect.Key} happened {effect.Count} times at {effect.Stamp}");
        }
    }

    /// <summary>No effect of a task begins after the task has ended.</summary>
    private void NothingBeginsAfterTheEnd()
    {
        foreach (var late in _verbs.Where(v => v.Result == WorldCallResult.Done))
        {
            if (_tasks.TryGetValue(late.Key!.Value.Task, out var task) && task.FinishedAt is { } end && late.BegunAt > end + Tolerance)
            {
                _violations.Add($"after the end: {late} took effect after its task had ended {task.State} at {end:O}, at {late.BegunAt:O}");
            }
        }
    }
}
