using Microsoft.Extensions.Logging;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    [LoggerMessage(1401, LogLevel.Information, "Opened database {Database} at {Host}: schema {Schema} (found {Found}), cluster epoch {ClusterEpoch}")]
    private static partial void LogOpened(ILogger logger, string host, string database, int schema, int found, int clusterEpoch);

    [LoggerMessage(1402, LogLevel.Error, "The PostgreSQL server runs with fsync or full_page_writes off: a power failure can lose acknowledged commits")]
    private static partial void LogNotDurable(ILogger logger);

    [LoggerMessage(1403, LogLevel.Error, "Task {Task} is quarantined: {Reason}")]
    private static partial void LogQuarantined(ILogger logger, TaskId task, string reason);

    [LoggerMessage(1404, LogLevel.Debug, "Housekeeping removed {Secrets} secrets, {Keys} idempotency keys and {Silos} silo rows")]
    private static partial void LogHousekeeping(ILogger logger, int secrets, int keys, int silos);

    [LoggerMessage(1405, LogLevel.Warning, "The lease of generation {Generation} ended while it was being renewed")]
    private static partial void LogLeaseLostInRenewal(ILogger logger, long generation);

    [LoggerMessage(1406, LogLevel.Error, "Instance {Instance} cannot be read by this version and is left out of lists")]
    private static partial void LogUndecodableInstance(ILogger logger, Exception exception, string instance);

    [LoggerMessage(1407, LogLevel.Information, "A read failed with its connection and is repeated")]
    private static partial void LogReadAgain(ILogger logger, Exception exception);
}
