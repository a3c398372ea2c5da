using InstanceTasks.Engine;
using InstanceTasks.Simulation.Store;

namespace InstanceTasks.Simulation.Checking;

/// <summary>Which parts of the tables a run, or many, have been through.</summary>
internal sealed class Coverage
{
    public HashSet<TaskShape> Shapes { get; } = [];

    public HashSet<(TaskShape From, TaskTrigger Trigger)> Transitions { get; } = [];

    public HashSet<(VmState From, TaskKind Kind, TaskOutcome Outcome)> Ends { get; } = [];

    public HashSet<(TaskKind Running, TaskKind Requested, AcceptMode Mode)> Conflicts { get; } = [];

    public HashSet<(TaskKind Kind, string Step, Direction Direction)> Steps { get; } = [];

    public void OnTransition(TaskShape from, TaskEvent e)
    {
        Shapes.Add(from);
        Transitions.Add((from, TaskMachine.TriggerOf(e)));
    }

    public void OnCommit(Commit commit, Database database)
    {
        foreach (var write in commit.Tasks)
        {
            var task = write.After;
            Shapes.Add(TaskShape.Of(task));
            if (task.IsEnded)
            {
                Ends.Add((task.FromState, task.Kind, task.Outcome));
            }

            foreach (var done in write.Events.OfType<StepDone>().Where(s => !s.Skipped))
            {
                Steps.Add((task.Kind, PlanRegistry.Of(task).Steps[done.Step].Name, done.Direction));
            }
        }

        if (commit is { Name: "accept", Instance.After.Holder: { } holder } && commit.Tasks[0].After is { Turn: 0 } waits)
        {
            Conflicts.Add((holder.Kind, waits.Kind, waits.Run == TaskRun.Queued ? AcceptMode.Queue : AcceptMode.Supersede));
        }
    }

    public void Add(Coverage other)
    {
        Shapes.UnionWith(other.Shapes);
        Transitions.UnionWith(other.Transitions);
        Ends.UnionWith(other.Ends);
        Conflicts.UnionWith(other.Conflicts);
        Steps.UnionWith(other.Steps);
    }

    /// <summary>What the tables have and no run has been through.</summary>
    public IEnumerable<string> Missing()
    {
        foreach (var shape in TaskTransitions.Reachable.Where(s => !Shapes.Contains(s)))
        {
            yield return $"state {shape}";
        }

        foreach (var missing in All().Where(t => !Transitions.Contains(t)))
        {
            yield return $"transition {missing.Trigger} from {missing.From}";
        }
    }

    /// <summary>Every transition of the table from every reachable state.</summary>
    public static IEnumerable<(TaskShape From, TaskTrigger Trigger)> All() =>
        TaskTransitions.Reachable.SelectMany(s => Enum.GetValues<TaskTrigger>().Where(t => TaskTransitions.Allows(s, t)).Select(t => (s, t)));
}
