using InstanceTasks.Engine;
using InstanceTasks.Simulation.Cluster;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Load;

/// <content>
/// Requests for parents. They have dice and numbers of their own, so that what was found before there were any can still be replayed.
/// </content>
internal sealed partial class Clients
{
    private const int FirstParent = 1_000_000;

    private static readonly (int Weight, TaskKind Kind)[] OfParents =
    [
        (40, TaskKinds.Create), (12, TaskKinds.Stop), (12, TaskKinds.Start), (12, TaskKinds.HardReboot), (8, TaskKinds.Pause), (8, TaskKinds.Delete), (8, TaskKinds.CreateImage),
    ];

    private int _parents;

    /// <summary>The next request for tasks on many instances.</summary>
    public void AskForMany(Dice drawn)
    {
        var number = FirstParent + ++_parents;
        var (kind, caller, task) = (drawn.Weighted(OfParents), drawn.Pick(_callers), new TaskId(drawn.Id()));
        var (total, concurrency, bounded, budget) = (drawn.Between(1, 5), drawn.Between(1, 3), drawn.Chance(500), drawn.Between(0, 1));
        var (queue, keyed, which, at) = (drawn.Chance(500), drawn.Chance(300), drawn.Next(), drawn.Next());
        Make(number, Ask, at);

        Task Ask(SimulatedProcess process)
        {
            var request = new SubmitTask
            {
                Task = task, Kind = TaskKinds.Bulk, Instance = default, Request = new($"req-{number}"), Caller = caller,
                Children = Of(kind, caller, total, concurrency, bounded ? budget : null, which) with { QueueWhenBusy = queue },
            };
            _tasks.Add(task);
            return keyed ? SubmitKeyedAsync(process, request, Fresh(request)) : SubmitAsync(process, request);
        }
    }

    private ChildrenRecord Of(TaskKind kind, Caller caller, int total, int concurrency, int? budget, ulong which)
    {
        if (kind == TaskKinds.Create)
        {
            return new() { Kind = kind, Total = total, Concurrency = concurrency, FailureBudget = budget, Template = NewInstance(default, caller, FlavorOf(1)) };
        }

        var seen = cluster.Database.Instances.Values.Where(i => i.VmState != VmState.Deleted && (caller.IsAdmin || i.Project == caller.Project)).Select(i => i.Id).ToList();
        var targets = Enumerable.Range(0, Math.Min(total, seen.Count)).Select(n => seen[(int)((which + (ulong)n) % (ulong)seen.Count)]).ToList();
        return new() { Kind = kind, Total = targets.Count, Targets = targets, Concurrency = concurrency, FailureBudget = budget };
    }
}
