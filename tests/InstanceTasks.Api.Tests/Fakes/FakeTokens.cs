using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>The store's tokens that were taken back; shared by hosts that stand for several silos.</summary>
internal sealed class FakeTokens : IRevokedTokens
{
    public Dictionary<string, DateTimeOffset> Revoked { get; } = [];

    public Task RevokeTokenAsync(string id, DateTimeOffset expiresAt, CancellationToken cancellationToken = default)
    {
        Revoked.TryAdd(id, expiresAt);
        return Task.CompletedTask;
    }

    public Task<bool> IsTokenRevokedAsync(string id, CancellationToken cancellationToken = default) => Task.FromResult(Revoked.ContainsKey(id));
}
