using Microsoft.Extensions.Logging;

namespace InstanceTasks.Storage;

internal sealed partial class SqliteWriter
{
    [LoggerMessage(1101, LogLevel.Warning, "A write was refused by the database and fails alone")]
    private static partial void LogPoison(ILogger logger, Exception exception);

    [LoggerMessage(1102, LogLevel.Error, "A transaction of {Count} writes was not applied")]
    private static partial void LogNotApplied(ILogger logger, Exception exception, int count);

    [LoggerMessage(1103, LogLevel.Critical, "The outcome of a transaction of {Count} writes is not known; the connection is opened anew")]
    private static partial void LogUnknown(ILogger logger, Exception exception, int count);

    [LoggerMessage(1104, LogLevel.Warning, "The database ended a transaction of {Count} writes; each is run again alone")]
    private static partial void LogSingly(ILogger logger, Exception exception, int count);
}
