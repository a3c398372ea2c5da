using System.Diagnostics;
using InstanceTasks.Engine;
using InstanceTasks.Simulation.Checking;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Running;

/// <summary>Many seeds, one after the other, and what can be said of all of them.</summary>
internal sealed class Batch
{
    private readonly List<long> _events = [];
    private readonly List<long> _commits = [];
    private readonly List<long> _faults = [];
    private readonly List<long> _instances = [];
    private readonly Dictionary<FaultKind, long> _struck = [];
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _effects;
    private long _refusals;

    public int Seeds => _events.Count;

    /// <summary>Runs in which something was violated.</summary>
    public List<RunResult> Failures { get; } = [];

    public Coverage Coverage { get; } = new();

    public double SeedsPerMinute => Seeds / _watch.Elapsed.TotalMinutes;

    public IReadOnlyDictionary<FaultKind, long> Struck => _struck;

    /// <summary>Runs seeds from a first one on for as long as <paramref name="goOn"/> says so.</summary>
    public static Batch Run(long first, Func<Batch, bool> goOn, Action<RunResult>? failed = null)
    {
        var batch = new Batch();
        for (var seed = first; goOn(batch); seed++)
        {
            var result = Simulator.Run(new RunOptions(seed));
            batch.Add(result);
            if (result.Failed)
            {
                failed?.Invoke(result);
            }
        }

        batch._watch.Stop();
        return batch;
    }

    public void Add(RunResult result)
    {
        _events.Add(result.Events);
        _commits.Add(result.Commits);
        _faults.Add(result.Faults.Count);
        _instances.Add(result.Instances);
        _effects += result.Effects;
        _refusals += result.Refusals;
        Coverage.Add(result.Coverage);
        foreach (var fault in result.Faults)
        {
            _struck[fault.Kind] = _struck.GetValueOrDefault(fault.Kind) + 1;
        }

        if (result.Failed)
        {
            Failures.Add(result);
        }
    }

    public static long Median(List<long> values) => values.Count == 0 ? 0 : values.Order().ElementAt(values.Count / 2);

    public (long Events, long Commits, long Faults, long Instances) Medians => (Median(_events), Median(_commits), Median(_faults), Median(_instances));

    /// <summary>The least that any seed had.</summary>
    public (long Commits, long Faults, long Instances) Least => (_commits.Min(), _faults.Min(), _instances.Min());

    public IEnumerable<string> Report(bool missing)
    {
        yield return $"{Seeds} seeds in {_watch.Elapsed.TotalSeconds:0.0} s ({SeedsPerMinute:0} a minute), {Failures.Count} failed, {_effects} effects on machines, {_refusals} refused by stamp";
        if (Seeds == 0)
        {
            yield break;
        }

        var (events, commits, faults, instances) = Medians;
        yield return $"per seed, median (least): {events} events, {commits} ({Least.Commits}) commits, {faults} ({Least.Faults}) faults, {instances} ({Least.Instances}) instances";
        var all = Coverage.All().ToList();
        yield return $"covered: {Coverage.Shapes.Count} of {TaskTransitions.Reachable.Count} task states, {Coverage.Transitions.Count} of {all.Count} transitions, " +
            $"{Coverage.Ends.Count} ends (vm_state, kind, outcome), {Coverage.Conflicts.Count} conflicts (running, requested), {Coverage.Steps.Count} steps done or undone";
        yield return $"faults: {string.Join(", ", _struck.OrderBy(s => s.Key).Select(s => $"{s.Key} {s.Value}"))}";
        foreach (var line in missing ? Coverage.Missing() : [])
        {
            yield return $"not covered: {line}";
        }
    }
}
