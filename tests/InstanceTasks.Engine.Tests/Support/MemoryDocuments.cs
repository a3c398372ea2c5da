namespace InstanceTasks.Engine.Tests.Support;

/// <summary>Small records in memory.</summary>
internal sealed class MemoryDocuments : IDocumentStore
{
    private readonly Dictionary<(string Kind, string Id), Document> _rows = [];

    /// <summary>Called before a write is decided: somebody may be faster.</summary>
    public Action? BeforePut { get; set; }

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Document>>([.. _rows.Values.Where(d => d.Kind == kind)]);

    public Task<Document?> GetDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => Task.FromResult(_rows.GetValueOrDefault((kind, id)));

    public Task<bool> PutDocumentAsync(Document document, CancellationToken cancellationToken = default)
    {
        BeforePut?.Invoke();
        var wins = (_rows.GetValueOrDefault((document.Kind, document.Id))?.Version ?? 0) == document.Version;
        if (wins)
        {
            _rows[(document.Kind, document.Id)] = document with { Version = document.Version + 1 };
        }

        return Task.FromResult(wins);
    }

    public Task<bool> DeleteDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => Task.FromResult(_rows.Remove((kind, id)));
}
