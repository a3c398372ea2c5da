using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tasks;

internal sealed partial class TaskCommands
{
    [LoggerMessage(20, LogLevel.Warning, "The outcome of {Kind} on task {Task} is not known (command {Command})")]
    private static partial void LogUnknown(ILogger logger, Exception exception, TaskCommandKind kind, TaskId task, Guid command);
}
