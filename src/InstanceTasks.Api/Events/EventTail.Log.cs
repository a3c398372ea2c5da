using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Events;

internal sealed partial class EventTail
{
    [LoggerMessage(40, LogLevel.Warning, "The event stream cannot be read; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(44, LogLevel.Warning, "The event stream was not read for so long that events behind {Place} have been archived; it is read from {First} on")]
    private static partial void LogLeftBehind(ILogger logger, long place, long first);
}
