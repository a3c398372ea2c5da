using InstanceTasks.Engine;

namespace InstanceTasks.Api.Wire;

/// <summary>One kind of an operator's small records.</summary>
internal sealed class Records<T>(IDocumentStore store, string kind)
    where T : class
{
    // Whoever loses a race reads again; only a storm of writers makes this many losses.
    private const int Tries = 20;

    public async Task<IReadOnlyList<T>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await store.ListDocumentsAsync(kind, cancellationToken)).Select(d => EngineJson.Read<T>(d.Body))];

    public async Task<T?> FindAsync(string id, CancellationToken cancellationToken) =>
        await store.GetDocumentAsync(kind, id, cancellationToken) is { } document ? EngineJson.Read<T>(document.Body) : null;

    /// <summary>False: there is one already.</summary>
    public Task<bool> AddAsync(string id, T record, CancellationToken cancellationToken) => store.PutDocumentAsync(new(kind, id, EngineJson.Write(record)), cancellationToken);

    /// <summary>Changes a record as it is when the change is written; null: there is none.</summary>
    /// <param name="id">Which.</param>
    /// <param name="change">Called again when somebody was faster; it may throw.</param>
    /// <param name="initial">What is changed when there is none yet.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ApiFault">409: too many want the same.</exception>
    public async Task<T?> ChangeAsync(string id, Func<T, T> change, CancellationToken cancellationToken, T? initial = null)
    {
        for (var i = 0; i < Tries; i++)
        {
            var document = await store.GetDocumentAsync(kind, id, cancellationToken);
            if ((document is null ? initial : EngineJson.Read<T>(document.Body)) is not { } before)
            {
                return null;
            }

            var after = change(before);
            if (await store.PutDocumentAsync(new(kind, id, EngineJson.Write(after), document?.Version ?? 0), cancellationToken))
            {
                return after;
            }
        }

        throw ApiFault.Conflict($"Too many callers change {kind} {id} at this moment. Ask again.");
    }

    /// <summary>False: there is none.</summary>
    public Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) => store.DeleteDocumentAsync(kind, id, cancellationToken);
}
