namespace InstanceTasks.Engine.Tests.Support;

/// <summary>What holds after every commit.</summary>
internal static class Invariants
{
    public static void Check(MemoryJournal journal, Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            CheckTask(journal.Tasks[write.After.Id]);
        }

        foreach (var instance in commit.Tasks.Where(t => t.After.Children is null).Select(t => t.After.Instance).Distinct())
        {
            CheckInstance(journal, journal.Instances[instance]);
        }

        CheckSums(journal);
    }

    /// <summary>After everything: what is idle and unbroken is at the hypervisors as its record says, and nothing is left over.</summary>
    public static void CheckWorld(Cluster cluster, bool errors = true)
    {
        foreach (var instance in cluster.Journal.Instances.Values.Where(i => i.Holder is null && i.Attention.Count == 0 && (errors || i.VmState != VmState.Error)))
        {
            var machines = cluster.World.Machines.Where(m => m.Key.Machine == instance.Id && m.Value.Exists).ToList();
            var claims = cluster.Journal.Claims.Keys.Where(c => c.Instance == instance.Id).Select(c => c.Host).ToList();
            if (instance.VmState == VmState.Deleted || instance.Host is null)
            {
                Assert.Empty(machines);
                Assert.Empty(claims);
                continue;
            }

            Assert.Equal([instance.Host.Value], claims);
            if (instance.Resize is not { Stage: ResizeStage.UnderWay })
            {
                Assert.Equal(instance.Flavor.ToResources() + (instance.Resize?.Other.ToResources() ?? default), cluster.Journal.Claims[(instance.Id, instance.Host.Value)].Resources);
            }

            var machine = Assert.Single(machines);
            Assert.Equal(instance.Host.Value, machine.Key.Host);
            Assert.True(machine.Value is { Disk: true, Defined: true });
            if (instance.VmState != VmState.Error)
            {
                var expected = Machine.Of(instance) with { Boots = 0, Password = null };
                Assert.Equal(expected, machine.Value.State with { Boots = 0, Password = null });
            }
        }
    }

    private static void CheckTask(TaskRow row)
    {
        // Folding throws on an illegal transition; equality shows that the projector and the fold are one.
        var folded = TaskMachine.Fold(row.Rows.Select(r => r.Events));
        Assert.Equal(row.Body, EngineJson.Write(folded));
        Assert.Contains(TaskShape.Of(row.Record), TaskTransitions.Reachable);
        Assert.Equal(row.Record.IsEnded, row.DueAt is null);
        Assert.Equal(row.Record.IsEnded, row.Record.FinishedAt is not null);
        Assert.Equal(Enumerable.Range(1, row.Rows.Count), row.Rows.Select(r => (int)r.Seq));
    }

    private static void CheckInstance(MemoryJournal journal, InstanceRecord instance)
    {
        var open = journal.Tasks.Values.Select(t => t.Record).Where(t => t.Instance == instance.Id && !t.IsEnded).ToList();
        var holders = open.Where(t => t.Turn > 0).Select(t => t.Id).ToList();
        Assert.Equal(instance.Holder is { } holder ? [holder.Id] : [], holders);
        Assert.All(open.Where(t => t.Turn > 0), t => Assert.Equal(instance.Turn, t.Turn));
        Assert.Equal(instance.Queue.Select(q => q.Id).Order(Ids), open.Where(t => t is { Turn: 0, Outcome: TaskOutcome.None }).Select(t => t.Id).Order(Ids));
        Assert.Equal(instance.Attention.Select(q => q.Id).Order(Ids), open.Where(t => t.Outcome == TaskOutcome.NeedsAttention).Select(t => t.Id).Order(Ids));
        if (instance.Holder is null)
        {
            Assert.Empty(instance.Queue);
        }
    }

    private static void CheckSums(MemoryJournal journal)
    {
        foreach (var host in journal.Hosts.Values)
        {
            Assert.True(journal.Taken(host.Host).FitsInto(host.Capacity), $"{host.Host} is over its capacity");
        }

        foreach (var (project, used) in journal.Quota)
        {
            var living = journal.Instances.Values.Where(i => i.Project == project && i.VmState != VmState.Deleted).ToList();
            Assert.Equal(
                (living.Count + Promised(journal, project).Count(), living.Sum(i => Math.Max(i.Flavor.Vcpus, i.Resize?.Other.Vcpus ?? 0)) + Promised(journal, project).Sum(f => f.Vcpus), living.Sum(i => Math.Max(i.Flavor.RamMb, i.Resize?.Other.RamMb ?? 0)) + Promised(journal, project).Sum(f => f.RamMb)),
                (used.Instances, used.Cores, used.RamMb));
        }
    }

    // The quota of several creates is taken with their parent, before most of them exist.
    private static IEnumerable<FlavorSnapshot> Promised(MemoryJournal journal, ProjectId project) => journal.Tasks.Values
        .Where(t => t.Record is { IsEnded: false, Children: { MakesInstances: true, Created: null } } && t.Record.Project == project)
        .SelectMany(t => Enumerable.Repeat(t.Record.Children!.Template!.Flavor, t.Record.Children.Total - t.Children.Started));

    private static readonly Comparer<TaskId> Ids = Comparer<TaskId>.Create((a, b) => a.Value.CompareTo(b.Value));
}
