using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>
/// Gives <see cref="RecoveryActor"/> its turns: by the durable reminder, which alone is enough, and by quicker triggers where they are on.
/// </summary>
[KeepAlive]
internal sealed partial class RecoveryGrain(IJournal journal, IPeers peers, IOptions<RecoveryOptions> options, TimeProvider time, Nudges nudges, ILoggerFactory loggers, ILogger<RecoveryGrain> logger)
    : Grain, IRecoveryGrain, IRemindable
{
    private const string ReminderName = "look";

    private readonly RecoveryOptions _options = options.Value;
    private RecoveryActor? _actor;
    private IGrainTimer? _timer;
    private IGrainTimer? _start;

    private RecoveryActor Actor => _actor ??= new RecoveryActor(GrainKeys.ShardOf(this), journal, peers, _options, time, loggers.CreateLogger<RecoveryActor>());

    /// <inheritdoc/>
    public async Task Start()
    {
        await KeepReminderAsync();
        if (_options.OnStart)
        {
            // Not awaited: a silo with much to recover must not be late, and this call has a time-out.
            _start = this.RegisterGrainTimer(() => LookAsync("start"), new GrainTimerCreationOptions { DueTime = TimeSpan.Zero, Period = Timeout.InfiniteTimeSpan });
        }
        else if (_options.WhenDue)
        {
            SleepFor(_options.LongestSleep);
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _start?.Dispose();
        if (_options.WhenDue && TakenAway.Is(reason))
        {
            nudges.OfShard(GrainKeys.ShardOf(this), "the shard's activation was taken away");
        }

        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <inheritdoc/>
    public Task Nudge(string cause) => _options.OnLeaseEnd ? LookOnceAsync(cause) : Task.CompletedTask;

    /// <inheritdoc/>
    public Task ReceiveReminder(string reminderName, TickStatus status) => LookAsync("reminder");

    // Registered once: registering it again at every start would put its next tick off each time.
    private async Task KeepReminderAsync()
    {
        if (_options.UseReminder && await this.GetReminder(ReminderName) is null)
        {
            await this.RegisterOrUpdateReminder(ReminderName, _options.ReminderPeriod, _options.ReminderPeriod);
        }
    }

    private async Task LookAsync(string cause)
    {
        try
        {
            await LookOnceAsync(cause);
        }
        catch (Exception e)
        {
            LogLookFailed(e, GrainKeys.ShardOf(this), cause);
            SleepFor(_options.LongestSleep);
        }
    }

    private async Task LookOnceAsync(string cause)
    {
        var sleep = await Actor.LookAsync(cause);
        RecoveryInstruments.OnLook(cause);
        SleepFor(sleep);
    }

    private void SleepFor(TimeSpan sleep)
    {
        if (!_options.WhenDue)
        {
            return;
        }

        if (_timer is null)
        {
            _timer = this.RegisterGrainTimer(() => LookAsync("due"), new GrainTimerCreationOptions { DueTime = sleep, Period = Timeout.InfiniteTimeSpan });
        }
        else
        {
            _timer.Change(sleep, Timeout.InfiniteTimeSpan);
        }
    }

    [LoggerMessage(EventId = 2201, Level = LogLevel.Error, Message = "The look of recovery shard {Shard} because of '{Cause}' failed; it is repeated")]
    private partial void LogLookFailed(Exception exception, int shard, string cause);
}
