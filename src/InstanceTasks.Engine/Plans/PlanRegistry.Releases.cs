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
        lock (Gate)
        {
            var before = new Back(s_known);
            s_known = Known.Of([.. s_known.ByVersion.Values.Where(p => (p.Kind, p.Version) != (plan.Kind, plan.Version)), plan]);
            return before;
        }
    }

    private sealed class Back(Known known) : IDisposable
    {
        public void Dispose() => s_known = known;
    }
}
