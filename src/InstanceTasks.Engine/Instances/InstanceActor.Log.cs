using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <content>Log messages.</content>
public sealed partial class InstanceActor
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Commit '{Name}' of kind {Kind} on instance {Instance} has an unknown outcome; the activation is dropped")]
    private partial void LogUnknown(Exception exception, InstanceId instance, string name, TaskKind kind);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "Gave up on {Kind} for instance {Instance} after {Tries} lost races")]
    private partial void LogGaveUp(InstanceId instance, TaskKind kind, int tries);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "The store refused {Kind} for instance {Instance}")]
    private partial void LogRefusedByStore(Exception exception, InstanceId instance, TaskKind kind);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Error, Message = "Instance {Instance}: task {Task} cannot be decoded by this release and loses its place")]
    private partial void LogUndecodable(Exception exception, InstanceId instance, TaskId task);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Error, Message = "Instance {Instance}: task {Task} cannot be settled")]
    private partial void LogSettleImpossible(Exception exception, InstanceId instance, TaskId task);
}
