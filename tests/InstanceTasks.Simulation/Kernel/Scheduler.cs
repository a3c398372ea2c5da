namespace InstanceTasks.Simulation.Kernel;

/// <summary>
/// All that happens, one thing after the other, on one thread: by time, and at the same time in the order in which it was asked for.
/// Whatever belongs to a process runs in that process's context, is dropped when it is dead, and put off while it stands still.
/// </summary>
internal sealed class Scheduler
{
    private readonly PriorityQueue<Happening, (long At, long Order)> _queue = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _order;

    /// <summary>Simulated time since the beginning.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How many things have happened.</summary>
    public long Count { get; private set; }

    /// <summary>Something happens after a delay, in a process (null: outside all of them).</summary>
    public void After(TimeSpan delay, ProcessContext? process, Action action)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Console.Error.WriteLine(Environment.StackTrace);
            throw new InvalidOperationException("Something has left the simulation's thread: the run would not be the same again.");
        }

        var at = Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
        _queue.Enqueue(new Happening(process, action), (at.Ticks, ++_order));
    }

    /// <summary>The next thing happens; false when there is none before the limit.</summary>
    public bool Step(TimeSpan limit)
    {
        if (!_queue.TryPeek(out _, out var due) || due.At > limit.Ticks)
        {
            return false;
        }

        var next = _queue.Dequeue();
        Now = TimeSpan.FromTicks(due.At);
        if (next.Process is { } process && !MayRun(process, next))
        {
            return true;
        }

        Count++;
        SynchronizationContext.SetSynchronizationContext(next.Process);
        next.Action();
        SynchronizationContext.SetSynchronizationContext(null);
        return true;
    }

    /// <summary>Time passes without anything happening.</summary>
    public void PassTo(TimeSpan time) => Now = time > Now ? time : Now;

    private bool MayRun(ProcessContext process, Happening next)
    {
        if (process.Dead)
        {
            return false;
        }

        if (process.StandsStillUntil <= Now)
        {
            return true;
        }

        _queue.Enqueue(next, (process.StandsStillUntil.Ticks, ++_order));
        return false;
    }

    private readonly record struct Happening(ProcessContext? Process, Action Action);
}

/// <summary>One process: continuations of its code are things that happen in it.</summary>
internal sealed class ProcessContext(Scheduler scheduler) : SynchronizationContext
{
    private volatile bool _dead;

    /// <summary>Nothing of it happens any more.</summary>
    public bool Dead => _dead;

    /// <summary>Nothing of it happens before this time.</summary>
    public TimeSpan StandsStillUntil { get; private set; }

    /// <summary>How often it stood still.</summary>
    public int Halts { get; private set; }

    public bool StandsStill => StandsStillUntil > scheduler.Now;

    public void StandStill(TimeSpan time)
    {
        Halts++;
        StandsStillUntil = scheduler.Now + time;
    }

    public void Die() => _dead = true;

    public void GoOn() => StandsStillUntil = scheduler.Now;

    public override void Post(SendOrPostCallback d, object? state)
    {
        // Also from the finalizer of what a dead process has left behind.
        if (!_dead)
        {
            scheduler.After(TimeSpan.Zero, this, () => d(state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nothing waits for another turn.");

    public override SynchronizationContext CreateCopy() => this;
}
