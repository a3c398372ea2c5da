using System.Text.Json;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>A <c>tasks</c> row as read: the body, and the columns from which a task can still be shown when the body cannot be read.</summary>
internal sealed class TaskRow
{
    public const string RefusedState = "refused";

    public string Id { get; set; } = "";

    public string InstanceId { get; set; } = "";

    public string ProjectId { get; set; } = "";

    public string UserId { get; set; } = "";

    public string Kind { get; set; } = "";

    public string State { get; set; } = "";

    public string? TaskState { get; set; }

    public long Step { get; set; }

    public string RequestId { get; set; } = "";

    public string? Host { get; set; }

    public long Generation { get; set; }

    public long Epoch { get; set; }

    public long Seq { get; set; }

    public long CreatedAt { get; set; }

    public long UpdatedAt { get; set; }

    public long? FinishedAt { get; set; }

    public string? Quarantine { get; set; }

    public string Body { get; set; } = "";

    /// <summary>The select list that fills a row, from a table alias.</summary>
    public static string Columns(string alias) =>
        $"""
        {alias}.id AS Id, {alias}.instance_id AS InstanceId, {alias}.project_id AS ProjectId, {alias}.user_id AS UserId, {alias}.kind AS Kind,
        {alias}.state AS State, {alias}.task_state AS TaskState, {alias}.step AS Step, {alias}.request_id AS RequestId, {alias}.host AS Host,
        {alias}.generation AS Generation, {alias}.epoch AS Epoch, {alias}.seq AS Seq, {alias}.created_at AS CreatedAt,
        {alias}.updated_at AS UpdatedAt, {alias}.finished_at AS FinishedAt, {alias}.quarantine AS Quarantine, {alias}.body AS Body
        """;

    /// <summary>For the task's own actor, which must not act on half a record.</summary>
    /// <exception cref="UndecodableTaskException">The body cannot be read.</exception>
    public TaskRecord ToRecord()
    {
        if (State == RefusedState)
        {
            return Tombstone(new(Guid.Parse(Id)), Seq, UnixMicros.ToTime(CreatedAt));
        }

        try
        {
            return EngineJson.Read<TaskRecord>(Body);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or FormatException or InvalidOperationException)
        {
            throw new UndecodableTaskException($"Task {Id} cannot be read by this version.", e);
        }
    }

    /// <summary>For lists: a task that cannot be read is shown as far as its columns go, with the reason.</summary>
    public TaskRecord ToShownRecord()
    {
        try
        {
            return ToRecord();
        }
        catch (UndecodableTaskException e)
        {
            return FromColumns(Quarantine ?? e.InnerException?.Message ?? e.Message);
        }
    }

    public static TaskRecord Tombstone(TaskId id, long seq, DateTimeOffset at) => new()
    {
        Id = id, Kind = new("refused"), Instance = default, Project = new(""), User = new(""), Request = new(""),
        Run = TaskRun.Ended, Outcome = TaskOutcome.Refused, Seq = seq, CreatedAt = at, UpdatedAt = at, FinishedAt = at,
    };

    private TaskRecord FromColumns(string reason)
    {
        var (run, outcome, phase, intent) = StateParts(State);
        return new()
        {
            Id = new(Guid.Parse(Id)), Kind = new(Kind), Instance = new(Guid.Parse(InstanceId)), Project = new(ProjectId), User = new(UserId),
            Request = new(RequestId), Run = run, Outcome = outcome, Phase = phase, Intent = intent, Step = (int)Step, TaskState = TaskState,
            Host = Host is null ? null : new HostName(Host), Generation = Generation, Epoch = (int)Epoch, Seq = Seq,
            CreatedAt = UnixMicros.ToTime(CreatedAt), UpdatedAt = UnixMicros.ToTime(UpdatedAt),
            FinishedAt = FinishedAt is { } at ? UnixMicros.ToTime(at) : null,
            WaitReason = "quarantined",
            Failure = new Failure(FailureKinds.Internal, "The stored task cannot be read by this version; an administrator must look at it.", Details: reason),
        };
    }

    private static (TaskRun Run, TaskOutcome Outcome, TaskPhase Phase, TaskIntent Intent) StateParts(string state) => state switch
    {
        "succeeded" => (TaskRun.Ended, TaskOutcome.Succeeded, TaskPhase.Forward, TaskIntent.None),
        "canceled" => (TaskRun.Ended, TaskOutcome.Canceled, TaskPhase.Forward, TaskIntent.None),
        "failed" => (TaskRun.Ended, TaskOutcome.Failed, TaskPhase.Forward, TaskIntent.None),
        "needs_attention" => (TaskRun.Paused, TaskOutcome.NeedsAttention, TaskPhase.Forward, TaskIntent.None),
        "paused" => (TaskRun.Paused, TaskOutcome.None, TaskPhase.Forward, TaskIntent.None),
        "undoing" => (TaskRun.Running, TaskOutcome.None, TaskPhase.Undo, TaskIntent.None),
        "canceling" => (TaskRun.Running, TaskOutcome.None, TaskPhase.Forward, TaskIntent.Cancel),
        "pausing" => (TaskRun.Running, TaskOutcome.None, TaskPhase.Forward, TaskIntent.Pause),
        "queued" => (TaskRun.Queued, TaskOutcome.None, TaskPhase.Forward, TaskIntent.None),
        "waiting" => (TaskRun.Waiting, TaskOutcome.None, TaskPhase.Forward, TaskIntent.None),
        _ => (TaskRun.Running, TaskOutcome.None, TaskPhase.Forward, TaskIntent.None),
    };
}
