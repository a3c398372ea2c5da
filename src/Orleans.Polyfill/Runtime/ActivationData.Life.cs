using Orleans.Polyfill;

namespace Orleans.Runtime;

/// <summary>How an activation begins and ends.</summary>
internal sealed partial class ActivationData
{
    // A failed activation holds its place for so long, so that a grain that cannot start is not started in a loop.
    private static readonly TimeSpan FailedHold = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource deactivated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<GrainTimer> timers = [];
    private DeactivationReason reason;
    private bool deactivationAsked;
    private bool finishing;
    private Exception? failure;
    private ITimer? hold;

    public void Activate(Dictionary<string, object>? requestContext, CancellationToken cancellationToken = default) => Activate(new RequestContext.ContextProperties(requestContext, Guid.Empty));

    public void Activate(RequestContext.ContextProperties context)
    {
        lock (gate)
        {
            state = State.Activating;
        }

        scheduler.Start(static s => ((Action)s!)(), (Action)(() => _ = ActivateAsync(context)));
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (gate)
        {
            if (state == State.Failed && !deactivationAsked)
            {
                deactivationAsked = true;
                _ = DisposeAsync(); // it only held its place
            }

            if (deactivationAsked || state is State.Failed or State.Gone)
            {
                return;
            }

            deactivationAsked = true;
            reason = deactivationReason;
            if (state == State.Valid)
            {
                state = State.Deactivating;
                FinishIfQuiet();
            }
        }
    }

    public bool HasTimers
    {
        get
        {
            lock (gate)
            {
                return timers.Count > 0;
            }
        }
    }

    public void Register(GrainTimer timer)
    {
        lock (gate)
        {
            timers.Add(timer);
        }
    }

    public void Unregister(GrainTimer timer)
    {
        lock (gate)
        {
            timers.Remove(timer);
        }
    }

    /// <summary>The silo was killed: no code of its own runs for the activation any more, except what runs already.</summary>
    public void Abandon()
    {
        lock (gate)
        {
            state = State.Gone;
            waiting.Clear();
        }

        DisposeTimers();
        deactivated.TrySetResult();
    }

    private async Task ActivateAsync(RequestContext.ContextProperties context)
    {
        RequestContext.Current = context;
        try
        {
            using var limit = new CancellationTokenSource(Silo.CollectionOptions.ActivationTimeout, Silo.Clock);
            GrainInstance = Kind.Create(this);
            await Lifecycle.StartAsync(limit.Token).WaitAsync(limit.Token);
            if (GrainInstance is IGrainBase grain)
            {
                await grain.OnActivateAsync(limit.Token).WaitAsync(limit.Token);
            }
        }
        catch (Exception error)
        {
            await FailActivationAsync(error);
            return;
        }

        Touch();
        lock (gate)
        {
            state = deactivationAsked ? State.Deactivating : State.Valid;
            Pump(state);
        }
    }

    private void Pump(State now)
    {
        if (now == State.Valid)
        {
            Pump();
        }
        else
        {
            FinishIfQuiet();
        }
    }

    private async Task FailActivationAsync(Exception error)
    {
        Silo.Log.ActivationFailed(error, GrainId.ToString());
        DisposeTimers();
        await Lifecycle.StopAsync(static (_, _) => { }, CancellationToken.None);
        List<Turn> rejected;
        lock (gate)
        {
            failure = error;
            state = State.Failed;
            rejected = [.. waiting];
            waiting.Clear();
        }

        hold = Silo.Clock.CreateTimer(static s => _ = ((ActivationData)s!).DisposeAsync(), this, FailedHold, Timeout.InfiniteTimeSpan);
        Bounce(rejected);
    }

    // Called with the gate held. Requests that run are left to their end.
    private void FinishIfQuiet()
    {
        if (state == State.Deactivating && !finishing && running.TrueForAll(t => t is GrainTimer.Tick { OwnDeactivation: true }))
        {
            finishing = true;
            scheduler.Start(static s => _ = ((ActivationData)s!).DeactivateAsync(), this);
        }
    }

    private async Task DeactivateAsync()
    {
        DisposeTimers();
        using var limit = new CancellationTokenSource(Silo.CollectionOptions.DeactivationTimeout, Silo.Clock);
        try
        {
            if (GrainInstance is IGrainBase grain)
            {
                await grain.OnDeactivateAsync(reason, limit.Token).WaitAsync(limit.Token);
            }
        }
        catch (Exception error)
        {
            Silo.Log.DeactivationFailed(error, GrainId.ToString());
        }

        await Lifecycle.StopAsync((s, e) => Silo.Log.DeactivationFailed(e, $"{GrainId} ({s.Name})"), limit.Token);
        await DisposeAsync();
    }

    private async Task DisposeAsync()
    {
        hold?.Dispose();
        Silo.Catalog.Remove(this);
        List<Turn> moved;
        lock (gate)
        {
            if (state == State.Gone)
            {
                return;
            }

            state = State.Gone;
            moved = [.. waiting];
            waiting.Clear();
        }

        try
        {
            await DisposeInstanceAsync();
        }
        catch (Exception error)
        {
            Silo.Log.DeactivationFailed(error, GrainId.ToString());
        }

        deactivated.TrySetResult();
        Bounce(moved);
    }

    private async ValueTask DisposeInstanceAsync()
    {
        if (GrainInstance is IAsyncDisposable asynchronous)
        {
            await asynchronous.DisposeAsync();
        }
        else if (GrainInstance is IDisposable disposable)
        {
            disposable.Dispose();
        }

        await Scope.DisposeAsync();
    }

    private void DisposeTimers()
    {
        List<GrainTimer> ending;
        lock (gate)
        {
            ending = [.. timers];
            timers.Clear();
        }

        ending.ForEach(t => t.Dispose());
    }

    /// <summary>Turns that cannot run here: refused when the activation failed, sent on to the grain's next activation otherwise.</summary>
    private void Bounce(List<Turn> turns)
    {
        foreach (var turn in turns)
        {
            if (failure is { } error)
            {
                turn.Reject(Serialization.ExceptionCopy.Travel(error));
            }
            else if (turn is RequestTurn request)
            {
                Silo.Hub.Forward(request.Message, Silo);
            }
        }
    }
}
