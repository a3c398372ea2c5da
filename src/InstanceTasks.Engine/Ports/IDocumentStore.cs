namespace InstanceTasks.Engine;

/// <summary>Small records of operators (aggregates, server groups, who may use a private flavor): one text each, replaced as a whole. Not for anything that a task depends on.</summary>
public interface IDocumentStore
{
    /// <summary>All documents of a kind, by id.</summary>
    Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancellationToken = default);

    /// <summary>One document; null when there is none.</summary>
    Task<Document?> GetDocumentAsync(string kind, string id, CancellationToken cancellationToken = default);

    /// <summary>Writes a document if the stored one has the version that it has; version 0: if there is none. The stored one then has the next. False: somebody was faster.</summary>
    Task<bool> PutDocumentAsync(Document document, CancellationToken cancellationToken = default);

    /// <summary>Removes a document. False: there is none.</summary>
    Task<bool> DeleteDocumentAsync(string kind, string id, CancellationToken cancellationToken = default);
}

/// <summary>A small record.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">Which, within its kind.</param>
/// <param name="Body">What it says.</param>
/// <param name="Version">How often it was written; 0: never.</param>
public sealed record Document(string Kind, string Id, string Body, long Version = 0);

/// <summary>What projects may use.</summary>
public interface IQuotaLimits
{
    /// <summary>Sets a project's limits; -1 means unlimited. What is used stays, also where it is more.</summary>
    Task SetLimitsAsync(ProjectId project, int maxInstances, int maxCores, int maxRamMb, CancellationToken cancellationToken = default);
}
