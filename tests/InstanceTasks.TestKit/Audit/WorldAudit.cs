using InstanceTasks.Engine;

namespace InstanceTasks.TestKit;

/// <summary>
/// Compares the store with the simulated world, both ways, when nothing is under way: tasks and what their events lead to, servers and machines, power and disks, claims, capacity,
/// quota, holders, the client's list of accepted requests, and how often each effect happened.
/// </summary>
public sealed class WorldAudit
{
    private readonly AuditReport _report = new();
    private readonly IReadOnlyList<TaskRecord> _tasks;
    private readonly IReadOnlyList<InstanceRecord> _instances;
    private readonly IReadOnlyList<WorldMachine> _machines;
    private readonly StoreReader _store;
    private readonly WorldReader _world;

    private WorldAudit(StoreReader store, WorldReader world)
    {
        _store = store;
        _world = world;
        _tasks = store.ReadTasks();
        _instances = store.ReadInstances();
        _machines = world.ReadMachines();
    }

    /// <summary>The audit of a data directory at rest.</summary>
    /// <param name="dataDirectory">The silo's data directory.</param>
    /// <param name="accepted">What the client was told.</param>
    /// <param name="kills">When processes were killed: an effect may be repeated only across one of these moments.</param>
    public static AuditReport Compare(string dataDirectory, IEnumerable<AcceptedRequest>? accepted = null, IReadOnlyList<DateTimeOffset>? kills = null)
    {
        var audit = new WorldAudit(new StoreReader(dataDirectory), new WorldReader(dataDirectory));
        audit.CompareTasks();
        audit.CompareServers();
        audit.CompareMachines();
        audit.CompareImages();
        audit.CompareCapacity();
        audit.CompareQuota();
        audit.CompareAccepted(accepted ?? []);
        audit.CompareEffects(kills ?? []);
        return audit._report;
    }

    private void CompareTasks()
    {
        foreach (var task in _tasks)
        {
            _report.Check(task.IsEnded, () => $"task {task.Id} ({task.Kind}) on {task.Instance} has not ended: {task.State}, step {task.Step}, {task.WaitReason}");
            _report.Check(task.TaskState is null || !task.IsEnded, () => $"task {task.Id} ({task.Kind}) has ended and still shows task_state {task.TaskState}");
            _report.Check(EngineJson.Write(TaskMachine.Fold(_store.ReadEvents(task.Id))) == EngineJson.Write(task), () => $"task {task.Id} ({task.Kind}) is not what its events lead to");
            _report.Check(task.Children is not null || _instances.Any(i => i.Id == task.Instance), () => $"task {task.Id} ({task.Kind}) is about server {task.Instance}, which does not exist");
        }

        CompareCounts();
        foreach (var instance in _instances)
        {
            _report.Check(instance.Holder is null, () => $"server {instance.Id} ({instance.VmState}) is still held by {instance.Holder}");
            _report.Check(instance.Queue.Count == 0, () => $"server {instance.Id} still has {instance.Queue.Count} queued tasks");
        }
    }

    private void CompareCounts()
    {
        var counted = _store.ReadChildCounts();
        foreach (var parent in _tasks.Where(t => t.Children is not null))
        {
            var children = _tasks.Where(t => t.Parent == parent.Id).ToList();
            var there = new ChildCounts(
                children.Count, children.Count(c => c.Outcome == TaskOutcome.Succeeded), children.Count(c => c.Outcome == TaskOutcome.Failed), children.Count(c => c.Outcome == TaskOutcome.Canceled));
            _report.Check(counted.GetValueOrDefault(parent.Id.Value) == there, () => $"task {parent.Id} counts {counted.GetValueOrDefault(parent.Id.Value)} and has {there}");
        }
    }

    private void CompareServers()
    {
        foreach (var instance in _instances)
        {
            var mine = _machines.Where(m => m.Machine == instance.Id.Value).ToList();
            _report.Check(mine.Count <= 1, () => $"server {instance.Id} has {mine.Count} machines: {string.Join(", ", mine)}");
            _report.Check(instance.VmState != VmState.Building, () => $"server {instance.Id} is still building");
            if (instance.VmState is VmState.Active or VmState.Stopped or VmState.Paused or VmState.Suspended or VmState.Rescued or VmState.Resized or VmState.Shelved)
            {
                CompareLiving(instance, mine.FirstOrDefault());
            }
            else if (instance.Host is null || instance.VmState == VmState.Deleted)
            {
                _report.Check(mine.Count == 0, () => $"server {instance.Id} is {instance.VmState} without a host but has {mine[0]}");
            }
        }
    }

    private void CompareLiving(InstanceRecord instance, WorldMachine? machine)
    {
        _report.Check(machine is not null, () => $"server {instance.Id} is {instance.VmState} on {instance.Host} but has no machine");
        if (machine is null)
        {
            return;
        }

        var power = PowerOf(instance.VmState == VmState.Resized ? instance.Resize!.From : instance.VmState);
        _report.Check(machine.Host == instance.Host?.Value, () => $"server {instance.Id} is on {instance.Host} but its machine on {machine.Host}");
        _report.Check(machine is { Defined: true, HasDisk: true }, () => $"server {instance.Id} is {instance.VmState} but its machine is incomplete: {machine}");
        _report.Check(machine.Power == power, () => $"server {instance.Id} is {instance.VmState} but its machine is {machine.Power}");
        _report.Check(instance.Power == power, () => $"server {instance.Id} is {instance.VmState} but its power_state is {instance.Power}");
        _report.Check(machine.Resources == instance.Flavor.ToResources(), () => $"server {instance.Id} has {instance.Flavor.ToResources()} but its machine {machine.Resources}");
        _report.Check(machine.Aside == instance.Resize?.Other.ToResources(), () => $"server {instance.Id} keeps {instance.Resize?.Other.ToResources()} of its resize, and what is set aside takes {machine.Aside}");
    }

    private static PowerState PowerOf(VmState state) => state switch
    {
        VmState.Active or VmState.Rescued => PowerState.Running,
        VmState.Paused => PowerState.Paused,
        VmState.Suspended => PowerState.Suspended,
        _ => PowerState.Shutdown,
    };

    private void CompareMachines()
    {
        var living = _instances.Where(i => i.VmState != VmState.Deleted).Select(i => i.Id.Value).ToHashSet();
        foreach (var machine in _machines)
        {
            _report.Check(living.Contains(machine.Machine), () => $"machine {machine} belongs to no server");
        }
    }

    /// <summary>An image was saved in full by a task that was not undone; what is left of a shelved server is there.</summary>
    private void CompareImages()
    {
        var images = _store.ReadImages();
        var tasks = _tasks.ToDictionary(t => t.Id.Value);
        foreach (var image in images)
        {
            _report.Check(image.Active, () => $"image {image} is still being saved");
            _report.Check(tasks.TryGetValue(image.Task, out var task) && (task.Outcome == TaskOutcome.Succeeded || task.Phase == TaskPhase.Forward), () => $"image {image} is of a task that did not save it");
        }

        foreach (var instance in _instances.Where(i => i.VmState is VmState.Shelved or VmState.ShelvedOffloaded))
        {
            _report.Check(images.Any(i => i.Id == instance.ShelvedImageId && i.Shelved), () => $"server {instance.Id} is {instance.VmState}, and its image {instance.ShelvedImageId} is not there");
        }

        foreach (var image in images.Where(i => i.Shelved))
        {
            _report.Check(_instances.Any(i => i.Id.Value == image.Instance && i.VmState != VmState.Deleted), () => $"image {image} belongs to a shelved server that does not exist");
        }
    }

    private void CompareCapacity()
    {
        var claims = _store.ReadClaims();
        var claimed = claims.Select(c => (c.Host, c.Instance)).ToList();
        var placed = _machines.Select(m => (m.Host, Instance: m.Machine)).ToHashSet();
        _report.Check(claimed.Count == claimed.Distinct().Count(), () => "a server has two claims on one host");
        foreach (var claim in claimed)
        {
            _report.Check(placed.Contains(claim), () => $"claim {claim} without a machine");
        }

        foreach (var machine in placed)
        {
            _report.Check(claimed.Contains(machine), () => $"machine {machine} without a claim");
        }

        CompareHosts(claims);
    }

    private void CompareHosts(IReadOnlyList<StoredClaim> claims)
    {
        var real = _world.ReadHosts().ToDictionary(h => h.Name, h => h.Capacity);
        var known = _store.ReadHosts();
        _report.Check(real.Keys.ToHashSet().SetEquals(known.Select(h => h.Name)), () => $"hosts differ: {string.Join(",", real.Keys)} / {string.Join(",", known.Select(h => h.Name))}");
        foreach (var host in known)
        {
            var byClaims = Sum(claims.Where(c => c.Host == host.Name).Select(c => c.Resources));
            var byMachines = Sum(_machines.Where(m => m.Host == host.Name).Select(m => m.Resources + (m.Aside ?? default)));
            _report.Check(host.Taken == byClaims, () => $"host {host.Name} says {host.Taken} taken, its claims {byClaims}");
            _report.Check(host.Taken == byMachines, () => $"host {host.Name} says {host.Taken} taken, its machines {byMachines}");
            _report.Check(real.TryGetValue(host.Name, out var capacity) && capacity == host.Capacity, () => $"host {host.Name} has another capacity in the world");
            _report.Check(host.Taken.FitsInto(host.Capacity), () => $"host {host.Name} is overcommitted: {host.Taken} of {host.Capacity}");
        }
    }

    private void CompareQuota()
    {
        var stored = _store.ReadQuota().ToDictionary(q => q.Project);
        var used = _instances.Where(i => i.VmState != VmState.Deleted).GroupBy(i => i.Project.Value).ToDictionary(g => g.Key);
        foreach (var project in stored.Keys.Union(used.Keys))
        {
            IEnumerable<InstanceRecord> servers = used.TryGetValue(project, out var found) ? found : [];
            var list = servers.ToList();
            var truth = new StoredQuota(project, list.Count, list.Sum(i => Larger(i, f => f.Vcpus)), list.Sum(i => Larger(i, f => f.RamMb)));
            var row = stored.GetValueOrDefault(project) ?? new StoredQuota(project, 0, 0, 0);
            _report.Check(row == truth, () => $"quota says {row}, the servers say {truth}");
        }
    }

    // Until a resize is confirmed or reverted the larger of both flavors counts.
    private static int Larger(InstanceRecord instance, Func<FlavorSnapshot, int> of) =>
        instance.Resize is { } resize ? Math.Max(of(instance.Flavor), of(resize.Other)) : of(instance.Flavor);

    private void CompareAccepted(IEnumerable<AcceptedRequest> accepted)
    {
        var byId = _tasks.ToDictionary(t => t.Id.Value);
        foreach (var request in accepted)
        {
            var task = byId.GetValueOrDefault(request.Task);
            _report.Check(task is not null, () => $"accepted and lost: {request.Kind} {request.Task} on {request.Server}");
            if (task is not null)
            {
                _report.Check(task.Kind.Name == request.Kind && task.Instance.Value == request.Server, () => $"{request} became {task.Kind} on {task.Instance}");
                _report.Check(request.Expected.Contains(task.State), () => $"{request.Kind} {request.Task} on {request.Server} ended {task.State}, not {string.Join("|", request.Expected)}: {task.Failure}");
            }
        }
    }

    private void CompareEffects(IReadOnlyList<DateTimeOffset> kills)
    {
        var operations = _world.ReadAllOperations();
        var known = _tasks.Select(t => t.Id.Value).ToHashSet();
        // A canceled task may end before its last operation does; then the machine's next task waits for that.
        var fenced = _instances.Where(i => i.FenceNext).Select(i => i.Id.Value).ToHashSet();
        foreach (var operation in operations)
        {
            _report.Check(known.Contains(operation.Task), () => $"an operation of an unknown task: {operation}");
            _report.Check(operation.State != "begun" || fenced.Contains(operation.Machine), () => $"an operation that nobody has seen end: {operation}");
        }

        foreach (var effect in _world.ReadEffects().GroupBy(e => e.Key))
        {
            CompareEffect(effect.Key, [.. effect.OrderBy(e => e.Stamp, StringComparer.Ordinal)], operations, kills);
        }

        CompareSteps(operations);
    }

    /// <summary>An effect happens once. It may be repeated only by a later owner of the task, after a kill that fell behind the first one's begin.</summary>
    private void CompareEffect(string key, List<WorldEffect> stamps, IReadOnlyList<WorldOperation> operations, IReadOnlyList<DateTimeOffset> kills)
    {
        foreach (var effect in stamps)
        {
            _report.Check(effect.Count == 1, () => $"{key} happened {effect.Count} times under one stamp {effect.Stamp}");
        }

        var applied = operations.Where(o => o.Key == key && o.Applied).OrderBy(o => o.Id).ToList();
        foreach (var (first, second) in applied.Zip(applied.Skip(1)))
        {
            _report.Check(EpochOf(first.Stamp) < EpochOf(second.Stamp), () => $"{key} was repeated by the same owner: {first.Stamp}, {second.Stamp}");
            _report.Check(kills.Any(k => k >= first.BegunAt && k <= second.BegunAt), () => $"{key} was repeated without a kill in between: {first}, {second}");
            _report.Repeats.Add($"{key}: {first.Stamp}, {second.Stamp}");
        }
    }

    /// <summary>The other way round: what a task says it has done at a host has happened there.</summary>
    private void CompareSteps(IReadOnlyList<WorldOperation> operations)
    {
        var verbs = operations.Select(o => (KindOf(o.Task), o.Step, o.Direction)).ToHashSet();
        var done = operations.Where(o => o.Applied).Select(o => o.Key).ToHashSet();
        foreach (var task in _tasks)
        {
            foreach (var step in task.Steps.Where(s => s.Result == "done"))
            {
                var key = new VerbKey(task.Id, step.Name, step.Direction).ToString();
                var direction = step.Direction == Direction.Do ? "do" : "undo";
                var hasVerb = verbs.Contains((task.Kind.Name, step.Name, direction));
                _report.Check(!hasVerb || done.Contains(key), () => $"task {task.Id} ({task.Kind}) says that {step.Name} ({direction}) is done, the world knows of no effect {key}");
            }
        }
    }

    private string KindOf(Guid task) => _tasks.FirstOrDefault(t => t.Id.Value == task)?.Kind.Name ?? "";

    private static int EpochOf(string stamp) => int.Parse(stamp.Split('.')[2]);

    private static Resources Sum(IEnumerable<Resources> all) => all.Aggregate(default(Resources), (a, b) => a + b);
}
