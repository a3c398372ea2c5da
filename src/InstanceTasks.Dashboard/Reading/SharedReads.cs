using InstanceTasks.Dashboard.Live;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>What every open tab looks at, read once for all of them. Who may see it is decided by <see cref="StoredReads"/>.</summary>
internal sealed class SharedReads
{
    /// <summary>Counting what needs attention ends here.</summary>
    public const int MostAttention = 21;

    /// <summary>Charts are of so many tasks at most.</summary>
    public const int MostEnded = 1000;

    private static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ChartEvery = TimeSpan.FromSeconds(5);

    private readonly SharedRead<int> _attention;
    private readonly SharedRead<CloudCounts> _counts;
    private readonly SharedRead<IReadOnlyList<EndedTask>> _ended;
    private readonly SharedRead<IReadOnlyList<SiloActivations>> _active;

    public SharedReads(IOverview overview, IQueries queries, ISiloActivity activity, ChangeFeed feed, TimeProvider time, IOptions<DashboardOptions> options)
    {
        var every = options.Value.RefreshEvery;
        _attention = new(every, Oldest, feed, time, project => overview.CountAttentionAsync(ProjectOf(project), MostAttention));
        _counts = new(every, Oldest, feed, time, _ => queries.CountAsync(Window));
        // For seeing trends: it need not be read anew each second.
        _ended = new(ChartEvery, Oldest, feed, time, project => overview.ListEndedAsync(ProjectOf(project), Window, MostEnded + 1));
        _active = new(ChartEvery, Oldest, feed, time, _ => activity.ReadAsync());
    }

    /// <summary>How many tasks need attention, up to <see cref="MostAttention"/>.</summary>
    /// <param name="project">Whose; null: of all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<Shared<int>> AttentionAsync(string? project, CancellationToken cancellationToken) => _attention.GetAsync(project ?? "", cancellationToken);

    /// <summary>Counts of the whole cloud, and of the last hour.</summary>
    public Task<Shared<CloudCounts>> CountsAsync(CancellationToken cancellationToken) => _counts.GetAsync("", cancellationToken);

    /// <summary>What has ended in the last hour, the latest first; one more than a chart shows, where there were more.</summary>
    /// <param name="project">Whose; null: of all.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public Task<Shared<IReadOnlyList<EndedTask>>> EndedAsync(string? project, CancellationToken cancellationToken) => _ended.GetAsync(project ?? "", cancellationToken);

    /// <summary>What is active in the silos.</summary>
    public Task<Shared<IReadOnlyList<SiloActivations>>> ActiveAsync(CancellationToken cancellationToken) => _active.GetAsync("", cancellationToken);

    private static ProjectId? ProjectOf(string key) => key.Length == 0 ? null : new ProjectId(key);
}
