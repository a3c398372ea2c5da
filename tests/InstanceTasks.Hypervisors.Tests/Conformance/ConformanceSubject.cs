namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <summary>A driver under test, and the means to keep one of its operations under way.</summary>
public abstract class ConformanceSubject : IAsyncDisposable
{
    public abstract IHypervisor Driver { get; }

    /// <summary>A host that the driver reaches and that has room.</summary>
    public abstract HostName Host { get; }

    /// <summary>The next operation of this verb stays under way until it is released, or (if abortable) aborted.</summary>
    public abstract Task<Hold> HoldAsync(Verb verb, bool abortable);

    public abstract ValueTask DisposeAsync();
}

public abstract class Hold
{
    /// <summary>Returns once the operation is under way: proof that the hold hit.</summary>
    public abstract Task WaitUntilHeldAsync();

    /// <summary>Lets the operation go on to its normal end.</summary>
    public abstract Task ReleaseAsync();
}
