namespace InstanceTasks.Engine;

/// <summary>What is looked at all the time, by whoever has an overview open: each read is of one index and of no task's body.</summary>
public interface IOverview
{
    /// <summary>How many tasks need attention; counting ends at a limit.</summary>
    /// <param name="project">Only this project's; null: all.</param>
    /// <param name="most">Where counting ends.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<int> CountAttentionAsync(ProjectId? project, int most, CancellationToken cancellationToken = default);

    /// <summary>Tasks that ended within a window, in database time, latest first.</summary>
    /// <param name="project">Only this project's; null: all.</param>
    /// <param name="window">How far back.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<EndedTask>> ListEndedAsync(ProjectId? project, TimeSpan window, int limit, CancellationToken cancellationToken = default);

    /// <summary>The names of servers, also of deleted ones. Those that are not there, or of another project, are left out.</summary>
    /// <param name="servers">Which.</param>
    /// <param name="project">Only this project's; null: all.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyDictionary<InstanceId, string>> NameServersAsync(IReadOnlyCollection<InstanceId> servers, ProjectId? project, CancellationToken cancellationToken = default);
}

/// <summary>A task that has ended, as charts need it.</summary>
/// <param name="State">Its public state.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="EndedAt">When it ended.</param>
public sealed record EndedTask(string State, DateTimeOffset CreatedAt, DateTimeOffset EndedAt);
