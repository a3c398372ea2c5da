using Microsoft.Extensions.Logging;

namespace InstanceTasks.Dashboard.Sessions;

internal sealed partial class SignIn
{
    [LoggerMessage(EventId = 4003, Level = LogLevel.Warning, Message = "Somebody has signed out of the dashboard, but his token could not be revoked ({Status}); it counts until it ends")]
    private static partial void LogNotRevoked(ILogger logger, Exception? exception, int status);
}
