namespace InstanceTasks.Engine;

/// <summary>Measures how commits get on.</summary>
public sealed class MeasuredJournal(IJournal inner, CommitLoad load) : ForwardingJournal(inner)
{
    /// <inheritdoc/>
    public override async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        var entered = load.Enter();
        try
        {
            return await Inner.CommitAsync(commit, cancellationToken);
        }
        finally
        {
            load.Leave(entered);
        }
    }
}
