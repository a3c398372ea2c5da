using Microsoft.Extensions.Logging;

namespace Orleans.Polyfill;

/// <summary>The silo's messages.</summary>
internal sealed partial class SiloLog(ILogger<SiloRuntime> logger)
{
    [LoggerMessage(1, LogLevel.Information, "Silo {Name} at {Address} has started")]
    public partial void Started(string name, string address);

    [LoggerMessage(2, LogLevel.Information, "Silo {Name} at {Address} has stopped")]
    public partial void Stopped(string name, string address);

    [LoggerMessage(3, LogLevel.Warning, "A one-way request failed, and nobody waits for it: {Request}")]
    public partial void OneWayFailed(Exception error, string request);

    [LoggerMessage(4, LogLevel.Error, "A turn of {Grain} failed")]
    public partial void TurnFailed(Exception error, string grain);

    [LoggerMessage(5, LogLevel.Warning, "{Grain} could not be activated")]
    public partial void ActivationFailed(Exception error, string grain);

    [LoggerMessage(6, LogLevel.Warning, "{Grain} failed while it was deactivated")]
    public partial void DeactivationFailed(Exception error, string grain);

    [LoggerMessage(7, LogLevel.Warning, "A timer of {Grain} failed; it goes on")]
    public partial void TimerFailed(Exception error, string grain);

    [LoggerMessage(8, LogLevel.Error, "A participant of the silo's lifecycle failed to stop: {Participant}")]
    public partial void StopFailed(Exception error, string participant);

    [LoggerMessage(9, LogLevel.Warning, "The reminder {Reminder} of {Grain} failed; it is not retried before its next period")]
    public partial void ReminderFailed(Exception error, string reminder, string grain);

    [LoggerMessage(10, LogLevel.Error, "The reminders of this silo's range could not be read; that is retried")]
    public partial void ReminderReadFailed(Exception error);

    [LoggerMessage(11, LogLevel.Error, "The listener {Listener} failed")]
    public partial void ListenerFailed(Exception error, string listener);

    [LoggerMessage(12, LogLevel.Warning, "Activations were not all deactivated before the host's stop limit")]
    public partial void DeactivationCutShort(Exception error);

    [LoggerMessage(13, LogLevel.Warning, "The minimum reminder period {Period} is below one minute: ticks can become a burden")]
    public partial void ShortReminders(TimeSpan period);

    [LoggerMessage(14, LogLevel.Warning, "The silo {Owner} could not be told of reminder {Reminder}: it will find it in the table")]
    public partial void ReminderNotTold(Exception error, string reminder, string owner);

    [LoggerMessage(15, LogLevel.Warning, "The membership table could not be read or written; that is tried again")]
    public partial void TableFailed(Exception error);

    [LoggerMessage(16, LogLevel.Warning, "Silo {Silo} did not answer {Count} probe(s) in a row")]
    public partial void ProbeMissed(string silo, int count);

    [LoggerMessage(17, LogLevel.Warning, "Silo {Silo} was voted on, since it does not answer (declared dead: {Dead})")]
    public partial void Suspected(string silo, bool dead);

    [LoggerMessage(18, LogLevel.Warning, "No connection to silo {Silo}: {Why}")]
    public partial void ConnectionFailed(string silo, string why);

    [LoggerMessage(19, LogLevel.Warning, "A connection from {Address} was not taken: {Why}")]
    public partial void StrangerRefused(string address, string why);

    [LoggerMessage(20, LogLevel.Warning, "More than {Limit} connections have not proved who they are: further ones are closed at once")]
    public partial void TooManyStrangers(int limit);

    [LoggerMessage(22, LogLevel.Warning, "A record from {Peer} could not be understood")]
    public partial void RecordFailed(Exception error, string peer);

    [LoggerMessage(23, LogLevel.Critical, "This silo ends: {Reason}")]
    public partial void Evicted(string reason);

    [LoggerMessage(24, LogLevel.Warning, "{Count} activation(s) that another silo has, too, are ended here")]
    public partial void DuplicatesEnded(int count);

    [LoggerMessage(25, LogLevel.Warning, "Silo {Silo} could not be told of the activations here that it keeps the place of")]
    public partial void HandOverFailed(Exception error, string silo);

    [LoggerMessage(26, LogLevel.Information, "{Count} idle activation(s) that belong to other silos now are ended here")]
    public partial void Rebalanced(int count);
}
