using Microsoft.Extensions.Logging;

namespace InstanceTasks.Dashboard.Live;

public abstract partial class LivePage
{
    [LoggerMessage(EventId = 4002, Level = LogLevel.Error, Message = "The dashboard's {Page} cannot be loaded; it tries again")]
    private static partial void LogFailed(ILogger logger, Exception exception, string page);
}
