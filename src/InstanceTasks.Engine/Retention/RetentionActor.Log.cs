using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

public sealed partial class RetentionActor
{
    [LoggerMessage(EventId = 1501, Level = LogLevel.Information, Message = "Retention took away {Tasks} tasks and {Servers} deleted servers with {Events} rows of events")]
    private partial void LogEnded(int tasks, int servers, int events);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Information, Message = "Retention waits: there is a hold on everything")]
    private partial void LogHeld();

    [LoggerMessage(EventId = 1503, Level = LogLevel.Information, Message = "Retention is under way elsewhere")]
    private partial void LogBusy();

    [LoggerMessage(EventId = 1504, Level = LogLevel.Warning, Message = "Retention lost its claim, or a hold came, before a batch was taken away; it stays")]
    private partial void LogLost();
}
