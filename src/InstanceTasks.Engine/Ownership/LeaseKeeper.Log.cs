using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <content>Log messages.</content>
internal sealed partial class LeaseKeeper
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Information, Message = "Joined as generation {Generation}")]
    private partial void LogJoined(long generation);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "Generation {Generation} owns the store alone; {Ended} older leases ended")]
    private partial void LogSoleOwner(long generation, int ended);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Error, Message = "The lease of generation {Generation} has lapsed; what it had begun goes on under a new one")]
    private partial void LogLapsed(long generation);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "The lease of generation {Generation} could not be renewed")]
    private partial void LogRenewFailed(Exception exception, long generation);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Debug, Message = "Generation {Generation} renews no more")]
    private partial void LogStopped(long generation);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Warning, Message = "For which hosts generation {Generation} works could not be written; the next renewal does it")]
    private partial void LogAnnounceFailed(Exception exception, long generation);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Warning, Message = "Whether a lease has ended could not be read as generation {Generation}; the next renewal does it")]
    private partial void LogReadFailed(Exception exception, long generation);
}
