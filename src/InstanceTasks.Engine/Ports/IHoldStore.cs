namespace InstanceTasks.Engine;

/// <summary>The stored holds: what an operator keeps from going on, until he says otherwise.</summary>
public interface IHoldStore
{
    /// <summary>The holds, oldest first; those removed only if asked for.</summary>
    Task<IReadOnlyList<Hold>> ListHoldsAsync(bool withRemoved = false, CancellationToken cancellationToken = default);

    /// <summary>Adds a hold and returns it as stored: its time is the database's.</summary>
    Task<Hold> AddHoldAsync(Hold hold, CancellationToken cancellationToken = default);

    /// <summary>Notes that a hold is removed, by whom and when. False: there is none, or it is removed already.</summary>
    Task<bool> RemoveHoldAsync(Guid id, UserId by, CancellationToken cancellationToken = default);
}

/// <summary>Keeps every task that it matches from starting its next step. What is given must match: a host, a project, a kind, or several of them.</summary>
public sealed record Hold
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Only tasks on this host.</summary>
    public HostName? Host { get; init; }

    /// <summary>Only tasks of this project.</summary>
    public ProjectId? Project { get; init; }

    /// <summary>Only tasks of this kind.</summary>
    public TaskKind? Kind { get; init; }

    /// <summary>Why; shown with the tasks that it holds.</summary>
    public required string Reason { get; init; }

    /// <summary>Who made it.</summary>
    public required UserId By { get; init; }

    /// <summary>When, in database time.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Who removed it.</summary>
    public UserId? RemovedBy { get; init; }

    /// <summary>When, in database time.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>Whether it holds a task.</summary>
    public bool Matches(TaskRecord task) =>
        (Host is null || task.Host == Host) && (Project is null || task.Project == Project) && (Kind is null || task.Kind == Kind);
}

/// <summary>The holds as this process knows them: asked before every step, so never a read.</summary>
public interface IHolds
{
    /// <summary>A hold that keeps the task from starting a step; null: none.</summary>
    Hold? Find(TaskRecord task);
}
