using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Engine.Tests.Support;

/// <summary>One process: its generation, its activations and its worker.</summary>
internal sealed class Node : IOwnership
{
    private readonly HashSet<Guid> _spent = [];
    private readonly Dictionary<TaskId, TaskCell> _tasks = [];
    private readonly Dictionary<InstanceId, InstanceActor> _instances = [];

    public Node(Cluster cluster, long generation)
    {
        (Cluster, Generation) = (cluster, generation);
        Worker = new Worker(this, cluster.World);
    }

    public Cluster Cluster { get; }

    public Worker Worker { get; }

    public long Generation { get; set; }

    public bool LeaseIsSafe { get; set; } = true;

    public bool Dead { get; private set; }

    public int TokensSpent => _spent.Count;

    public IReadOnlyCollection<long> LiveGenerations => [.. Cluster.Live];

    public bool IsOver(long generation) => Cluster.Over.Contains(generation);

    public bool MayWorkFor(long generation, HostName host) => true;

    public bool TrySpend(Guid token) => _spent.Add(token);

    /// <summary>The activation of a task here; made when there is none.</summary>
    public TaskCell Cell(TaskId task)
    {
        if (!_tasks.TryGetValue(task, out var cell))
        {
            _tasks[task] = cell = new TaskCell(this, task);
        }

        return cell;
    }

    public void Forget(TaskCell cell)
    {
        if (_tasks.GetValueOrDefault(cell.Task) == cell)
        {
            _tasks.Remove(cell.Task);
        }
    }

    public InstanceActor Instance(InstanceId id)
    {
        if (!_instances.TryGetValue(id, out var actor) || actor.MustDrop)
        {
            _instances[id] = actor = new InstanceActor(id, Cluster.Journal, new ClusterPeers(Cluster), this, Cluster.Time, NullLogger<InstanceActor>.Instance, Cluster.Admission);
        }

        return actor;
    }

    /// <summary>All activations are gone, the process and its worker live.</summary>
    public void LoseActivations()
    {
        foreach (var cell in _tasks.Values.ToList())
        {
            cell.Lose();
        }

        _instances.Clear();
    }

    /// <summary>The process dies; its lease lives on until it is ended.</summary>
    public void Kill()
    {
        Dead = true;
        LoseActivations();
    }

    /// <summary>A message that is lost when the process dies first.</summary>
    public void Post(Func<Task> message) => Cluster.Post(() => Dead ? Task.CompletedTask : message());
}

/// <summary>One activation of a task.</summary>
internal sealed class TaskCell : ITaskTurns
{
    private readonly Node _node;
    private ITimer? _tick;
    private bool _lost;

    public TaskCell(Node node, TaskId task)
    {
        (_node, Task) = (node, task);
        Actor = new TaskActor(task, node.Cluster.Journal, node.Cluster.Queries, new ClusterPeers(node.Cluster), node, this, node.Cluster.Time, NullLogger<TaskActor>.Instance, node.Cluster.Holds,
            node.Cluster.Groups, node.Cluster.Admission);
    }

    public TaskId Task { get; }

    public TaskActor Actor { get; }

    /// <summary>Why it was dropped.</summary>
    public string? Dropped { get; private set; }

    public void TickIn(TimeSpan? delay)
    {
        _tick?.Dispose();
        _tick = delay is { } due && !_lost ? _node.Cluster.Time.Once(due, () => _node.Post(() => TurnAsync(a => a.TickAsync()))) : null;
    }

    public void Drop(string reason, bool wakeAgain)
    {
        Dropped = reason;
        _node.Cluster.Drops.Add(reason);
        Lose();
        if (wakeAgain)
        {
            _node.Cluster.WakeLater(Task, TimeSpan.FromMilliseconds(100), reason);
        }
    }

    /// <summary>One turn, as the grain gives it.</summary>
    public async Task TurnAsync(Func<TaskActor, Task> turn)
    {
        if (_lost)
        {
            return;
        }

        try
        {
            await turn(Actor);
        }
        catch (Exception e) when (e is not Xunit.Sdk.XunitException)
        {
            _node.Cluster.Defects.Add(e);
            Lose();
            _node.Cluster.WakeLater(Task, TimeSpan.FromSeconds(5), "a turn failed");
        }
    }

    public void Lose()
    {
        _lost = true;
        _tick?.Dispose();
        _node.Forget(this);
    }
}
