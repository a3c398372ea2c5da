namespace InstanceTasks.Storage;

/// <summary>Rings when something was committed. Costs one look where nobody listens.</summary>
internal sealed class CommitBell
{
    private TaskCompletionSource? _next;

    /// <summary>Completes at the next ring.</summary>
    public Task Next()
    {
        var fresh = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return (Interlocked.CompareExchange(ref _next, fresh, null) ?? fresh).Task;
    }

    /// <summary>Wakes those who listen.</summary>
    public void Ring()
    {
        if (Volatile.Read(ref _next) is not null)
        {
            Interlocked.Exchange(ref _next, null)?.TrySetResult();
        }
    }
}
