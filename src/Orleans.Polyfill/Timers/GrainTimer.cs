using Orleans.Polyfill;

namespace Orleans.Runtime;

/// <summary>A timer whose ticks are turns of its activation. The period counts from the end of a tick.</summary>
internal abstract class GrainTimer : IGrainTimer
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly ITimer timer;
    private readonly ActivationData activation;
    private readonly GrainTimerCreationOptions options;
    private TimeSpan period;
    private TimeSpan rest;
    private TimeSpan? changed;
    private bool firing;
    private bool disposed;

    protected GrainTimer(ActivationData activation, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, nameof(options.DueTime));
        Check(options.Period, nameof(options.Period));
        this.activation = activation;
        this.options = options;
        period = options.Period;
        activation.Register(this);
        timer = activation.Silo.Clock.CreateTimer(static s => ((GrainTimer)s!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Arm(options.DueTime);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (gate)
        {
            this.period = period;
            if (firing)
            {
                changed = dueTime; // the tick that runs now arms it when it ends
            }
            else
            {
                Arm(dueTime);
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (disposed)
            {
                return;
            }

            disposed = true;
        }

        timer.Dispose();
        activation.Unregister(this);
        stopping.Cancel();
    }

    protected abstract Task Call(CancellationToken token);

    private static void Check(TimeSpan time, string name)
    {
        if (time < TimeSpan.Zero && time != Timeout.InfiniteTimeSpan)
        {
            throw new ArgumentOutOfRangeException(name, time, "The time must be zero or more, or infinite.");
        }
    }

    private void Arm(TimeSpan due)
    {
        if (disposed)
        {
            return;
        }

        var forever = due == Timeout.InfiniteTimeSpan || due == TimeSpan.MaxValue;
        rest = !forever && due > Longest ? due - Longest : TimeSpan.Zero;
        timer.Change(forever ? Timeout.InfiniteTimeSpan : due > Longest ? Longest : due, Timeout.InfiniteTimeSpan);
    }

    private void Fire()
    {
        lock (gate)
        {
            if (disposed || firing)
            {
                return;
            }

            if (rest > TimeSpan.Zero)
            {
                Arm(rest);
                return;
            }

            firing = true;
            changed = null;
        }

        activation.Enqueue(new Tick(this));
    }

    private async Task TickAsync()
    {
        try
        {
            if (!disposed)
            {
                await Call(stopping.Token);
            }
        }
        catch (Exception error)
        {
            activation.Silo.Log.TimerFailed(error, activation.GrainId.ToString());
        }
        finally
        {
            lock (gate)
            {
                firing = false;
                Arm(changed ?? (period == TimeSpan.Zero ? TimeSpan.FromMilliseconds(1) : period));
            }
        }
    }

    internal sealed class Tick(GrainTimer timer) : Turn
    {
        public override bool AlwaysInterleave => timer.options.Interleave;

        public override bool KeepsAlive => timer.options.KeepAlive;

        public override RequestContext.ContextProperties Context => default;

        /// <summary>Interleaving ticks do not hold up the end of the activation: their token is cancelled.</summary>
        public bool OwnDeactivation => timer.options.Interleave;

        public override Task RunAsync(ActivationData activation) => timer.TickAsync();

        public override void Reject(Exception error)
        {
            // A timer ends with its activation; nobody waits for a tick.
        }
    }
}

internal sealed class GrainTimer<TState>(ActivationData activation, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    : GrainTimer(activation, options)
{
    protected override Task Call(CancellationToken token) => callback(state, token);
}

internal sealed class TimerRegistry : Orleans.Timers.ITimerRegistry
{
    public IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(grainContext);
        ArgumentNullException.ThrowIfNull(callback);
        RuntimeContext.Require(grainContext);
        return new GrainTimer<TState>((ActivationData)grainContext, callback, state, options);
    }
}
