using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Document>>(
        async connection => (await connection.QueryAsync<Document>(new("SELECT kind, id, body, version FROM documents WHERE kind = @kind ORDER BY id", new { kind }, cancellationToken: cancellationToken))).ToList(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<Document?> GetDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => ReadAsync(
        connection => connection.QuerySingleOrDefaultAsync<Document>(
            new("SELECT kind, id, body, version FROM documents WHERE kind = @kind AND id = @id", new { kind, id }, cancellationToken: cancellationToken)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PutDocumentAsync(Document document, CancellationToken cancellationToken = default) => RunAsync(
        document.Version == 0
            ? "INSERT INTO documents (kind, id, body, version) VALUES (@Kind, @Id, @Body, @Version + 1) ON CONFLICT DO NOTHING"
            : "UPDATE documents SET body = @Body, version = @Version + 1 WHERE kind = @Kind AND id = @Id AND version = @Version",
        document,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) =>
        RunAsync("DELETE FROM documents WHERE kind = @kind AND id = @id", new { kind, id }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetDisabledAsync(HostName host, string? reason, CancellationToken cancellationToken = default) =>
        RunAsync("UPDATE hosts SET disabled = @reason WHERE name = @host", new { reason, host = host.Value }, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetAggregateZoneAsync(HostName host, string? zone, CancellationToken cancellationToken = default) =>
        RunAsync("UPDATE hosts SET aggregate_zone = @zone WHERE name = @host", new { zone, host = host.Value }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<HostName, int>> CountMachinesAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyDictionary<HostName, int>>(
        async connection => (await connection.QueryAsync<(string Host, int Count)>(new("SELECT host, count(*)::int FROM claims GROUP BY host", cancellationToken: cancellationToken)))
            .ToDictionary(row => new HostName(row.Host), row => row.Count),
        cancellationToken);
}
