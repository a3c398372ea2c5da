using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace Orleans.Runtime;

/// <summary>One activation of a grain: its queue, its turns, its life.</summary>
internal sealed partial class ActivationData : IGrainContext
{
    private readonly Lock gate = new();
    private readonly List<Turn> waiting = [];
    private readonly List<Turn> running = [];
    private readonly Dictionary<Guid, int> sections = [];
    private readonly ConcurrentDictionary<Type, object> components = new();
    private readonly ActivationScheduler scheduler;
    private State state = State.Created;
    private long lastUsed;
    private long keepUntil;

    public ActivationData(SiloRuntime silo, GrainClassInfo kind, GrainId id)
    {
        Silo = silo;
        Kind = kind;
        GrainId = id;
        ActivationId = ActivationId.NewId();
        scheduler = new(this);
        Scope = silo.Services.CreateAsyncScope();
        GrainReference = silo.Factory.Reference(typeof(IAddressable), id);
        Touch();
    }

    private enum State
    {
        Created,
        Activating,
        Valid,
        Deactivating,
        Failed,
        Gone,
    }

    public SiloRuntime Silo { get; }

    public GrainClassInfo Kind { get; }

    public GrainReference GrainReference { get; }

    public GrainId GrainId { get; }

    public object? GrainInstance { get; private set; }

    public ActivationId ActivationId { get; }

    public GrainAddress Address => new() { GrainId = GrainId, ActivationId = ActivationId, SiloAddress = Silo.SiloAddress };

    public IServiceProvider ActivationServices => Scope.ServiceProvider;

    public IGrainLifecycle ObservableLifecycle => Lifecycle;

    public IWorkItemScheduler Scheduler => scheduler;

    public Task Deactivated => deactivated.Task;

    internal GrainLifecycle Lifecycle { get; } = new();

    private AsyncServiceScope Scope { get; }

    public void SetComponent<TComponent>(TComponent? value)
        where TComponent : class
    {
        if (value is null)
        {
            components.TryRemove(typeof(TComponent), out _);
        }
        else
        {
            components[typeof(TComponent)] = value;
        }
    }

    public object? GetTarget() => GrainInstance;

    public object? GetComponent(Type componentType) =>
        components.TryGetValue(componentType, out var component) ? component : componentType.IsInstanceOfType(this) ? this : componentType.IsInstanceOfType(GrainInstance) ? GrainInstance : null;

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override string ToString() => $"[Activation: {Silo.SiloAddress}/{GrainId}{ActivationId} {Kind.Class}]";

    public void ReceiveMessage(object message)
    {
        var request = (Message)message;
        request.Receiver = this;
        Enqueue(new RequestTurn(request));
    }

    public void Enqueue(Turn turn)
    {
        lock (gate)
        {
            if (state is not (State.Failed or State.Gone))
            {
                waiting.Add(turn);
                if (state == State.Valid)
                {
                    Pump();
                }

                return;
            }
        }

        Bounce([turn]);
    }

    public void EnterReentrancySection(Guid id)
    {
        lock (gate)
        {
            sections[id] = sections.GetValueOrDefault(id) + 1;
            if (state == State.Valid)
            {
                Pump();
            }
        }
    }

    public void LeaveReentrancySection(Guid id)
    {
        lock (gate)
        {
            if (--sections[id] == 0)
            {
                sections.Remove(id);
            }
        }
    }

    /// <summary>The caller has given up: a request not begun is dropped, a running one is told through its token.</summary>
    public void CancelRequest(Message message)
    {
        lock (gate)
        {
            waiting.RemoveAll(t => t is RequestTurn request && ReferenceEquals(request.Message, message));
        }

        if (message.Cancellation is { } cancellation)
        {
            scheduler.Start(static s => ((CancellationTokenSource)s!).Cancel(), cancellation);
        }
    }

    public void Touch() => Volatile.Write(ref lastUsed, Silo.Clock.GetTimestamp());

    /// <summary>Holds the activation at least for the time, from now; at most for ever; a time of zero or less lets it go.</summary>
    public void DelayDeactivation(TimeSpan time)
    {
        var forever = time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan;
        Volatile.Write(ref keepUntil, forever ? long.MaxValue : time <= TimeSpan.Zero ? 0 : After(time));
    }

    /// <summary>Whether it has had nothing to do for the time.</summary>
    public bool IsIdleFor(TimeSpan age)
    {
        lock (gate)
        {
            return state == State.Valid && waiting.Count == 0 && running.Count == 0
                && Silo.Clock.GetElapsedTime(Volatile.Read(ref lastUsed)) >= age && Volatile.Read(ref keepUntil) <= Silo.Clock.GetTimestamp();
        }
    }

    private long After(TimeSpan time)
    {
        var ticks = time.TotalSeconds * Silo.Clock.TimestampFrequency;
        return ticks > long.MaxValue / 2 ? long.MaxValue : Silo.Clock.GetTimestamp() + (long)ticks;
    }

    // Called with the gate held.
    private void Pump()
    {
        for (var i = 0; i < waiting.Count;)
        {
            var turn = waiting[i];
            if (!MayRun(turn))
            {
                i++;
                continue;
            }

            waiting.RemoveAt(i);
            if (turn is RequestTurn { Message: { Forced: false } message } && (message.Reply is { IsCompleted: true } || message.Sender.IsExpired(message)))
            {
                continue; // nobody waits for it any more
            }

            running.Add(turn);
            scheduler.Start(static s => ((Start)s!).Go(), new Start(this, turn));
        }
    }

    private bool MayRun(Turn turn)
    {
        var blocked = false;
        var onlyReaders = true;
        foreach (var other in running)
        {
            if (!other.AlwaysInterleave)
            {
                blocked = true;
                onlyReaders &= other.ReadOnly;
            }
        }

        return !blocked || turn.AlwaysInterleave || Kind.Reentrant || (turn.ReadOnly && onlyReaders)
            || (turn.Context.ReentrancyId is var id && id != Guid.Empty && sections.ContainsKey(id));
    }

    private async Task RunAsync(Turn turn)
    {
        if (turn.KeepsAlive)
        {
            Touch();
        }

        RequestContext.Current = turn.Context;
        try
        {
            await turn.RunAsync(this);
        }
        catch (Exception error)
        {
            Silo.Log.TurnFailed(error, GrainId.ToString());
        }
        finally
        {
            End(turn);
            turn.Answer(this);
        }
    }

    private void End(Turn turn)
    {
        if (turn.KeepsAlive)
        {
            Touch();
        }

        lock (gate)
        {
            running.Remove(turn);
            if (state == State.Valid)
            {
                Pump();
            }
            else
            {
                FinishIfQuiet();
            }
        }
    }

    private sealed record Start(ActivationData Activation, Turn Turn)
    {
        public void Go() => _ = Activation.RunAsync(Turn);
    }
}

/// <summary>The lifecycle of one activation.</summary>
internal sealed class GrainLifecycle : LifecycleSubject, IGrainLifecycle;
