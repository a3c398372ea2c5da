using System.Collections.Concurrent;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>What is armed at which point of which task; asked by everything that stands between a silo's parts.</summary>
internal sealed class FaultBoard
{
    private readonly ConcurrentDictionary<VerbKey, PointFault> _armed = new();
    private readonly ConcurrentDictionary<string, bool> _dead = new();
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the cluster ends: what stood in a dead process may go.</summary>
    public Task Over => _over.Task;

    /// <summary>Arms a fault.</summary>
    public T Arm<T>(TaskId task, MatrixPoint point, T fault)
        where T : PointFault
    {
        _armed[new VerbKey(task, point.Step, point.Direction)] = fault;
        return fault;
    }

    /// <summary>The fault at a point; null: none.</summary>
    public PointFault? Find(VerbKey key) => _armed.GetValueOrDefault(key);

    /// <summary>The fault of a task that may have two activations; null: it has one.</summary>
    public SecondActivationFault? FindSecond(TaskId task) =>
        _armed.Where(a => a.Key.Task == task).Select(a => a.Value).OfType<SecondActivationFault>().FirstOrDefault();

    /// <summary>Takes the faults of a task away.</summary>
    public void Disarm(TaskId task)
    {
        foreach (var key in _armed.Keys.Where(k => k.Task == task))
        {
            _armed.TryRemove(key, out _);
        }
    }

    /// <summary>The process of this silo is dead: nothing of it does anything any more.</summary>
    public void Kill(string silo) => _dead[silo] = true;

    /// <summary>Whether it is.</summary>
    public bool IsDead(string silo) => _dead.ContainsKey(silo);

    /// <summary>Everything ends.</summary>
    public void End() => _over.TrySetResult();

    /// <summary>The point whose end a task's events record; null: none.</summary>
    public static VerbKey? PointOf(TaskRecord task, IEnumerable<TaskEvent> events)
    {
        foreach (var e in events)
        {
            if (e is TaskAccepted)
            {
                return new VerbKey(task.Id, MatrixPoint.Accept.Step, Direction.Do);
            }

            if (e is StepDone { Skipped: false } done)
            {
                return new VerbKey(task.Id, PlanRegistry.Of(task).Steps[done.Step].Name, done.Direction);
            }
        }

        return null;
    }
}
