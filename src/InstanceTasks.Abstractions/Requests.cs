namespace InstanceTasks;

/// <summary>Who asks, as the API's authentication found out.</summary>
[GenerateSerializer, Immutable]
public sealed record Caller(UserId User, ProjectId Project, bool IsAdmin);

/// <summary>A request to accept a task on an instance: the only way a task comes to be.</summary>
[GenerateSerializer, Immutable]
public sealed record SubmitTask
{
    /// <summary>The id, made by the caller, so that an unknown outcome can be asked about.</summary>
    [Id(0)] public required TaskId Task { get; init; }

    /// <summary>The kind.</summary>
    [Id(1)] public required TaskKind Kind { get; init; }

    /// <summary>The instance.</summary>
    [Id(2)] public required InstanceId Instance { get; init; }

    /// <summary>The API request.</summary>
    [Id(3)] public required RequestId Request { get; init; }

    /// <summary>Who asks.</summary>
    [Id(4)] public required Caller Caller { get; init; }

    /// <summary>For <c>create</c>: the instance to be; its state fields are set by the actor.</summary>
    [Id(5)] public InstanceRecord? NewInstance { get; init; }

    /// <summary>For changes that are one commit (lock, unlock, update, metadata): the change. For rebuild and unshelve: what their success changes.</summary>
    [Id(6)] public InstanceChange? Change { get; init; }

    /// <summary>Small parameters of the kind.</summary>
    [Id(7)] public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>The idempotency key to record with the accept.</summary>
    [Id(8)] public IdempotencyClaim? Idempotency { get; init; }

    /// <summary>Queue behind a running task instead of being refused (<c>When-Busy: queue</c>).</summary>
    [Id(9)] public bool QueueWhenBusy { get; init; }

    /// <summary>Encrypted values to store beside the task, by name.</summary>
    [Id(10)] public Dictionary<string, byte[]> Secrets { get; init; } = [];

    /// <summary>Only say what would happen; nothing is committed.</summary>
    [Id(11)] public bool DryRun { get; init; }

    /// <summary>The ended task that this one repeats, if it does.</summary>
    [Id(30)] public TaskId? RetryOf { get; init; }

    /// <summary>Why it is asked for, for a repeat; kept with the new task.</summary>
    [Id(31)] public string? Reason { get; init; }

    /// <summary>How long after its accept the task must be done; null: no deadline.</summary>
    [Id(32)] public TimeSpan? DeadlineIn { get; init; }

    /// <summary>From 0 to 9; null: normal.</summary>
    [Id(33)] public int? Priority { get; init; }

    /// <summary>For a child: its place in its parent.</summary>
    [Id(40)] public ParentRef? Parent { get; init; }

    /// <summary>For a parent, which is on no instance: its children.</summary>
    [Id(41)] public ChildrenRecord? Children { get; init; }
}

/// <summary>A change of an instance's descriptive fields. Null means: leave as it is.</summary>
[GenerateSerializer, Immutable]
public sealed record InstanceChange
{
    /// <summary>New name.</summary>
    [Id(0)] public string? Name { get; init; }

    /// <summary>New description, when <see cref="SetDescription"/>.</summary>
    [Id(1)] public string? Description { get; init; }

    /// <summary>Whether the description changes (it may become null).</summary>
    [Id(2)] public bool SetDescription { get; init; }

    /// <summary>Metadata to add or overwrite.</summary>
    [Id(3)] public Dictionary<string, string>? MergeMetadata { get; init; }

    /// <summary>Metadata to replace the whole with.</summary>
    [Id(4)] public Dictionary<string, string>? ReplaceMetadata { get; init; }

    /// <summary>Metadata key to remove.</summary>
    [Id(5)] public string? RemoveMetadataKey { get; init; }

    /// <summary>New access address.</summary>
    [Id(6)] public string? AccessIPv4 { get; init; }

    /// <summary>New access address.</summary>
    [Id(7)] public string? AccessIPv6 { get; init; }

    /// <summary>New disk configuration mode.</summary>
    [Id(8)] public string? DiskConfig { get; init; }

    /// <summary>New guest host name.</summary>
    [Id(9)] public string? Hostname { get; init; }

    /// <summary>Replaces the tags.</summary>
    [Id(10)] public List<string>? ReplaceTags { get; init; }

    /// <summary>For <c>lock</c>: the reason.</summary>
    [Id(11)] public string? LockedReason { get; init; }

    /// <summary>For <c>rebuild</c>: the image of the new root disk.</summary>
    [Id(12)] public string? ImageId { get; init; }

    /// <summary>New key pair name, when <see cref="SetKeyName"/>.</summary>
    [Id(13)] public string? KeyName { get; init; }

    /// <summary>Whether the key pair name changes (it may become null).</summary>
    [Id(14)] public bool SetKeyName { get; init; }

    /// <summary>For <c>unshelve</c>: the availability zone that the server is pinned to, when <see cref="SetPinnedZone"/>.</summary>
    [Id(15)] public string? PinnedZone { get; init; }

    /// <summary>Whether the pinned zone changes (it may become null).</summary>
    [Id(16)] public bool SetPinnedZone { get; init; }

    /// <summary>A tag to add, if it is not there.</summary>
    [Id(17)] public string? AddTag { get; init; }

    /// <summary>A tag to remove, if it is there.</summary>
    [Id(18)] public string? RemoveTag { get; init; }

    /// <summary>For <c>resize</c>: the new flavor.</summary>
    [Id(20)] public FlavorSnapshot? Flavor { get; init; }
}

/// <summary>An idempotency key to be recorded in the accept's commit (design §4.6); unique per project, user and key.</summary>
[GenerateSerializer, Immutable]
public sealed record IdempotencyClaim
{
    /// <summary>The owning project.</summary>
    [Id(0)] public required ProjectId Project { get; init; }

    /// <summary>The user.</summary>
    [Id(1)] public required UserId User { get; init; }

    /// <summary>The key as sent, at most 255 characters.</summary>
    [Id(2)] public required string Key { get; init; }

    /// <summary>Keyed hash of method, path and body.</summary>
    [Id(3)] public required byte[] BodyHash { get; init; }

    /// <summary>The answer to give to every repeat: status, headers and body without secrets.</summary>
    [Id(4)] public required StoredAnswer Answer { get; init; }
}

/// <summary>An HTTP answer as stored with an idempotency key.</summary>
[GenerateSerializer, Immutable]
public sealed record StoredAnswer
{
    /// <summary>HTTP status.</summary>
    [Id(0)] public required int Status { get; init; }

    /// <summary>JSON body without secrets, or null.</summary>
    [Id(1)] public string? Body { get; init; }

    /// <summary>The task it made.</summary>
    [Id(2)] public TaskId Task { get; init; }

    /// <summary>Further headers.</summary>
    [Id(3)] public Dictionary<string, string> Headers { get; init; } = [];
}

/// <summary>What became of a submitted task.</summary>
public enum AcceptVerdict
{
    /// <summary>Durable: the task exists and will end.</summary>
    Accepted = 0,

    /// <summary>Refused; nothing was written.</summary>
    Refused = 1,

    /// <summary>The same thing is being done already; the answer names that task (a second delete).</summary>
    Joined = 2,

    /// <summary>The idempotency key was used before with the same body; the stored answer is in the answer.</summary>
    Replayed = 3,

    /// <summary>Whether the task exists is not known: ask the journal under its id, or write a tombstone.</summary>
    Unknown = 4,
}

/// <summary>Why a request is refused.</summary>
public enum RefusalKind
{
    /// <summary>No such instance, or not the caller's.</summary>
    NotFound = 0,

    /// <summary>The instance's state does not allow the kind (409).</summary>
    WrongState = 1,

    /// <summary>Another task has the machine (409); it is named.</summary>
    Busy = 2,

    /// <summary>Locked (409).</summary>
    Locked = 3,

    /// <summary>Not allowed for this caller (403).</summary>
    Forbidden = 4,

    /// <summary>Over quota (403).</summary>
    Quota = 5,

    /// <summary>The idempotency key was used with another body (422).</summary>
    KeyReused = 6,

    /// <summary>The command does not fit the task's state (409).</summary>
    NotNow = 7,

    /// <summary>The request itself is wrong (400).</summary>
    Invalid = 8,

    /// <summary>The instance has no host yet (409).</summary>
    NotReady = 9,

    /// <summary>The store cannot take it now (503); nothing was written.</summary>
    Unavailable = 10,

    /// <summary>For a child: something has happened to its parent since it asked, which decides anew.</summary>
    ParentMoved = 11,
}

/// <summary>A refusal: what the caller can act on.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Message">Why, for people.</param>
/// <param name="RunningTask">The task that is in the way.</param>
/// <param name="Accepted">What would be accepted now instead; null: nothing is said about it.</param>
/// <param name="CanQueue">Whether the same request would be accepted to wait for its turn.</param>
[GenerateSerializer, Immutable]
public sealed record Refusal(RefusalKind Kind, string Message, TaskId? RunningTask = null, List<string>? Accepted = null, bool CanQueue = false);

/// <summary>The answer to <see cref="SubmitTask"/>.</summary>
[GenerateSerializer, Immutable]
public sealed record AcceptAnswer
{
    /// <summary>What became of it.</summary>
    [Id(0)] public required AcceptVerdict Verdict { get; init; }

    /// <summary>The task (accepted or joined).</summary>
    [Id(1)] public TaskId Task { get; init; }

    /// <summary>Why not.</summary>
    [Id(2)] public Refusal? Refusal { get; init; }

    /// <summary>The answer to repeat.</summary>
    [Id(3)] public StoredAnswer? Replay { get; init; }

    /// <summary>The task as accepted.</summary>
    [Id(4)] public TaskRecord? Record { get; init; }

    /// <summary>The instance after an accepted one-commit change.</summary>
    [Id(5)] public InstanceRecord? Instance { get; init; }
}

/// <summary>The task's actor asks the instance's actor to end it, to hold it, or to give it the machine: always one commit.</summary>
[GenerateSerializer, Immutable]
public sealed record SettleRequest
{
    /// <summary>The task as its actor knows it, before <see cref="Events"/>.</summary>
    [Id(0)] public required TaskRecord Before { get; init; }

    /// <summary>What happened: the last events, ending with <see cref="TaskEnded"/>, <see cref="AttentionNeeded"/> or <see cref="AttentionDecided"/>.</summary>
    [Id(1)] public required List<TaskEvent> Events { get; init; }
}

/// <summary>What became of a settle.</summary>
public enum SettleVerdict
{
    /// <summary>Committed.</summary>
    Settled = 0,

    /// <summary>The task has moved on (sequence or epoch): reload and decide again.</summary>
    Stale = 1,

    /// <summary>Whether it was committed is not known: reload.</summary>
    Unknown = 2,

    /// <summary>The instance's conflict table refuses (leaving attention while another task has the machine).</summary>
    Refused = 3,

    /// <summary>Definitely not committed, and asking again at once would not help: the store is full, or there is a defect.</summary>
    Failed = 4,
}

/// <summary>The answer to <see cref="SettleRequest"/>.</summary>
[GenerateSerializer, Immutable]
public sealed record SettleAnswer
{
    /// <summary>What became of it.</summary>
    [Id(0)] public required SettleVerdict Verdict { get; init; }

    /// <summary>The task afterwards, when settled.</summary>
    [Id(1)] public TaskRecord? Record { get; init; }

    /// <summary>Why not.</summary>
    [Id(2)] public Refusal? Refusal { get; init; }
}

/// <summary>A command on a task.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskCommand
{
    /// <summary>The command's own id: recorded in its event, so that a repeat is recognised.</summary>
    [Id(0)] public required Guid Id { get; init; }

    /// <summary>What is asked.</summary>
    [Id(1)] public required TaskCommandKind Kind { get; init; }

    /// <summary>Who asks.</summary>
    [Id(2)] public required Caller Caller { get; init; }

    /// <summary>Why; required for skip and done.</summary>
    [Id(3)] public string? Reason { get; init; }

    /// <summary>For a change of priority: from 0 to 9.</summary>
    [Id(4)] public int? Priority { get; init; }
}

/// <summary>The answer to a command.</summary>
[GenerateSerializer, Immutable]
public sealed record CommandAnswer
{
    /// <summary>Whether it was accepted (durably).</summary>
    [Id(0)] public required bool Accepted { get; init; }

    /// <summary>Why not.</summary>
    [Id(1)] public Refusal? Refusal { get; init; }

    /// <summary>What will happen, for people: at which step it takes effect.</summary>
    [Id(2)] public string? Effect { get; init; }

    /// <summary>The task now.</summary>
    [Id(3)] public TaskRecord? Record { get; init; }

    /// <summary>True when it is not known whether the command was recorded: ask again with the same id.</summary>
    [Id(4)] public bool Unknown { get; init; }
}

/// <summary>Wakes a task's actor. Best effort: due times make up for a lost one.</summary>
[GenerateSerializer, Immutable]
public sealed record WakeUp
{
    /// <summary>The one-time token of the accept, which lets the first activation in the accepting process skip the claim.</summary>
    [Id(0)] public Guid? Token { get; init; }

    /// <summary>The task as accepted, which saves the first activation a read.</summary>
    [Id(1)] public TaskRecord? Record { get; init; }

    /// <summary>Why, for logs.</summary>
    [Id(2)] public string Cause { get; init; } = "";
}

/// <summary>What a poked task says: when recovery should look again at the latest.</summary>
[GenerateSerializer, Immutable]
public readonly record struct PokeAnswer(bool Ended, TimeSpan LookAgainIn);

/// <summary>The answer to a runner's <c>Begin</c>.</summary>
public enum BeginAnswer
{
    /// <summary>Granted: this runner, and only this one, may start the attempt.</summary>
    Granted = 0,

    /// <summary>Not granted: the attempt is old, or was granted before.</summary>
    Refused = 1,
}
