using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <content>Log messages.</content>
public sealed partial class TaskActor
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "Task {Task} ({Kind}) claimed with epoch {Epoch} at step {Step}")]
    private partial void LogClaimed(TaskId task, TaskKind kind, int epoch, int step);

    [LoggerMessage(EventId = 1102, Level = LogLevel.Warning, Message = "Commit '{Name}' of task {Task} ({Kind}) has an unknown outcome")]
    private partial void LogUnknown(Exception exception, TaskId task, string name, TaskKind kind);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Information, Message = "Activation of task {Task} dropped: {Reason}")]
    private partial void LogDropped(TaskId task, string reason);

    [LoggerMessage(EventId = 1104, Level = LogLevel.Warning, Message = "Settling task {Task} failed; it is asked about again")]
    private partial void LogSettleFailed(Exception exception, TaskId task);

    [LoggerMessage(EventId = 1105, Level = LogLevel.Debug, Message = "Task {Task}: outcome {Result} of old attempt {Stamp} dropped")]
    private partial void LogStale(TaskId task, Stamp stamp, AttemptResult result);

    [LoggerMessage(EventId = 1106, Level = LogLevel.Warning, Message = "Task {Task}: '{Call}' to the host failed; it is tried again")]
    private partial void LogPeerFailed(Exception exception, TaskId task, string call);

    [LoggerMessage(EventId = 1107, Level = LogLevel.Error, Message = "Task {Task} cannot be decoded by this release and is quarantined")]
    private partial void LogQuarantined(Exception exception, TaskId task);

    [LoggerMessage(EventId = 1108, Level = LogLevel.Error, Message = "Task {Task} cannot be settled now: {Reason}; it is tried again")]
    private partial void LogCannotSettle(TaskId task, string? reason);

    [LoggerMessage(EventId = 1109, Level = LogLevel.Error, Message = "The store refused commit '{Name}' of task {Task} ({Kind}); it is tried again")]
    private partial void LogCannotCommit(Exception exception, TaskId task, string name, TaskKind kind);
}
