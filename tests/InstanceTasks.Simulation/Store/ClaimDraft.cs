using InstanceTasks.Engine;

namespace InstanceTasks.Simulation.Store;

/// <summary>The claims of a commit's machines while the commit is judged, one change after the other; kept only when all of them fit.</summary>
internal sealed class ClaimDraft(Dictionary<InstanceId, Dictionary<HostName, (TaskId Task, Resources Resources)>> claims, IReadOnlyList<ClaimChange> changes)
{
    private readonly Dictionary<InstanceId, Dictionary<HostName, (TaskId Task, Resources Resources)>> _draft =
        changes.Select(c => c.Instance).Distinct().ToDictionary(i => i, i => claims.TryGetValue(i, out var stored) ? new(stored) : new Dictionary<HostName, (TaskId Task, Resources Resources)>());

    /// <summary>What is added never exceeds what there is; what shrinks always fits.</summary>
    public static bool Fits(Resources more, Resources taken, Resources capacity) =>
        (more.Vcpus <= 0 || taken.Vcpus + more.Vcpus <= capacity.Vcpus)
        && (more.MemoryMb <= 0 || taken.MemoryMb + more.MemoryMb <= capacity.MemoryMb)
        && (more.DiskGb <= 0 || taken.DiskGb + more.DiskGb <= capacity.DiskGb);

    /// <summary>False: it does not fit. Another task's claim for the same machine on the same host is taken over: only the difference counts.</summary>
    public bool Try(ClaimChange change, Func<HostName, Resources, bool> fits)
    {
        var mine = _draft[change.Instance];
        if (!change.Take)
        {
            foreach (var host in mine.Keys.Where(h => change.Host is null || change.Host == h).ToList())
            {
                mine.Remove(host);
            }

            return true;
        }

        var taken = change.Host!.Value;
        if (mine.TryGetValue(taken, out var had) && had.Task == change.Task)
        {
            return true;
        }

        if (!fits(taken, change.Resources - had.Resources))
        {
            return false;
        }

        mine[taken] = (change.Task, change.Resources);
        return true;
    }

    /// <summary>How much more the draft takes from a host than what is stored.</summary>
    public Resources Change(HostName host)
    {
        var sum = default(Resources);
        foreach (var (instance, mine) in _draft)
        {
            sum += mine.GetValueOrDefault(host).Resources;
            sum -= claims.TryGetValue(instance, out var stored) ? stored.GetValueOrDefault(host).Resources : default;
        }

        return sum;
    }

    public void Apply()
    {
        foreach (var (instance, mine) in _draft)
        {
            claims[instance] = mine;
        }
    }
}
