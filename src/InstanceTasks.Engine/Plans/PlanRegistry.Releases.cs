namespace InstanceTasks.Engine;

/// <content>Another release's registry, for tests of what an upgrade does to tasks that are under way.</content>
public static partial class PlanRegistry
{
    /// <summary>
    /// Lets this process have one more plan, as the next release would, until the result is disposed. For tests that run alone: the registry
    /// is the process's.
    /// </summary>
    internal static IDisposable WithNextRelease(Plan plan)
    {
        var before = new Back(ByVersion, Newest);
        ByVersion = new(ByVersion) { [(plan.Kind.Name, plan.Version)] = plan };
        Newest = NewestOf(ByVersion);
        return before;
    }

    private static Dictionary<string, Plan> NewestOf(Dictionary<(string Kind, int Version), Plan> plans) =>
        plans.Values.GroupBy(p => p.Kind.Name).ToDictionary(g => g.Key, g => g.MaxBy(p => p.Version)!);

    private sealed class Back(Dictionary<(string Kind, int Version), Plan> byVersion, Dictionary<string, Plan> newest) : IDisposable
    {
        public void Dispose() => (ByVersion, Newest) = (byVersion, newest);
    }
}
