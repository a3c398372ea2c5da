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
}
