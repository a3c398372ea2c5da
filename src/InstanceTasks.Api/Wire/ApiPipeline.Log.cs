using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Wire;

internal sealed partial class ApiPipeline
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed unexpectedly; request id {RequestId}")]
    private static partial void LogUnexpected(ILogger logger, Exception exception, string method, string path, string requestId);

    [LoggerMessage(2, LogLevel.Debug, "The client of {Method} {Path} went away before its answer")]
    private static partial void LogClientGone(ILogger logger, string method, string path);

    [LoggerMessage(3, LogLevel.Warning, "{Method} {Path} could not be served: the store is away")]
    private static partial void LogUnavailable(ILogger logger, Exception exception, string method, string path);
}
