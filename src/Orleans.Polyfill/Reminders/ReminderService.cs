using Microsoft.Extensions.Options;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Timers;

namespace Orleans.Polyfill;

/// <summary>Registers reminders, and sends the ticks of those whose hash is in this silo's range.</summary>
internal sealed class ReminderService : IReminderRegistry, ILifecycleParticipant<ISiloLifecycle>, ISiloStatusListener
{
    private readonly SiloRuntime silo;
    private readonly IReminderTable table;
    private readonly ReminderOptions options;
    private readonly Lock gate = new();
    private readonly Dictionary<(GrainId Grain, string Name), LocalReminder> local = [];
    private readonly SemaphoreSlim reading = new(1, 1);
    private ITimer? refresh;
    private bool started;

    public ReminderService(SiloRuntime silo, IReminderTable table, IOptions<ReminderOptions> options)
    {
        this.silo = silo;
        this.table = table;
        this.options = options.Value;
    }

    public void Participate(ISiloLifecycle lifecycle)
    {
        lifecycle.Subscribe("Reminder table", ServiceLifecycleStage.RuntimeGrainServices, InitAsync, table.StopAsync);
        lifecycle.Subscribe("Reminders", ServiceLifecycleStage.Active, StartAsync, _ =>
        {
            Stop();
            return Task.CompletedTask;
        });
    }

    public async Task<IGrainReminder> RegisterOrUpdateReminder(GrainId callingGrainId, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        Check(reminderName, dueTime, period);
        var entry = new ReminderEntry { GrainId = callingGrainId, ReminderName = reminderName, StartAt = silo.Clock.GetUtcNow().UtcDateTime + dueTime, Period = period };
        var tag = await table.UpsertRow(entry) ?? throw new ReminderException($"Could not register reminder {entry}: another registration won. Try again.");
        entry.ETag = tag;
        await TellOwnerAsync(entry, ended: false);
        return new Handle(callingGrainId, reminderName, tag);
    }

    public async Task UnregisterReminder(GrainId callingGrainId, IGrainReminder reminder)
    {
        var handle = (Handle)reminder;
        if (!await table.RemoveRow(handle.GrainId, handle.ReminderName, handle.ETag) && await table.ReadRow(handle.GrainId, handle.ReminderName) is not null)
        {
            throw new ReminderException($"Could not unregister reminder {handle.ReminderName} of {handle.GrainId}: it was registered anew since. Get it again.");
        }

        await TellOwnerAsync(new ReminderEntry { GrainId = callingGrainId, ReminderName = handle.ReminderName }, ended: true);
    }

    public async Task<IGrainReminder?> GetReminder(GrainId callingGrainId, string reminderName) =>
        await table.ReadRow(callingGrainId, reminderName) is { } entry ? new Handle(entry.GrainId, entry.ReminderName, entry.ETag!) : null;

    public async Task<List<IGrainReminder>> GetReminders(GrainId callingGrainId) =>
        [.. (await table.ReadRows(callingGrainId)).Reminders.Select(e => new Handle(e.GrainId, e.ReminderName, e.ETag!))];

    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status is SiloStatus.Active or SiloStatus.Dead or SiloStatus.ShuttingDown)
        {
            _ = ReadAsync();
        }
    }

    public void Stop()
    {
        lock (gate)
        {
            started = false;
            refresh?.Dispose();
            foreach (var reminder in local.Values)
            {
                reminder.Dispose();
            }

            local.Clear();
        }

        silo.StatusOracle.UnSubscribeFromSiloStatusEvents(this);
    }

    private void Check(string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reminderName);
        if (dueTime == Timeout.InfiniteTimeSpan || dueTime < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "Cannot use negative or infinite due time to create a reminder.");
        }

        if (period == Timeout.InfiniteTimeSpan || period < TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(nameof(period), period, "Cannot use negative or infinite period to create a reminder.");
        }

        if (period < options.MinimumReminderPeriod)
        {
            throw new ArgumentException($"Cannot register reminder {reminderName} as requested period ({period}) is less than minimum allowed reminder period ({options.MinimumReminderPeriod}).", nameof(period));
        }
    }

    private Task InitAsync(CancellationToken token)
    {
        if (options.MinimumReminderPeriod < TimeSpan.FromMinutes(1))
        {
            silo.Log.ShortReminders(options.MinimumReminderPeriod);
        }

        return table.StartAsync(token).WaitAsync(options.InitializationTimeout, silo.Clock, token);
    }

    private async Task StartAsync(CancellationToken token)
    {
        lock (gate)
        {
            started = true;
            refresh = silo.Clock.CreateTimer(_ => _ = ReadAsync(), null, options.RefreshReminderListPeriod, options.RefreshReminderListPeriod);
        }

        silo.StatusOracle.SubscribeToSiloStatusEvents(this);
        await ReadAsync();
    }

    /// <summary>A reminder of this silo's range was registered or ended, maybe through another silo.</summary>
    public void Told(ReminderEntry entry, bool ended)
    {
        if (ended)
        {
            End(entry.GrainId, entry.ReminderName);
        }
        else
        {
            Begin(entry);
        }
    }

    private async Task TellOwnerAsync(ReminderEntry entry, bool ended)
    {
        var live = silo.Hub.Active;
        var owner = live.Count == 0 || silo.Hub.Faults.IsCutOff(silo.SiloAddress) ? silo.SiloAddress : ReminderRing.Owner(live, entry.GrainId.GetUniformHashCode());
        if (owner.Equals(silo.SiloAddress))
        {
            Told(entry, ended);
            return;
        }

        try
        {
            await silo.Hub.TellReminderAsync(owner, entry, ended);
        }
        catch (Exception error) when (error is OrleansException or TimeoutException)
        {
            silo.Log.ReminderNotTold(error, entry.ReminderName, owner.ToString()); // it is in the table, which its owner reads
        }
    }

    /// <summary>Reads the rows of this silo's range, begins what is new or changed and ends what is gone.</summary>
    private async Task ReadAsync()
    {
        await reading.WaitAsync();
        try
        {
            var (begin, end) = ReminderRing.RangeOf(silo.Hub.Active, silo.SiloAddress);
            var rows = silo.Hub.Active.Contains(silo.SiloAddress) ? (await table.ReadRows(begin, end)).Reminders : [];
            lock (gate)
            {
                foreach (var gone in local.Keys.Except(rows.Select(r => (r.GrainId, r.ReminderName))).ToList())
                {
                    local.Remove(gone, out var reminder);
                    reminder!.Dispose();
                }
            }

            foreach (var row in rows)
            {
                Begin(row);
            }
        }
        catch (Exception error)
        {
            silo.Log.ReminderReadFailed(error);
        }
        finally
        {
            reading.Release();
        }
    }

    private void Begin(ReminderEntry entry)
    {
        lock (gate)
        {
            var key = (entry.GrainId, entry.ReminderName);
            if (!started || (local.TryGetValue(key, out var old) && old.Entry.ETag == entry.ETag))
            {
                return;
            }

            old?.Dispose();
            local[key] = new(silo, entry);
        }
    }

    private void End(GrainId grain, string name)
    {
        lock (gate)
        {
            if (local.Remove((grain, name), out var reminder))
            {
                reminder.Dispose();
            }
        }
    }

    private sealed record Handle(GrainId GrainId, string ReminderName, string ETag) : IGrainReminder;
}

/// <summary>The ring of hashes: each silo has one point and owns what lies between the point before and its own.</summary>
internal static class ReminderRing
{
    public static SiloAddress Owner(IReadOnlyList<SiloAddress> live, uint hash) =>
        live.Where(s => Point(s) >= hash).MinBy(Point) ?? live.MinBy(Point)!;

    public static (uint Begin, uint End) RangeOf(IReadOnlyList<SiloAddress> live, SiloAddress silo)
    {
        var own = Point(silo);
        var before = live.Where(s => Point(s) < own).MaxBy(Point) ?? live.MaxBy(Point) ?? silo;
        return (Point(before), own);
    }

    private static uint Point(SiloAddress silo) => (uint)silo.GetConsistentHashCode();
}

/// <summary>Sends the ticks of one reminder. Ticks that were missed are skipped; the next is not sent before the last was answered.</summary>
internal sealed class LocalReminder : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(49);

    private readonly SiloRuntime silo;
    private readonly ITimer timer;
    private volatile bool disposed;
    private bool ticked;

    public LocalReminder(SiloRuntime silo, ReminderEntry entry)
    {
        this.silo = silo;
        Entry = entry;
        timer = silo.Clock.CreateTimer(static s => _ = ((LocalReminder)s!).FireAsync(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm();
    }

    public ReminderEntry Entry { get; }

    public void Dispose()
    {
        disposed = true;
        timer.Dispose();
    }

    private DateTime Now => silo.Clock.GetUtcNow().UtcDateTime;

    private void Arm()
    {
        var now = Now;
        var wait = Entry.StartAt - now;
        if (ticked || wait < TimeSpan.Zero)
        {
            wait = Entry.Period <= TimeSpan.Zero ? TimeSpan.Zero : TimeSpan.FromTicks(Entry.Period.Ticks - ((now - Entry.StartAt).Ticks % Entry.Period.Ticks));
        }

        if (!disposed)
        {
            timer.Change(wait > Longest ? Longest : wait, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task FireAsync()
    {
        try
        {
            if (Now >= Entry.StartAt && !disposed)
            {
                ticked = true; // from now on only ticks after this one are due
                var grain = (IRemindable)(object)silo.Factory.Reference(typeof(IRemindable), Entry.GrainId);
                await grain.ReceiveReminder(Entry.ReminderName, new(Entry.StartAt, Entry.Period, Now));
            }
        }
        catch (Exception error)
        {
            silo.Log.ReminderFailed(error, Entry.ReminderName, Entry.GrainId.ToString());
        }
        finally
        {
            Arm();
        }
    }
}
