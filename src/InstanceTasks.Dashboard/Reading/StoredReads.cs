using InstanceTasks.Client;
using InstanceTasks.Dashboard.Sessions;
using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>
/// What the API has no call for. Only reads: counts of the whole cloud, what is stored as it is stored and silos, for whom the API's policy lets
/// (<c>dashboard:counts</c>, <c>dashboard:stored</c>); counts and names of his own project for whoever may list its tasks. Who asks is found out anew
/// each few seconds, so that a role that is taken away closes this, too, and not only calls of the API.
/// </summary>
internal sealed class StoredReads(Session session, SharedReads shared, IQueries queries, IOverview overview, IJournal journal, ILeases leases, IHostControl hosts, IEventStream stream)
{
    /// <summary>Counts of the whole cloud, and of the last hour.</summary>
    public Task<Shared<CloudCounts>> CountAsync(CancellationToken cancellationToken) => AllowedAsync(v => v.MaySeeCounts, _ => shared.CountsAsync(cancellationToken), cancellationToken);

    /// <summary>How many tasks need attention of those that the viewer sees.</summary>
    public Task<Shared<int>> AttentionAsync(CancellationToken cancellationToken) => AllowedAsync(v => v.MaySeeTasks, v => shared.AttentionAsync(ProjectOf(v), cancellationToken), cancellationToken);

    /// <summary>What has ended in the last hour of what the viewer sees.</summary>
    public Task<Shared<IReadOnlyList<EndedTask>>> EndedAsync(CancellationToken cancellationToken) => AllowedAsync(v => v.MaySeeTasks, v => shared.EndedAsync(ProjectOf(v), cancellationToken), cancellationToken);

    /// <summary>Names of servers that the viewer sees.</summary>
    public Task<IReadOnlyDictionary<InstanceId, string>> NamesAsync(IReadOnlyCollection<InstanceId> servers, CancellationToken cancellationToken) =>
        AllowedAsync(v => v.MaySeeTasks, v => overview.NameServersAsync(servers, ProjectOf(v) is { } project ? new ProjectId(project) : null, cancellationToken), cancellationToken);

    /// <summary>Processes whose lease lives.</summary>
    public Task<IReadOnlyList<LiveGeneration>> SilosAsync(CancellationToken cancellationToken) => StoredAsync(() => leases.ReadLiveAsync(cancellationToken), cancellationToken);

    /// <summary>What is active in the silos.</summary>
    public Task<Shared<IReadOnlyList<SiloActivations>>> ActiveAsync(CancellationToken cancellationToken) => AllowedAsync(v => v.MaySeeStored, _ => shared.ActiveAsync(cancellationToken), cancellationToken);

    /// <summary>Hosts with what is taken, and how many machines have room claimed on each.</summary>
    public Task<(IReadOnlyList<HostView> Hosts, IReadOnlyDictionary<HostName, int> Machines)> HostsAsync(CancellationToken cancellationToken) =>
        StoredAsync(async () => (await queries.ListHostsAsync(cancellationToken), await hosts.CountMachinesAsync(cancellationToken)), cancellationToken);

    /// <summary>A task's row.</summary>
    public Task<StoredTask?> TaskAsync(TaskId id, CancellationToken cancellationToken) => StoredAsync(() => journal.ReadTaskAsync(id, cancellationToken), cancellationToken);

    /// <summary>An instance's row.</summary>
    public Task<InstanceRecord?> InstanceAsync(InstanceId id, CancellationToken cancellationToken) => StoredAsync(() => journal.ReadInstanceAsync(id, cancellationToken), cancellationToken);

    /// <summary>What a project uses, and may.</summary>
    public Task<QuotaUsage> ProjectAsync(ProjectId project, CancellationToken cancellationToken) => StoredAsync(() => queries.GetUsageAsync(project, cancellationToken), cancellationToken);

    /// <summary>What recovery would look at now in a shard, and when it looks next.</summary>
    public Task<(IReadOnlyList<DueTask> Due, TimeSpan? Next)> ShardAsync(int shard, int limit, CancellationToken cancellationToken) =>
        StoredAsync(async () => (await journal.ReadDueAsync(shard, limit, cancellationToken), await journal.ReadNextDueAsync(shard, cancellationToken)), cancellationToken);

    /// <summary>A task's commits as they are stored, for whom the API shows it.</summary>
    public async Task<IReadOnlyList<StoredEvents>> EventsAsync(TaskId task, CancellationToken cancellationToken)
    {
        await session.KnowAsync(cancellationToken);
        await session.Api.Tasks.GetAsync(task.Value, cancellationToken);
        return await journal.ReadEventsAsync(task, cancellationToken);
    }

    /// <summary>The place of the newest event: a number, which tells nothing about anybody's tasks.</summary>
    public Task<long> LastPlaceAsync(CancellationToken cancellationToken) => stream.ReadLastPlaceAsync(cancellationToken);

    /// <summary>The place behind which no event is missing: an older one cannot be read on from.</summary>
    public Task<long> FirstPlaceAsync(CancellationToken cancellationToken) => stream.ReadFirstPlaceAsync(cancellationToken);

    // Whose tasks he sees; null: everybody's.
    private static string? ProjectOf(Viewer viewer) => viewer.IsAdmin ? null : viewer.Project;

    private Task<T> StoredAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken) => AllowedAsync(v => v.MaySeeStored, _ => read(), cancellationToken);

    private async Task<T> AllowedAsync<T>(Func<Viewer, bool> may, Func<Viewer, Task<T>> read, CancellationToken cancellationToken)
    {
        var viewer = await session.KnowAsync(cancellationToken);
        return may(viewer) ? await read(viewer) : throw new ApiException(ProblemKind.Forbidden, "This is for administrators.");
    }
}
