namespace InstanceTasks.Engine.Tests.Support;

/// <summary>A clock that only moves when it is told to; due timers fire on the caller's thread, in order of their time.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];

    public DateTimeOffset Now { get; private set; } = Some.Start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How wrong the wall clock is; what is measured is not touched by it.</summary>
    public TimeSpan WallError { get; set; }

    public override DateTimeOffset GetUtcNow() => Now + WallError;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public ITimer Once(TimeSpan delay, Action action) => CreateTimer(_ => action(), null, delay, Timeout.InfiniteTimeSpan);

    /// <summary>Moves to the next timer and fires it; false when none is due by then.</summary>
    public bool AdvanceToNext(DateTimeOffset limit)
    {
        var next = _timers.Where(t => t.Due is not null).MinBy(t => t.Due);
        if (next?.Due is not { } due || due > limit)
        {
            return false;
        }

        Now = due > Now ? due : Now;
        next.Fire();
        return true;
    }

    /// <summary>Moves without firing anything that is not due.</summary>
    public void JumpTo(DateTimeOffset time) => Now = time > Now ? time : Now;

    private sealed class ManualTimer(ManualTime time, Action action) : ITimer
    {
        public DateTimeOffset? Due { get; private set; }

        public void Fire()
        {
            Due = null;
            time._timers.Remove(this);
            action();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            time._timers.Remove(this);
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : time.Now + dueTime;
            if (Due is not null)
            {
                time._timers.Add(this);
            }

            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
