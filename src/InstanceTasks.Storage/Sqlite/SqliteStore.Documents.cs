using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Document>>(
        reader =>
        {
            var documents = new List<Document>();
            using var row = reader.Statements.Query("SELECT kind, id, body, version FROM documents WHERE kind = @kind ORDER BY id", ("@kind", kind));
            while (row.Read())
            {
                documents.Add(ReadDocument(row));
            }

            return documents;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<Document?> GetDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            using var row = reader.Statements.Query("SELECT kind, id, body, version FROM documents WHERE kind = @kind AND id = @id", ("@kind", kind), ("@id", id));
            return row.Read() ? ReadDocument(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> PutDocumentAsync(Document document, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            document.Version == 0
                ? "INSERT INTO documents (kind, id, body, version) VALUES (@kind, @id, @body, @version + 1) ON CONFLICT DO NOTHING"
                : "UPDATE documents SET body = @body, version = @version + 1 WHERE kind = @kind AND id = @id AND version = @version",
            ("@kind", document.Kind), ("@id", document.Id), ("@body", document.Body), ("@version", document.Version)) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run("DELETE FROM documents WHERE kind = @kind AND id = @id", ("@kind", kind), ("@id", id)) == 1, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetDisabledAsync(HostName host, string? reason, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run("UPDATE hosts SET disabled = @reason WHERE name = @host", ("@reason", reason), ("@host", host.Value)) == 1, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> SetAggregateZoneAsync(HostName host, string? zone, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run("UPDATE hosts SET aggregate_zone = @zone WHERE name = @host", ("@zone", zone), ("@host", host.Value)) == 1, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<HostName, int>> CountMachinesAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyDictionary<HostName, int>>(
        reader =>
        {
            var counts = new Dictionary<HostName, int>();
            using var row = reader.Statements.Query("SELECT host, count(*) FROM claims GROUP BY host");
            while (row.Read())
            {
                counts[new(row.GetString(0))] = row.GetInt32(1);
            }

            return counts;
        },
        cancellationToken);

    private static Document ReadDocument(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3));
}
