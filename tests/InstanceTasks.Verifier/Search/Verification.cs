using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>All pairs of kinds, from every vm_state that a quiet instance can have.</summary>
internal static class Verification
{
    /// <summary>Searches the pairs that are asked for, within each of the bounds; stops at the first violation.</summary>
    public static Report Run(Rules rules, IReadOnlyList<Bounds> passes, TaskKind? first = null, TaskKind? second = null, Action<Result>? progress = null)
    {
        var kinds = PlanRegistry.All.Select(p => p.Kind).Where(k => first is null || k == first).ToList();
        var results = new List<Result>();
        foreach (var (bounds, kind) in passes.SelectMany(b => kinds.Where(k => b.Firsts?.Contains(k) != false).Select(k => (b, k))))
        {
            var result = Search(rules, bounds, kind, second);
            progress?.Invoke(result);
            results.Add(result);
            if (result.Violation is not null)
            {
                break;
            }
        }

        return new Report(results, first is null && second is null);
    }

    private static Result Search(Rules rules, Bounds bounds, TaskKind first, TaskKind? second)
    {
        var seconds = PlanRegistry.All.Select(p => p.Kind).Where(k => (second is null || k == second) && bounds.Seconds?.Contains(k) != false).ToList();
        var model = new ProductModel(rules, bounds, first, seconds);
        return new Explorer(model, bounds, $"{first.Name}, then {(seconds.Count == PlanRegistry.All.Count ? "any kind" : string.Join(" or ", seconds))}").Run(Beginnings(first).Select(model.Initial));
    }

    /// <summary>The instances that a first task can meet; null: none yet.</summary>
    private static IEnumerable<InstanceRecord?> Beginnings(TaskKind kind)
    {
        yield return null;
        if (kind == TaskKinds.Create)
        {
            yield break;
        }

        foreach (var state in new[] { VmState.Active, VmState.Stopped, VmState.Error, VmState.Paused, VmState.Suspended, VmState.Rescued, VmState.Shelved, VmState.ShelvedOffloaded, VmState.Deleted })
        {
            yield return Instance(state) with { Host = state is VmState.Deleted or VmState.ShelvedOffloaded ? null : Names.Host };
        }

        yield return Resized(VmState.Active);
        yield return Resized(VmState.Stopped);

        // What a failed create leaves.
        yield return Instance(VmState.Error) with { LaunchedAt = null };
    }

    private static InstanceRecord Resized(VmState from) => Instance(VmState.Resized) with
    {
        Host = Names.Host, Flavor = Names.Large, Resize = new() { Other = Names.Flavor, From = from, Stage = ResizeStage.Finished },
    };

    private static InstanceRecord Instance(VmState state) => Names.NewInstance() with
    {
        VmState = state, LaunchedAt = Names.Now, CreatedAt = Names.Now, UpdatedAt = Names.Now, Version = 1, Turn = 1, AvailabilityZone = "z",
    };
}
