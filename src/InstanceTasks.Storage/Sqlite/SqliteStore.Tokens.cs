using Dapper;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task RevokeTokenAsync(string id, DateTimeOffset expiresAt, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            "INSERT INTO revoked_tokens (id, expires_at) VALUES (@id, @expires) ON CONFLICT (id) DO NOTHING", ("@id", id), ("@expires", UnixMicros.Of(expiresAt))),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsTokenRevokedAsync(string id, CancellationToken cancellationToken = default) => ReadAsync(
        reader => reader.Connection.ExecuteScalar<bool>("SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE id = @id)", new { id }), cancellationToken);
}
