using InstanceTasks.Engine;
using InstanceTasks.Simulation.Store;
using InstanceTasks.Simulation.World;

namespace InstanceTasks.Simulation.Checking;

/// <summary>What holds of parents and their children after every commit, counted anew from the children themselves.</summary>
internal sealed class ParentCheck(Database database, Action<string> violated)
{
    private readonly Dictionary<TaskId, HashSet<TaskId>> _childrenOf = [];

    public void OnCommit(Commit commit)
    {
        foreach (var task in commit.Tasks.Select(t => t.After))
        {
            if (task.Children is not null)
            {
                CheckParent(task);
            }

            if (task.Parent is { } parent && (task.Seq == 1 || task.IsEnded))
            {
                CheckChild(task, parent);
            }
        }
    }

    /// <summary>The quota that creates have taken which have not come to be yet: the parent took it for all of them.</summary>
    public (int Instances, int Cores, int RamMb) Promised(ProjectId project)
    {
        var (instances, cores, ram) = (0, 0, 0);
        foreach (var row in database.Tasks.Values.Where(r => r.Record is { IsEnded: false, Children: { Template: not null, Created: null } } && r.Record.Project == project))
        {
            var (left, flavor) = (row.Record.Children!.Total - Of(row.Record.Id).Count, row.Record.Children.Template!.Flavor);
            (instances, cores, ram) = (instances + left, cores + (left * flavor.Vcpus), ram + (left * flavor.RamMb));
        }

        return (instances, cores, ram);
    }

    /// <summary>What a parent of creates was stopped from making is not there.</summary>
    public void CheckEnd()
    {
        foreach (var parent in database.Tasks.Values.Select(r => r.Record).Where(t => t.Children is { MakesInstances: true, Created: not null }))
        {
            for (var index = 0; index < parent.Children!.Total; index++)
            {
                CheckRemoved(parent, index);
            }
        }
    }

    private void CheckRemoved(TaskRecord parent, int index)
    {
        var made = database.Instances.GetValueOrDefault(parent.Children!.InstanceOf(parent.Id, index));
        var removal = database.Tasks.GetValueOrDefault(ChildIds.RemovalOf(parent.Id, index))?.Record;
        Expect(
            made is null or { VmState: VmState.Deleted } || parent.Children.RefusedBecause.ContainsKey(index) || removal is { IsEnded: true, Outcome: not TaskOutcome.Succeeded },
            $"left over: {parent.State} parent {Short.Of(parent.Id)} was to remove instance {Short.Of(made?.Id ?? default)}, which is {made?.VmState}, by a task that is {removal?.State ?? "not there"}");
    }

    private void CheckParent(TaskRecord parent)
    {
        var (open, counts) = (Open(parent.Id), database.Tasks[parent.Id].Children);
        Expect(!parent.IsEnded || open == 0, $"parent: {Short.Of(parent.Id)} has ended {parent.State}, and {open} of its children have not");
        Expect(parent.Children!.Next <= parent.Children.Total, $"parent: {Short.Of(parent.Id)} has asked for {parent.Children.Next} of {parent.Children.Total}");
        Expect(!parent.IsEnded || counts.Open == 0, $"parent: {Short.Of(parent.Id)} has ended {parent.State} with {counts} counted");
    }

    private void CheckChild(TaskRecord child, TaskId of)
    {
        var (siblings, parent) = (Of(of), database.Tasks[of]);
        var who = $"child {child.Kind} {Short.Of(child.Id)} of {Short.Of(of)}";
        if (siblings.Add(child.Id))
        {
            Expect(!parent.Record.IsEnded, $"parent: {who} was accepted after its end");
            var (forward, open) = (parent.Record.Phase == TaskPhase.Forward, Open(of));
            Expect(!forward || open <= parent.Record.Children!.Concurrency, $"parent: {who} is one of {open} under way, {parent.Record.Children!.Concurrency} may be");
        }

        var ended = siblings.Select(t => database.Tasks[t].Record).Where(t => t.IsEnded).ToList();
        var (good, canceled) = (ended.Count(t => t.Outcome == TaskOutcome.Succeeded), ended.Count(t => t.Outcome == TaskOutcome.Canceled));
        var due = new ChildCounts(siblings.Count, good, ended.Count - good - canceled, canceled);
        Expect(parent.Children == due, $"parent: {Short.Of(of)} counts {parent.Children}, and has {due}");
    }

    private HashSet<TaskId> Of(TaskId parent)
    {
        if (!_childrenOf.TryGetValue(parent, out var of))
        {
            _childrenOf[parent] = of = [];
        }

        return of;
    }

    private int Open(TaskId parent) => Of(parent).Count(t => !database.Tasks[t].Record.IsEnded);

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            violated(otherwise);
        }
    }
}
