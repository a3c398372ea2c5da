namespace InstanceTasks.Engine;

/// <summary>Puts a failpoint before and after every commit. Only registered when a failpoint is set.</summary>
public sealed class FailpointJournal(IJournal inner) : ForwardingJournal(inner)
{
    /// <inheritdoc/>
    public override async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        Failpoints.Hit("commit-before", commit.Kind, commit.Name);
        var result = await Inner.CommitAsync(commit, cancellationToken);
        Failpoints.Hit("commit-after", commit.Kind, commit.Name);
        return result;
    }
}
