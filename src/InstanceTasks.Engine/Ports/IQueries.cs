namespace InstanceTasks.Engine;

/// <summary>Reads for the API: from the database, never from grains, so that they never go backwards.</summary>
public interface IQueries
{
    /// <summary>One server with its holder and the task behind its fault; null when there is none. Deleted ones are returned.</summary>
    Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default);

    /// <summary>Servers by filter, one page.</summary>
    /// <exception cref="MarkerNotFoundException">The marker is not in the result's scope.</exception>
    Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default);

    /// <summary>One task; null when there is none, or only a tombstone.</summary>
    Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default);

    /// <summary>Tasks by filter, one page. Tombstones never show.</summary>
    /// <exception cref="MarkerNotFoundException">The marker does not exist.</exception>
    Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default);

    /// <summary>The task once it has ended or needs a decision, or as it is when the time is over; null when there is none by then.</summary>
    Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default);

    /// <summary>Hosts with capacity and what is taken.</summary>
    Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default);

    /// <summary>A project's usage.</summary>
    Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default);

    /// <summary>Counts for an overview, all of one moment.</summary>
    /// <param name="window">How far back ended tasks are counted, in database time.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default);

    /// <summary>Reads a secret of a task or instance; null when it is not there (any more).</summary>
    Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default);
}

/// <summary>Hosts and their capacity: written at start by the process that reaches the hypervisor.</summary>
public interface IHostRegistry
{
    /// <summary>Adds the host or updates its capacity and zone; what is taken, and what operators have decided, stays.</summary>
    Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default);
}

/// <summary>What operators decide about hosts.</summary>
public interface IHostControl
{
    /// <summary>Lets placement choose the host no more, with a reason, or again (null). What is there stays. False: there is no such host.</summary>
    Task<bool> SetDisabledAsync(HostName host, string? reason, CancellationToken cancellationToken = default);

    /// <summary>Puts the host into the zone of an aggregate, or back into its own (null). False: there is no such host.</summary>
    Task<bool> SetAggregateZoneAsync(HostName host, string? zone, CancellationToken cancellationToken = default);

    /// <summary>How many machines have room claimed on each host; without those that have none.</summary>
    Task<IReadOnlyDictionary<HostName, int>> CountMachinesAsync(CancellationToken cancellationToken = default);
}

/// <summary>A server as the API shows it.</summary>
/// <param name="Instance">The instance row.</param>
/// <param name="Holder">The task that has the machine, from its own row; null when idle.</param>
/// <param name="LastFailed">The newest task on it that failed or needs attention, among those that count for <c>fault</c>; null when none.</param>
public sealed record ServerView(InstanceRecord Instance, TaskRecord? Holder, TaskRecord? LastFailed);

/// <summary>A filter over servers. Null means: any.</summary>
public sealed record ServerFilter
{
    /// <summary>Only this project.</summary>
    public ProjectId? Project { get; init; }

    /// <summary>Only this user.</summary>
    public UserId? User { get; init; }

    /// <summary>Regular expression over names, unanchored (nova-api §2.2); evaluated with a time limit.</summary>
    public string? NamePattern { get; init; }

    /// <summary>vm_states.</summary>
    public IReadOnlyList<VmState>? VmStates { get; init; }

    /// <summary>Shown statuses (API words, upper case), computed from vm_state and the holder's task_state.</summary>
    public IReadOnlyList<string>? Statuses { get; init; }

    /// <summary>Task states of the holder; an empty string means idle.</summary>
    public IReadOnlyList<string>? TaskStates { get; init; }

    /// <summary>Only this host.</summary>
    public HostName? Host { get; init; }

    /// <summary>Only this flavor id.</summary>
    public string? FlavorId { get; init; }

    /// <summary>Only this image id.</summary>
    public string? ImageId { get; init; }

    /// <summary>Only this uuid.</summary>
    public InstanceId? Id { get; init; }

    /// <summary>Locked or not.</summary>
    public bool? Locked { get; init; }

    /// <summary>Only this reservation.</summary>
    public string? ReservationId { get; init; }

    /// <summary>Only this key pair.</summary>
    public string? KeyName { get; init; }

    /// <summary>Only this zone.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>True: only deleted; false: only not deleted; null: both.</summary>
    public bool? Deleted { get; init; } = false;

    /// <summary>Updated at or after.</summary>
    public DateTimeOffset? ChangesSince { get; init; }

    /// <summary>Updated at or before.</summary>
    public DateTimeOffset? ChangesBefore { get; init; }

    /// <summary>Has all these tags.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Has any of these tags.</summary>
    public IReadOnlyList<string>? TagsAny { get; init; }

    /// <summary>Does not have all these tags.</summary>
    public IReadOnlyList<string>? NotTags { get; init; }

    /// <summary>Has none of these tags.</summary>
    public IReadOnlyList<string>? NotTagsAny { get; init; }

    /// <summary>Sort keys in order (<c>created_at</c>, <c>updated_at</c>, <c>display_name</c>, <c>uuid</c>, <c>vm_state</c>, …) with direction; the id is always added.</summary>
    public IReadOnlyList<(string Key, bool Descending)> Sort { get; init; } = [("created_at", true)];

    /// <summary>Starts after this server.</summary>
    public InstanceId? Marker { get; init; }

    /// <summary>Page size.</summary>
    public int Limit { get; init; } = 1000;
}

/// <summary>A filter over tasks. Null means: any.</summary>
public sealed record TaskFilter
{
    /// <summary>Only this project.</summary>
    public ProjectId? Project { get; init; }

    /// <summary>Only this instance.</summary>
    public InstanceId? Instance { get; init; }

    /// <summary>Only children of this task.</summary>
    public TaskId? Parent { get; init; }

    /// <summary>Only this request.</summary>
    public RequestId? Request { get; init; }

    /// <summary>Only these kinds.</summary>
    public IReadOnlyList<TaskKind>? Kinds { get; init; }

    /// <summary>Only these public states.</summary>
    public IReadOnlyList<string>? States { get; init; }

    /// <summary>Only this host.</summary>
    public HostName? Host { get; init; }

    /// <summary>Only this user.</summary>
    public UserId? User { get; init; }

    /// <summary>Updated at or after.</summary>
    public DateTimeOffset? ChangesSince { get; init; }

    /// <summary>Updated at or before.</summary>
    public DateTimeOffset? ChangesBefore { get; init; }

    /// <summary>
    /// Sort keys in order (<c>created_at</c>, <c>updated_at</c>, <c>finished_at</c>, <c>state</c>, <c>kind</c>, <c>server_id</c>, <c>user_id</c>, <c>project_id</c>, <c>id</c>)
    /// with direction; the id is always added. Those without a time to finish count as before all others.
    /// </summary>
    public IReadOnlyList<(string Key, bool Descending)> Sort { get; init; } = [("created_at", true)];

    /// <summary>Starts after this task.</summary>
    public TaskId? Marker { get; init; }

    /// <summary>Page size.</summary>
    public int Limit { get; init; } = 1000;
}

/// <summary>A host for lists and placement.</summary>
/// <param name="Host">The name.</param>
/// <param name="Zone">The availability zone.</param>
/// <param name="Capacity">What it can give.</param>
/// <param name="Taken">What claims take.</param>
/// <param name="Disabled">The reason, when an operator disabled it.</param>
public sealed record HostView(HostName Host, string Zone, Resources Capacity, Resources Taken, string? Disabled)
{
    /// <summary>What is left.</summary>
    public Resources Free => Capacity - Taken;
}

/// <summary>Counts for an overview. What there is none of is left out, and tombstones never count.</summary>
/// <param name="Servers">Servers that are not deleted, by vm_state.</param>
/// <param name="Open">Tasks that have not ended, by public state and kind.</param>
/// <param name="Ended">Tasks that ended within the window, by public state and kind.</param>
/// <param name="Failures">Those of <paramref name="Ended"/> that failed, by failure kind.</param>
/// <param name="Hosts">Those of <paramref name="Open"/> that have a host, by host and public state.</param>
public sealed record CloudCounts(
    IReadOnlyDictionary<VmState, int> Servers,
    IReadOnlyDictionary<(string State, TaskKind Kind), int> Open,
    IReadOnlyDictionary<(string State, TaskKind Kind), int> Ended,
    IReadOnlyDictionary<string, int> Failures,
    IReadOnlyDictionary<(HostName Host, string State), int> Hosts);

/// <summary>A project's usage; limits are -1 when unlimited.</summary>
public sealed record QuotaUsage(int Instances, int Cores, int RamMb, int MaxInstances = -1, int MaxCores = -1, int MaxRamMb = -1);

/// <summary>A page marker does not exist in the result's scope (nova-api §1.6: 400 <c>marker [x] not found</c>).</summary>
public sealed class MarkerNotFoundException : Exception
{
    /// <summary>Creates the exception.</summary>
    public MarkerNotFoundException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public MarkerNotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public MarkerNotFoundException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
