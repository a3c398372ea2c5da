using System.Text.RegularExpressions;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>What the API reads, in memory: servers, tasks, hosts, secrets.</summary>
internal sealed class FakeCloud : IQueries
{
    public Dictionary<InstanceId, InstanceRecord> Instances { get; } = [];

    public Dictionary<TaskId, TaskRecord> Tasks { get; } = [];

    public Dictionary<(Guid, string), byte[]> Secrets { get; } = [];

    public List<HostView> Hosts { get; } =
    [
        new(new("host-1"), "nova", new(64, 65_536, 1000), default, null),
        new(new("host-2"), "far", new(64, 65_536, 1000), default, "under repair"),
    ];

    public QuotaUsage Usage { get; set; } = new(3, 5, 700);

    public List<(TaskId Task, TimeSpan AtMost)> Waits { get; } = [];

    public Action<TaskId>? OnWait { get; set; }

    /// <summary>Completed when a wait has begun; the wait itself ends by its token only.</summary>
    public TaskCompletionSource? HoldWaits { get; set; }

    public Exception? Broken { get; set; }

    public ServerFilter? LastFilter { get; private set; }

    public TaskFilter? LastTaskFilter { get; private set; }

    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => Broken is not null
        ? throw Broken
        : Task.FromResult(Instances.TryGetValue(id, out var instance) ? ViewOf(instance) : null);

    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default)
    {
        LastFilter = filter;
        var descending = filter.Sort[0].Descending;
        var all = Instances.Values.Where(i => Matches(filter, i) && (filter.Host is null || i.Host == filter.Host)).Select(ViewOf).OrderBy(v => v.Instance.CreatedAt).ThenBy(v => v.Instance.Id.Value).ToList();
        if (descending)
        {
            all.Reverse();
        }

        if (filter.Marker is { } marker)
        {
            var index = all.FindIndex(v => v.Instance.Id == marker);
            all = index >= 0 ? all[(index + 1)..] : throw new MarkerNotFoundException();
        }

        return Task.FromResult<IReadOnlyList<ServerView>>([.. all.Take(filter.Limit)]);
    }

    public Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) => Task.FromResult(Tasks.GetValueOrDefault(id));

    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default)
    {
        LastTaskFilter = filter;
        var all = Tasks.Values
            .Where(t => filter.Project is null || t.Project == filter.Project)
            .Where(t => filter.Instance is null || t.Instance == filter.Instance)
            .Where(t => filter.Parent is null || t.Parent == filter.Parent)
            .Where(t => filter.Request is null || t.Request == filter.Request)
            .Where(t => filter.Kinds is null || filter.Kinds.Contains(t.Kind))
            .Where(t => filter.States is null || filter.States.Contains(t.State))
            .OrderByDescending(t => t.CreatedAt).ToList();
        if (filter.Marker is { } marker)
        {
            var index = all.FindIndex(t => t.Id == marker);
            all = index >= 0 ? all[(index + 1)..] : throw new MarkerNotFoundException();
        }

        return Task.FromResult<IReadOnlyList<TaskRecord>>([.. all.Take(filter.Limit)]);
    }

    public async Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        Waits.Add((id, atMost));
        OnWait?.Invoke(id);
        if (HoldWaits is { } begun)
        {
            await HoldAsync(begun, cancellationToken);
        }

        return Tasks.GetValueOrDefault(id);
    }

    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<HostView>>(Hosts);

    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) => Task.FromResult(Usage);

    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => Task.FromResult(new CloudCounts(
        new Dictionary<VmState, int>(), new Dictionary<(string, TaskKind), int>(), new Dictionary<(string, TaskKind), int>(), new Dictionary<string, int>(),
        Tasks.Values.Where(t => t is { IsEnded: false, Host: not null }).GroupBy(t => (t.Host!.Value, t.State)).ToDictionary(g => g.Key, g => g.Count())));

    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) => Task.FromResult(Secrets.GetValueOrDefault((owner, name)));

    private static async Task HoldAsync(TaskCompletionSource begun, CancellationToken cancellationToken)
    {
        begun.SetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
    }

    private ServerView ViewOf(InstanceRecord instance) => new(
        instance,
        instance.Holder is { } holder ? Tasks.GetValueOrDefault(holder.Id) : null,
        Tasks.Values.Where(t => t.Instance == instance.Id && t.Outcome is TaskOutcome.Failed or TaskOutcome.NeedsAttention).MaxBy(t => t.UpdatedAt));

    private bool Matches(ServerFilter filter, InstanceRecord instance) =>
        (filter.Project is null || instance.Project == filter.Project)
        && (filter.Deleted is not { } deleted || instance.VmState == VmState.Deleted == deleted)
        && (filter.NamePattern is null || Regex.IsMatch(instance.Name, filter.NamePattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
        && (filter.Statuses is null || filter.Statuses.Contains(ServerStatus.Of(instance.VmState, ViewOf(instance).Holder?.TaskState)))
        && (filter.Locked is null || instance.Locked == filter.Locked)
        && (filter.FlavorId is null || instance.Flavor.Id == filter.FlavorId);
}
