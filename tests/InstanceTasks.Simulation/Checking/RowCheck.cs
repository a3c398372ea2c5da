using InstanceTasks.Engine;
using InstanceTasks.Simulation.Store;
using InstanceTasks.Simulation.World;

namespace InstanceTasks.Simulation.Checking;

/// <summary>What holds of the rows after every commit.</summary>
internal sealed class RowCheck(Database database, Coverage coverage, Action<string> violated)
{
    private readonly ParentCheck _parents = new(database, violated);
    private readonly Dictionary<TaskId, TaskRecord> _folded = [];

    public void OnCommit(Commit commit)
    {
        foreach (var write in commit.Tasks)
        {
            CheckTask(write);
        }

        foreach (var instance in commit.Tasks.Where(t => t.After.Children is null).Select(t => t.After.Instance).Distinct())
        {
            CheckInstance(database.Instances[instance]);
        }

        foreach (var write in commit.Tasks)
        {
            CheckImage(write.After);
        }

        _parents.OnCommit(commit);
        coverage.OnCommit(commit, database);
        if (commit.Claims.Count > 0 || commit.Quota.Count > 0 || commit.Instance is not null)
        {
            CheckSums();
        }
    }

    /// <summary>Each task rebuilt from its events, in full, is its row; the stream has every event row once and in order.</summary>
    public void CheckEnd()
    {
        foreach (var row in database.Tasks.Values.Where(r => !r.Refused))
        {
            Expect(row.Record.IsEnded, $"not ended: {row.Record.Kind} {Short.Of(row.Record.Id)} is {row.Record.State}");
            CheckFold(row);
        }

        CheckStream();
        _parents.CheckEnd();
        Expect(database.Images.All.All(i => i.Active), "images: one is being saved, and nothing is under way");
    }

    /// <summary>An image is being saved while its task is open, there once it was saved, and gone when it was not.</summary>
    private void CheckImage(TaskRecord task)
    {
        if (PlanRegistry.Find(task.Kind)?.Image is not (ImageEffect.Save or ImageEffect.Shelve))
        {
            return;
        }

        var saved = task.Outcome == TaskOutcome.Succeeded || (task.Phase == TaskPhase.Forward && task.Steps.Exists(s => s is { Name: "save-image", Result: "done" }));
        var due = !task.IsEnded ? "being saved" : saved ? "active" : "not there";
        var found = database.Images.Find(task.Machine!.SnapshotId!) switch { null => "not there", { Active: true } => "active", _ => "being saved" };
        Expect(found == due, $"images: {task.Kind} {Short.Of(task.Id)} is {task.State}, and its image is {found}");
    }

    private void CheckFold(StoredRow row)
    {
        try
        {
            var folded = TaskMachine.Fold(row.Events.Select(e => e.Events));
            Expect(EngineJson.Write(folded) == EngineJson.Write(row.Record), $"fold: {row.Record.Kind} {Short.Of(row.Record.Id)} is not what its events say");
        }
        catch (Exception e) when (e is IllegalTransitionException or InvalidOperationException)
        {
            violated($"illegal: {row.Record.Kind} {Short.Of(row.Record.Id)}: {e.Message}");
        }
    }

    private void CheckStream()
    {
        long last = 0;
        Dictionary<TaskId, long> seqs = [];
        foreach (var (id, task, seq) in database.Stream)
        {
            Expect(id == last + 1, $"stream: {id} follows {last}");
            Expect(seq == seqs.GetValueOrDefault(task) + 1, $"stream: event row {seq} of task {Short.Of(task)} follows {seqs.GetValueOrDefault(task)}");
            (last, seqs[task]) = (id, seq);
        }
    }

    private void CheckTask(TaskWrite write)
    {
        var (id, before) = (write.After.Id, _folded.GetValueOrDefault(write.After.Id));
        Expect(before is not { IsEnded: true }, $"after the end: {write.After.Kind} {Short.Of(id)} was written again");
        Expect(write.Events.Count > 0, $"no event: {write.After.Kind} {Short.Of(id)} was written without one");
        try
        {
            var after = before is null ? TaskMachine.Fold([write.Events]) : Follow(before, write.Events);
            _folded[id] = after;
            Expect(Same(after, write.After), $"fold: {write.After.Kind} {Short.Of(id)} was written as {TaskShape.Of(write.After)}, its events say {TaskShape.Of(after)}");
        }
        catch (Exception e) when (e is IllegalTransitionException or InvalidOperationException)
        {
            violated($"illegal: {write.After.Kind} {Short.Of(id)}: {e.Message}");
        }

        Expect(TaskTransitions.Reachable.Contains(TaskShape.Of(write.After)), $"unreachable shape: {TaskShape.Of(write.After)}");
        Expect(write.After.IsEnded == (database.Tasks[id].DueAt is null), $"due: {write.After.Kind} {Short.Of(id)} is {write.After.State}, and due at {database.Tasks[id].DueAt}");
        Expect(write.After.IsEnded == (write.After.FinishedAt is not null), $"finished: {write.After.Kind} {Short.Of(id)}");
    }

    private TaskRecord Follow(TaskRecord before, IReadOnlyList<TaskEvent> events)
    {
        var task = before;
        foreach (var e in events)
        {
            // What a parent notes about its children, and a priority, leave the state as it is.
            if (e is not (ChildrenMoved or PrioritySet))
            {
                coverage.OnTransition(TaskShape.Of(task), e);
            }

            task = TaskMachine.Preview(task, [e]);
        }

        return task with { Seq = before.Seq + 1 };
    }

    private static bool Same(TaskRecord a, TaskRecord b) =>
        TaskShape.Of(a) == TaskShape.Of(b) && (a.Step, a.FailedAttempts, a.Epoch, a.Seq, a.Generation, a.Turn, a.Host) == (b.Step, b.FailedAttempts, b.Epoch, b.Seq, b.Generation, b.Turn, b.Host)
        && (a.MustFence, a.SupersededBy, a.Supersedes, a.TaskState, a.FinishedAt, a.NotBefore, a.FromState) == (b.MustFence, b.SupersededBy, b.Supersedes, b.TaskState, b.FinishedAt, b.NotBefore, b.FromState)
        && a.Steps.Count == b.Steps.Count && a.Commands.Count == b.Commands.Count;

    /// <summary>An instance is never busy without a task that has not ended, nor the other way round; lists and claims equal the truth.</summary>
    private void CheckInstance(InstanceRecord instance)
    {
        var open = database.TasksOf[instance.Id].Select(t => database.Tasks[t].Record).Where(t => !t.IsEnded).ToList();
        var who = $"instance {Short.Of(instance.Id)}";
        var holders = open.Where(t => t.Turn > 0).ToList();
        Expect(holders.Count <= 1 && instance.Holder?.Id == holders.FirstOrDefault()?.Id, $"busy: {who} is held by {instance.Holder?.Id}, and {holders.Count} tasks think that they have it");
        Expect(holders.TrueForAll(h => h.Turn == instance.Turn), $"turn: {who} is at {instance.Turn}, its holder at {holders.FirstOrDefault()?.Turn}");
        Expect(Equal(instance.Queue, open.Where(t => t is { Turn: 0, Outcome: TaskOutcome.None })), $"queue: {who} lists {instance.Queue.Count}");
        Expect(Equal(instance.Attention, open.Where(t => t.Outcome == TaskOutcome.NeedsAttention)), $"attention: {who} lists {instance.Attention.Count}");
        Expect(instance.Holder is not null || instance.Queue.Count == 0, $"idle, with a queue: {who}");
        Expect(instance.VmState != VmState.Deleted || open.Count == 0, $"deleted, with open tasks: {who}");
        var host = holders.Count > 0 ? holders[0].Host : instance.VmState == VmState.Deleted ? null : instance.Host;
        var claims = database.ClaimsOf(instance.Id);
        Expect(host is null ? claims.Count == 0 : claims.Count == 1 && claims.First() == host, $"claims: {who} has {string.Join(", ", claims)}, and is on {host}");
        CheckClaim(instance, who);
    }

    /// <summary>At rest it holds the room of its flavor, and that of the other side of a resize as long as either may be wanted.</summary>
    private void CheckClaim(InstanceRecord instance, string who)
    {
        if (instance is not { Holder: null, Attention.Count: 0, Host: { } host, VmState: not VmState.Deleted } || instance.Resize is { Stage: ResizeStage.UnderWay })
        {
            return;
        }

        var held = database.Claims.Single(c => c.Instance == instance.Id && c.Host == host).Resources;
        var due = instance.Flavor.ToResources() + (instance.Resize?.Other.ToResources() ?? default);
        Expect(held == due, $"claim: {who} holds {held}, and needs {due}");
    }

    private static bool Equal(List<TaskRef> listed, IEnumerable<TaskRecord> open)
    {
        var ids = open.Select(t => t.Id).ToHashSet();
        return listed.Count == ids.Count && listed.TrueForAll(l => ids.Contains(l.Id));
    }

    private void CheckSums()
    {
        foreach (var host in database.Hosts.Values)
        {
            Expect(database.Taken(host.Host).FitsInto(host.Capacity), $"capacity: {host.Host} has {host.Capacity}, and {database.Taken(host.Host)} are taken");
        }

        foreach (var (project, used) in database.Quota)
        {
            var (instances, cores, ram) = (0, 0, 0);
            foreach (var i in database.Instances.Values.Where(i => i.Project == project && i.VmState != VmState.Deleted))
            {
                var other = i.Resize?.Other ?? i.Flavor;
                (instances, cores, ram) = (instances + 1, cores + Math.Max(i.Flavor.Vcpus, other.Vcpus), ram + Math.Max(i.Flavor.RamMb, other.RamMb));
            }

            var promised = _parents.Promised(project);
            (instances, cores, ram) = (instances + promised.Instances, cores + promised.Cores, ram + promised.RamMb);
            Expect((used.Instances, used.Cores, used.RamMb) == (instances, cores, ram), $"quota: {project} is charged {used.Instances}/{used.Cores}/{used.RamMb}, and has {instances}/{cores}/{ram}");
        }
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            violated(otherwise);
        }
    }
}
