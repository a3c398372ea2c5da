using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Submitting;

internal sealed partial class TaskSubmitter
{
    [LoggerMessage(10, LogLevel.Warning, "The outcome of accepting {Kind} task {Task} for {RequestId} is not known")]
    private static partial void LogUnknown(ILogger logger, Exception exception, string kind, TaskId task, RequestId requestId);

    [LoggerMessage(11, LogLevel.Warning, "The outcome of refusing task {Task} for {RequestId} is not known either")]
    private static partial void LogStillUnknown(ILogger logger, Exception exception, TaskId task, RequestId requestId);

    [LoggerMessage(12, LogLevel.Warning, "The {Kind} task {Task} for {RequestId} was refused by a tombstone after its accept was not confirmed")]
    private static partial void LogRefused(ILogger logger, string kind, TaskId task, RequestId requestId);
}
