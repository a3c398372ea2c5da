using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>A store under every port, with what the process that owns it does: open it, clean it up, seal and open secrets.</summary>
public interface IInstanceTasksStore : IJournal, ILeases, IQueries, IOverview, IHostRegistry, IHostControl, ICatalog, IHoldStore, IDocumentStore, IQuotaLimits, IRevokedTokens, IEventStream, IRestore, IRetention, IAsyncDisposable
{
    /// <summary>Seals and opens what is stored beside tasks and instances. The store itself only keeps ciphertext.</summary>
    SecretBox Secrets { get; }

    /// <summary>The invariant under which Orleans' ADO.NET providers load the driver.</summary>
    string OrleansInvariant { get; }

    /// <summary>Where Orleans' ADO.NET providers find their tables.</summary>
    string OrleansConnectionString { get; }

    /// <summary>Brings the schema up to date and starts the writer. A second call changes nothing.</summary>
    /// <exception cref="SchemaTooNewException">A newer program changed the schema.</exception>
    Task OpenAsync(CancellationToken cancellationToken = default);

    /// <summary>Removes what its time is over for. Safe to run at any time.</summary>
    Task<HousekeepingReport> RunHousekeepingAsync(CancellationToken cancellationToken = default);
}
