using Microsoft.Extensions.Logging;

namespace InstanceTasks.Hypervisors.Simulated;

internal sealed partial class WorldFile
{
    [LoggerMessage(1, LogLevel.Warning, "Looking for ended operations of the simulated world failed; it is tried again.")]
    private static partial void LogLookFailed(ILogger logger, Exception error);
}
