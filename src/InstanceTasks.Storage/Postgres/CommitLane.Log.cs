using Microsoft.Extensions.Logging;

namespace InstanceTasks.Storage;

internal sealed partial class CommitLane
{
    [LoggerMessage(1201, LogLevel.Warning, "The database refused {Count} commits, which were not applied")]
    private static partial void LogRefused(ILogger logger, Exception exception, int count);

    [LoggerMessage(1202, LogLevel.Error, "The database cannot be reached; {Count} commits were not applied")]
    private static partial void LogNotConnected(ILogger logger, Exception exception, int count);

    [LoggerMessage(1203, LogLevel.Critical, "The outcome of a transaction of {Count} commits is not known; the connection is opened anew")]
    private static partial void LogUnknown(ILogger logger, Exception exception, int count);

    [LoggerMessage(1204, LogLevel.Warning, "The database refused a transaction of {Count} commits; each is tried alone")]
    private static partial void LogSingly(ILogger logger, Exception exception, int count);

    [LoggerMessage(1205, LogLevel.Information, "The database gave way ({SqlState}) to another transaction; {Count} commits are tried again")]
    private static partial void LogRepeated(ILogger logger, string sqlState, int count);

    [LoggerMessage(1206, LogLevel.Information, "The idle connection has died; another is opened")]
    private static partial void LogDied(ILogger logger, Exception exception);
}
