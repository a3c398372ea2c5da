using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>
/// What is done to everything that passes one point of one task: the verb, what is observed of it, the report of its outcome, and the commit
/// that records it. By itself it lets everything through.
/// </summary>
internal abstract class PointFault
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _struck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _fired;

    /// <summary>How often it has struck. A cell whose fault has not struck proves nothing, and fails.</summary>
    public int Fired => Volatile.Read(ref _fired);

    /// <summary>Completes when it has struck. A task may end before: the last of its messages may still be under way.</summary>
    public Task Struck => _struck.Task;

    /// <summary>Completes when the task has come to the point where it stands still.</summary>
    public Task Reached => _reached.Task;

    /// <summary>The verb.</summary>
    public virtual Task<VerbAnswer> OnVerbAsync(Func<Task<VerbAnswer>> run, CancellationToken abort) => run();

    /// <summary>What became of the verb.</summary>
    public virtual Task<Observation> OnObserveAsync(Func<Task<Observation>> run) => run();

    /// <summary>The report of the outcome.</summary>
    public virtual Task OnEndedAsync(AttemptOutcome outcome, Func<AttemptOutcome, Task> deliver) => deliver(outcome);

    /// <summary>The request to settle, when the task ends with this step.</summary>
    public virtual Task<SettleAnswer> OnSettleAsync(TaskRecord before, Func<Task<SettleAnswer>> run) => run();

    /// <summary>The commit that records that the step has ended.</summary>
    public virtual Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run) => run();

    /// <summary>It has struck.</summary>
    protected void Strike()
    {
        Interlocked.Increment(ref _fired);
        _struck.TrySetResult();
    }

    /// <summary>The task stands at the point.</summary>
    protected void Reach() => _reached.TrySetResult();
}

/// <summary>A fault that strikes once and then lets everything through.</summary>
internal abstract class OnceFault : PointFault
{
    private int _taken;

    /// <summary>Whether this is the first that passes.</summary>
    protected bool Take() => Interlocked.Exchange(ref _taken, 1) == 0;
}
