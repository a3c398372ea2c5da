using InstanceTasks.Engine;

namespace InstanceTasks.Bench.Tasks;

/// <summary>A kind of so many steps that do nothing, each on the host's worker and each with its own checkpoint.</summary>
internal static class BenchKind
{
    public static readonly TaskKind Kind = new("bench");

    public static void Register(int steps)
    {
        var plan = new Plan
        {
            Kind = Kind,
            TaskState = "benchmarking",
            NeedsHost = true,
            Steps = [.. Enumerable.Range(1, steps).Select(n => new Step { Name = $"step-{n}", Do = Verb.Start, NoUndoBecause = "it does nothing" })],
        };
        PlanRegistry.Register(plan, new InstanceTransition(VmState.Active, Kind, VmState.Active));
    }
}
