using Dapper;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public Task RevokeTokenAsync(string id, DateTimeOffset expiresAt, CancellationToken cancellationToken = default) => RunAsync(
        "INSERT INTO revoked_tokens (id, expires_at) VALUES (@id, @expires) ON CONFLICT (id) DO NOTHING", new { id, expires = UnixMicros.Of(expiresAt) }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsTokenRevokedAsync(string id, CancellationToken cancellationToken = default) => ReadAsync(
        connection => connection.ExecuteScalarAsync<bool>(new("SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE id = @id)", new { id }, cancellationToken: cancellationToken)), cancellationToken);
}
