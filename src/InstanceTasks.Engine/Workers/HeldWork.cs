namespace InstanceTasks.Engine;

/// <summary>One attempt in this process's hands.</summary>
internal sealed class HeldWork(Attempt attempt, long generation)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource? _abort;
    private volatile bool _abortAsked;
    private volatile AttemptOutcome? _outcome;

    public Attempt Attempt { get; } = attempt;

    public long Generation { get; } = generation;

    /// <summary>Whether somebody asked for its abort; a time-out does not count.</summary>
    public bool AbortAsked => _abortAsked;

    public AttemptOutcome? Outcome => _outcome;

    /// <summary>Completes when it has ended, or has been abandoned.</summary>
    public Task Ended => _ended.Task;

    public CancellationTokenSource Arm(TimeSpan timeout, TimeProvider time)
    {
        var abort = new CancellationTokenSource(timeout, time);
        _abort = abort;
        // Each side writes its own and then reads the other's: without barriers both might read the old, and the abort would be lost.
        Interlocked.MemoryBarrier();
        if (_abortAsked)
        {
            abort.Cancel();
        }

        return abort;
    }

    /// <summary>Asks the verb to return. What listens to the abort runs here and now, so that nothing of the engine leaves its turn for another thread.</summary>
    public void Abort()
    {
        _abortAsked = true;
        Interlocked.MemoryBarrier();
        try
        {
            _abort?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in this moment: there is nothing left to abort.
        }
    }

    public void End(AttemptOutcome outcome)
    {
        _outcome = outcome;
        _ended.TrySetResult();
    }

    public HeldAttempt ToHeld() => new() { Key = Attempt.Key, Stamp = Attempt.Stamp, Machine = Attempt.Machine.Instance, Outcome = _outcome, Kind = Attempt.Kind, Project = Attempt.Project };
}
