using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>The effect happens, its outcome gets lost, the driver cannot tell, so that it is brought about again.</summary>
internal sealed class RunTwiceFault : PointFault
{
    private static readonly Failure Lost = new(FailureKinds.Lost, "The outcome got lost.", Retryable: true);
    private int _ran;

    public override async Task<VerbAnswer> OnVerbAsync(Func<Task<VerbAnswer>> run, CancellationToken abort)
    {
        var answer = await run();
        if (Interlocked.Increment(ref _ran) == 1)
        {
            throw new HypervisorException(Lost);
        }

        Strike();
        return answer;
    }

    public override async Task<Observation> OnObserveAsync(Func<Task<Observation>> run)
    {
        var seen = await run();
        return Volatile.Read(ref _ran) == 1 ? seen with { Known = false, Happened = false } : seen;
    }
}

/// <summary>A step that is its commit: the store gets that twice, and must take it once.</summary>
internal sealed class CommitTwiceFault : OnceFault
{
    public override async Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        var result = await run();
        if (result.Applied && Take())
        {
            var again = await run();
            if (!again.Applied)
            {
                Strike();
            }
        }

        return result;
    }
}

/// <summary>The effect fails, whatever is tried, until it is disarmed.</summary>
internal sealed class FailFault : PointFault
{
    private static readonly Failure Refused = new(FailureKinds.Hypervisor, "The hypervisor refused.", Details: "injected");
    private volatile bool _disarmed;

    /// <summary>From now on it works.</summary>
    public void Disarm() => _disarmed = true;

    public override Task<VerbAnswer> OnVerbAsync(Func<Task<VerbAnswer>> run, CancellationToken abort)
    {
        if (_disarmed)
        {
            return run();
        }

        Strike();
        return Task.FromException<VerbAnswer>(new HypervisorException(Refused));
    }

}

/// <summary>No host has room: the commit that claims it is told so.</summary>
internal sealed class NoRoomFault : PointFault
{
    public override Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        Strike();
        return Task.FromResult(new CommitResult(CommitVerdict.CapacityExceeded));
    }
}

/// <summary>The task stands at the point while something is asked of it. A verb that is aborted meanwhile ends without its effect.</summary>
internal sealed class StandstillFault : OnceFault
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the verb was aborted.</summary>
    public Task Aborted => _aborted.Task;

    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Lets it go on.</summary>
    public void Release() => _released.TrySetResult();

    public override async Task<VerbAnswer> OnVerbAsync(Func<Task<VerbAnswer>> run, CancellationToken abort)
    {
        if (Take())
        {
            Strike();
            Reach();
            await AbortableAsync(abort);
        }

        return await run();
    }

    public override async Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        if (Take())
        {
            Strike();
            Reach();
            await _released.Task;
        }

        return await run();
    }

    private async Task AbortableAsync(CancellationToken abort)
    {
        try
        {
            await _released.Task.WaitAsync(abort);
        }
        catch (OperationCanceledException)
        {
            _aborted.TrySetResult();
            throw;
        }
    }
}
