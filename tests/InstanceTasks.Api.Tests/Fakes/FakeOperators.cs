using System.Collections.Concurrent;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>Small records, quota limits and hosts, as a store has them.</summary>
internal sealed class FakeOperators(FakeCloud cloud) : IDocumentStore, IQuotaLimits, IHostControl
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<(string Kind, string Id), Document> _documents = [];

    /// <summary>Called before a document is written: a chance to be faster.</summary>
    public Action<Document>? BeforePut { get; set; }

    /// <summary>What is there, each as it was written.</summary>
    public IEnumerable<Document> Documents => _documents.Values;

    public void Clear() => _documents.Clear();

    public void Add<T>(string kind, string id, T body) => _documents[(kind, id)] = new(kind, id, EngineJson.Write(body), 1);

    public Task<IReadOnlyList<Document>> ListDocumentsAsync(string kind, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Document>>([.. _documents.Values.Where(d => d.Kind == kind).OrderBy(d => d.Id, StringComparer.Ordinal)]);

    public Task<Document?> GetDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => Task.FromResult(_documents.GetValueOrDefault((kind, id)));

    public Task<bool> PutDocumentAsync(Document document, CancellationToken cancellationToken = default)
    {
        BeforePut?.Invoke(document);
        lock (_gate)
        {
            var current = _documents.GetValueOrDefault((document.Kind, document.Id))?.Version ?? 0;
            if (current != document.Version)
            {
                return Task.FromResult(false);
            }

            _documents[(document.Kind, document.Id)] = document with { Version = document.Version + 1 };
            return Task.FromResult(true);
        }
    }

    public Task<bool> DeleteDocumentAsync(string kind, string id, CancellationToken cancellationToken = default) => Task.FromResult(_documents.TryRemove((kind, id), out _));

    public Task SetLimitsAsync(ProjectId project, int maxInstances, int maxCores, int maxRamMb, CancellationToken cancellationToken = default)
    {
        cloud.Usage = cloud.Usage with { MaxInstances = maxInstances, MaxCores = maxCores, MaxRamMb = maxRamMb };
        return Task.CompletedTask;
    }

    public Task<bool> SetDisabledAsync(HostName host, string? reason, CancellationToken cancellationToken = default) => Task.FromResult(Change(host, h => h with { Disabled = reason }));

    public Task<bool> SetAggregateZoneAsync(HostName host, string? zone, CancellationToken cancellationToken = default) => Task.FromResult(Change(host, h => h with { Zone = zone ?? "nova" }));

    public Task<IReadOnlyDictionary<HostName, int>> CountMachinesAsync(CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyDictionary<HostName, int>>(
        cloud.Instances.Values.Where(i => i.Host is not null).GroupBy(i => i.Host!.Value).ToDictionary(g => g.Key, g => g.Count()));

    private bool Change(HostName host, Func<HostView, HostView> change)
    {
        var index = cloud.Hosts.FindIndex(h => h.Host == host);
        if (index >= 0)
        {
            cloud.Hosts[index] = change(cloud.Hosts[index]);
        }

        return index >= 0;
    }
}
