using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <content>Log messages.</content>
internal sealed partial class WorkerDesk
{
    [LoggerMessage(EventId = 2301, Level = LogLevel.Warning, Message = "Could not ask for the grant of {Key} at {Stamp}; it is not begun")]
    private partial void LogBeginFailed(Exception exception, VerbKey key, Stamp stamp);

    [LoggerMessage(EventId = 2302, Level = LogLevel.Information, Message = "Attempt {Key} at {Stamp} is aborted (asked for: {Asked})")]
    private partial void LogAborted(VerbKey key, Stamp stamp, bool asked);

    [LoggerMessage(EventId = 2303, Level = LogLevel.Warning, Message = "Attempt {Key} at {Stamp} did not return after its abort and is abandoned")]
    private partial void LogAbandoned(VerbKey key, Stamp stamp);

    [LoggerMessage(EventId = 2304, Level = LogLevel.Warning, Message = "Abandoned attempt {Key} at {Stamp} returned late with {Result}; only counted")]
    private partial void LogLate(VerbKey key, Stamp stamp, AttemptResult result);

    [LoggerMessage(EventId = 2305, Level = LogLevel.Warning, Message = "The outcome of {Key} at {Stamp} could not be reported; it is repeated")]
    private partial void LogReportFailed(Exception exception, VerbKey key, Stamp stamp);

    [LoggerMessage(EventId = 2306, Level = LogLevel.Critical, Message = "The worker itself failed on {Key} at {Stamp}")]
    private partial void LogDefect(Exception exception, VerbKey key, Stamp stamp);

    [LoggerMessage(EventId = 2307, Level = LogLevel.Warning, Message = "Attempt {Key} at {Stamp} still ran at the stop limit and is aborted; it is repeated elsewhere")]
    private partial void LogAbortedAtStop(VerbKey key, Stamp stamp);
}
