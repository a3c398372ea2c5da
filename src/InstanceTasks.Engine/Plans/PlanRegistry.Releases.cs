namespace InstanceTasks.Engine;

/// <content>Other registries, for tests that run alone: the registry is the process's.</content>
public static partial class PlanRegistry
{
    /// <summary>Lets this process have one more plan, as the next release would, until the result is disposed.</summary>
    internal static IDisposable WithNextRelease(Plan plan)
    {
        lock (Gate)
        {
            var before = Remember();
            s_known = Known.Of([.. s_known.ByVersion.Values.Where(p => (p.Kind, p.Version) != (plan.Kind, plan.Version)), plan]);
            return before;
        }
    }

    /// <summary>Disposing the result takes back whatever was registered since.</summary>
    internal static IDisposable Remember() => new Back(s_known, InstanceMachine.All);

    private sealed class Back(Known known, IReadOnlyList<InstanceTransition> rows) : IDisposable
    {
        public void Dispose()
        {
            lock (Gate)
            {
                s_known = known;
                InstanceMachine.Restore(rows);
            }
        }
    }
}
