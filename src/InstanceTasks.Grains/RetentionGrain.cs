using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>
/// Gives <see cref="RetentionActor"/> its turns: a durable reminder begins a run, and a timer goes through its batches, one a turn. A run whose silo dies is over; the next one goes on where it was.
/// </summary>
[KeepAlive]
internal sealed partial class RetentionGrain(
    IRetention store, IArchive archive, IOptions<RetentionOptions> options, IOptions<RecoveryOptions> recovery, TimeProvider time, ILoggerFactory loggers, ILogger<RetentionGrain> logger)
    : Grain, IRetentionGrain, IRemindable
{
    /// <summary>The key of the only one.</summary>
    public const string Key = "retention";

    private const string ReminderName = "purge";

    private readonly RetentionOptions _options = options.Value;
    private RetentionActor? _actor;
    private IGrainTimer? _timer;

    private RetentionActor Actor => _actor ??= new RetentionActor(store, archive, _options, time, loggers.CreateLogger<RetentionActor>());

    private TimeSpan Every => _options.Every > recovery.Value.MinimumReminderPeriod ? _options.Every : recovery.Value.MinimumReminderPeriod;

    /// <inheritdoc/>
    public async Task Start()
    {
        // Registered anew each time, with the period that is configured now. A cluster that restarts more often than that runs at its starts.
        await this.RegisterOrUpdateReminder(ReminderName, Every, Every);
        var state = await store.ReadRetentionAsync();
        if (state.LastRunAt is not { } last || state.Now - last >= Every)
        {
            Run();
        }
    }

    /// <inheritdoc/>
    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_options.Enabled)
        {
            Run();
        }
        else if (await this.GetReminder(ReminderName) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    // Not in this call, which has a time-out.
    private void Run() => Again(TimeSpan.Zero);

    private async Task StepAsync()
    {
        try
        {
            if (await Actor.StepAsync() == RetentionStep.More)
            {
                Again(_options.Pause);
            }
        }
        catch (Exception e)
        {
            LogFailed(e, Every);
        }
    }

    private void Again(TimeSpan delay)
    {
        if (_timer is null)
        {
            _timer = this.RegisterGrainTimer(StepAsync, new GrainTimerCreationOptions { DueTime = delay, Period = Timeout.InfiniteTimeSpan });
        }
        else
        {
            _timer.Change(delay, Timeout.InfiniteTimeSpan);
        }
    }

    [LoggerMessage(EventId = 2611, Level = LogLevel.Error, Message = "Retention failed, and what it had not taken away stays; the next run is within {Every}")]
    private partial void LogFailed(Exception exception, TimeSpan every);
}
