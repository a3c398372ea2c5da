namespace InstanceTasks.Engine;

/// <summary>What runs the attempts that a worker was granted: the way out of the engine to the machines.</summary>
public interface IStepRunner
{
    /// <summary>
    /// The one entry that executes a task's step on an instance: fences and observes first where the attempt says so, then runs the verb.
    /// Every end is an outcome; only cancellation that was asked for by <paramref name="abort"/> is thrown.
    /// </summary>
    /// <param name="task">The attempt.</param>
    /// <param name="instance">The machine.</param>
    /// <param name="mayStart">Asked last, right before the verb: fencing and observing may have taken longer than the process's lease. False: it is not begun.</param>
    /// <param name="abort">Asks the verb to return.</param>
    Task<AttemptOutcome> ExecuteTaskOnInstance(Attempt task, MachineSpec instance, Func<bool> mayStart, CancellationToken abort);
}
