using Microsoft.Extensions.Logging;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    [LoggerMessage(1001, LogLevel.Information, "Opened {Path}: schema {Schema} (found {Found}), cluster epoch {ClusterEpoch}")]
    private static partial void LogOpened(ILogger logger, string path, int schema, int found, int clusterEpoch);

    [LoggerMessage(1002, LogLevel.Information, "Closed {Path}")]
    private static partial void LogClosed(ILogger logger, string path);

    [LoggerMessage(1003, LogLevel.Error, "Task {Task} is quarantined: {Reason}")]
    private static partial void LogQuarantined(ILogger logger, TaskId task, string reason);

    [LoggerMessage(1004, LogLevel.Debug, "Housekeeping removed {Secrets} secrets, {Keys} idempotency keys and {Silos} silo rows")]
    private static partial void LogHousekeeping(ILogger logger, int secrets, int keys, int silos);

    [LoggerMessage(1006, LogLevel.Error, "Instance {Instance} cannot be read by this version and is left out of lists")]
    private static partial void LogUndecodableInstance(ILogger logger, Exception exception, string instance);

    [LoggerMessage(1005, LogLevel.Warning, "The lease of generation {Generation} ended while it was being renewed")]
    private static partial void LogLeaseLostInRenewal(ILogger logger, long generation);
}
