namespace InstanceTasks.Engine;

/// <summary>Access tokens that were taken back before their time: known to every process on the store as soon as it is written.</summary>
public interface IRevokedTokens
{
    /// <summary>Takes a token back. A second time changes nothing.</summary>
    /// <param name="id">Its public id, which nobody can make a token from.</param>
    /// <param name="expiresAt">When it would have ended by itself; kept until then.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task RevokeTokenAsync(string id, DateTimeOffset expiresAt, CancellationToken cancellationToken = default);

    /// <summary>Whether it was taken back.</summary>
    Task<bool> IsTokenRevokedAsync(string id, CancellationToken cancellationToken = default);
}
