using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Events;

internal sealed partial class EventFeeds
{
    [LoggerMessage(41, LogLevel.Information, "A client was too slow for its event stream and was cut off behind {Place}; it can resume")]
    private static partial void LogTooSlow(ILogger logger, long place);

    [LoggerMessage(42, LogLevel.Warning, "An event stream ended behind {Place}, since the store cannot be read; its client can resume")]
    private static partial void LogFailed(ILogger logger, Exception exception, long place);

    [LoggerMessage(43, LogLevel.Information, "An event stream ended behind {Place}: what follows has been archived")]
    private static partial void LogGone(ILogger logger, long place);
}
