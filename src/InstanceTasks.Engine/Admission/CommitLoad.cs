namespace InstanceTasks.Engine;

/// <summary>How the commits of this process get on. With nothing under way it says nothing: the next one finds out.</summary>
public sealed class CommitLoad(TimeProvider time)
{
    private int _waiting;
    private long _moved;
    private long _lastDelay;

    /// <summary>Commits under way.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>How long the last took, or how long none has been answered, whichever is more; zero when none is under way.</summary>
    public TimeSpan Delay
    {
        get
        {
            if (Waiting == 0)
            {
                return TimeSpan.Zero;
            }

            var (still, last) = (time.GetElapsedTime(Volatile.Read(ref _moved)), TimeSpan.FromTicks(Volatile.Read(ref _lastDelay)));
            return still > last ? still : last;
        }
    }

    /// <summary>One is handed over.</summary>
    public long Enter()
    {
        var now = time.GetTimestamp();
        // Before it counts: whoever looks in between must not find it as old as the last one.
        if (Waiting == 0)
        {
            Begin(now);
        }

        if (Interlocked.Increment(ref _waiting) == 1)
        {
            Begin(now);
        }

        return now;
    }

    // Nothing was under way, so nothing stood still.
    private void Begin(long now)
    {
        Volatile.Write(ref _moved, now);
        Volatile.Write(ref _lastDelay, 0);
    }

    /// <summary>It was answered, however.</summary>
    public void Leave(long entered)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _moved, now);
        Volatile.Write(ref _lastDelay, time.GetElapsedTime(entered, now).Ticks);
        Interlocked.Decrement(ref _waiting);
    }
}
