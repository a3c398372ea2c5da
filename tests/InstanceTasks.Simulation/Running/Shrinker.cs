using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Running;

/// <summary>
/// Makes a failing run short: leaves faults and requests out, in halves first and one by one at last, as long as the same kind of thing is
/// violated.
/// </summary>
internal sealed class Shrinker(Func<RunOptions, RunResult> run, int mostRuns = 600)
{
    /// <summary>How many runs it took.</summary>
    public int Runs { get; private set; }

    /// <summary>The shortest failing run that was found; the given one if nothing can be left out.</summary>
    public RunResult Shrink(RunResult failing)
    {
        var best = Keep(failing.Options with { Faults = failing.Faults.ToHashSet(), Requests = failing.Requests.ToHashSet() }, failing.Kind) ?? failing;
        while (true)
        {
            var before = Size(best);
            best = Reduce(best, failing.Kind, best.Requests, (o, kept) => o with { Requests = kept });
            best = Reduce(best, failing.Kind, best.Faults, (o, kept) => o with { Faults = kept });
            if (Size(best) == before || Runs >= mostRuns)
            {
                return best;
            }
        }
    }

    private static int Size(RunResult result) => result.Faults.Count + result.Requests.Count;

    private RunResult Reduce<T>(RunResult best, string? kind, IReadOnlyList<T> items, Func<RunOptions, IReadOnlySet<T>, RunOptions> keep)
    {
        var kept = items.ToList();
        for (var size = kept.Count / 2; size >= 1; size /= 2)
        {
            for (var at = 0; at < kept.Count && Runs < mostRuns;)
            {
                var without = kept.Where((_, i) => i < at || i >= at + size).ToHashSet();
                if (Keep(keep(best.Options, without), kind) is { } shorter)
                {
                    (best, kept) = (shorter, [.. kept.Where(without.Contains)]);
                }
                else
                {
                    at += size;
                }
            }
        }

        return best;
    }

    private RunResult? Keep(RunOptions options, string? kind)
    {
        Runs++;
        var result = run(options);
        return result.Failed && result.Kind == kind ? result : null;
    }
}
