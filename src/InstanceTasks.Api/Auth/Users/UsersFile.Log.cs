using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Auth;

internal sealed partial class UsersFile
{
    [LoggerMessage(20, LogLevel.Information, "The users file {Path} has changed; it has {Users} users now")]
    private static partial void LogRead(ILogger logger, string path, int users);

    [LoggerMessage(21, LogLevel.Error, "The users file {Path} has changed and cannot be used, what was read before stays: {Problem}")]
    private static partial void LogNotRead(ILogger logger, string path, string problem);
}
