using System.Collections.Concurrent;
using Orleans.Runtime;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill;

/// <summary>The way of a call: to the grain's activation here, to where it is known to be, or to the silo that keeps its place.</summary>
internal sealed partial class SiloHub
{
    private static readonly TimeSpan TidyPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdleBeforeMoving = TimeSpan.FromSeconds(1);
    private const int MaxKnownPlaces = 100_000;

    private readonly GrainDirectory directory = new();
    private readonly ConcurrentDictionary<GrainId, SiloAddress> known = new();
    private readonly ConcurrentDictionary<GrainId, long> timesPlaced = new();
    private volatile bool misplaced;

    public GrainDirectory Directory => directory;

    public override void Deliver(Message message)
    {
        if (IsOver)
        {
            return; // lost on the way
        }

        var pinned = Faults.Route(message);
        message.Pinned = pinned is not null;
        message.Placed = 0;
        var (where, placed) = pinned is not null ? (pinned, 0) : Locate(message.Target, message.Origin ?? Self!, message.ForwardCount > 0);
        if (where.Equals(Self))
        {
            message.TargetSilo = where;
            message.Placed = placed;
            Runtime.Catalog.Receive(message);
        }
        else
        {
            SendRequest(message, where, placed, message.Pinned);
        }
    }

    public override bool Register(Message message, SiloAddress silo)
    {
        if (message.Placed == 0 && !Faults.IsCutOff(silo))
        {
            return false; // it was sent to an activation that has ended meanwhile
        }

        timesPlaced.AddOrUpdate(message.Target, message.Placed, (_, before) => Math.Max(before, message.Placed));
        return true;
    }

    public override void Unregister(GrainId grain, SiloAddress silo)
    {
        timesPlaced.TryRemove(grain, out var times);
        var live = active;
        if (live.Length == 0 || IsOver)
        {
            return;
        }

        var keeper = KeeperOf(live, grain);
        if (keeper.Equals(Self))
        {
            directory.Unregister(grain, silo, times);
        }
        else
        {
            Tell(keeper, Operations.Unregister, grain, times);
        }
    }

    public override async ValueTask<SiloAddress?> LookupAsync(GrainId grain)
    {
        if (Runtime.Catalog.Find(grain) is not null)
        {
            return Self;
        }

        var live = active;
        if (live.Length == 0 || KeeperOf(live, grain) is not { } keeper || keeper.Equals(Self))
        {
            return directory.Find(grain);
        }

        return (SiloAddress?)await AskAsync(keeper, Operations.Lookup, grain, ended.Token);
    }

    private static SiloAddress KeeperOf(SiloAddress[] live, GrainId grain) => Placer.Rendezvous(live, grain.GetUniformHashCode());

    private bool Lives(SiloAddress silo) => membership?.Current.Find(silo) is { IsFunctional: true };

    /// <summary>The silo to send a call to, and how often this silo, as the keeper of the grain's place, has sent something there; 0 when another keeps it.</summary>
    private (SiloAddress Where, long Placed) Locate(GrainId grain, SiloAddress caller, bool forwarded)
    {
        if (Runtime.Catalog.Find(grain) is not null)
        {
            return (Self!, 0);
        }

        // What was sent on once goes to the keeper, since what is known here was wrong.
        if (!forwarded && known.TryGetValue(grain, out var host) && Lives(host) && !host.Equals(Self))
        {
            return (host, 0);
        }

        var live = active;
        if (live.Length == 0)
        {
            throw new SiloUnavailableException($"There is no active silo for grain {grain}.");
        }

        var keeper = KeeperOf(live, grain);
        if (!keeper.Equals(Self))
        {
            return (keeper, 0);
        }

        return directory.Place(grain, Lives, () => Placer.Choose(Runtime, live.Contains(caller) ? caller : null, live, grain));
    }

    private void Route(RequestFrame frame)
    {
        if (IsOver)
        {
            return;
        }

        if (frame.Pinned || Runtime.Catalog.Find(frame.Target) is not null || (frame.Placed > 0 && !Runtime.Catalog.IsClosed))
        {
            RunHere(frame);
            return;
        }

        var (where, placed) = Locate(frame.Target, frame.Caller!, frame.Hops > 0);
        if (where.Equals(Self))
        {
            RunHere(frame with { Placed = placed });
        }
        else
        {
            SendOn(frame, where, placed);
        }
    }

    private void SendOn(RequestFrame frame, SiloAddress where, long placed)
    {
        if (frame.Hops > Runtime.MessagingOptions.MaxForwardCount)
        {
            Respond(frame, null, new OrleansMessageRejectionException($"Message {frame.Method} to {frame.Target} was forwarded {frame.Hops} times and rejected."));
            return;
        }

        if (Faults.IsCut(Self, where))
        {
            return;
        }

        var sent = Network.Send(where, (frame with { Hops = frame.Hops + 1, Placed = placed, View = View }).Write());
        if (sent != SendResult.Queued)
        {
            Respond(frame, null, Unsent($"{frame.Method} to {frame.Target}", where, sent));
        }
        else if (frame.Id != 0)
        {
            TellCaller(frame.Caller!, new MovedFrame(frame.Id, where));
        }
    }

    private void TellCaller(SiloAddress caller, MovedFrame moved)
    {
        if (caller.Equals(Self))
        {
            Moved(moved);
        }
        else if (!Faults.IsCut(Self, caller))
        {
            Network.Send(caller, moved.Write());
        }
    }

    protected override GrainId? Moved(MovedFrame frame)
    {
        var grain = base.Moved(frame);
        if (grain is { } found)
        {
            if (known.Count > MaxKnownPlaces)
            {
                known.Clear();
            }

            known[found] = frame.Silo;
        }

        return grain;
    }

    private void RunHere(RequestFrame frame)
    {
        try
        {
            Runtime.Catalog.Receive(Decode(frame));
        }
        catch (Exception error)
        {
            Respond(frame, null, error);
        }
    }

    private Message Decode(RequestFrame frame)
    {
        var method = Runtime.Manifest.TryInterface(GrainInterfaceType.Create(frame.Interface)) is { } contract ? InterfaceModel.Of(contract).Find(frame.Method) : null;
        if (method is null)
        {
            throw new OrleansException($"Silo {Self} has no method {frame.Method} of {frame.Interface}: it is of another version.");
        }

        var reader = new WireReader(frame.Body, Grains);
        var context = new RequestContext.ContextProperties((Dictionary<string, object>?)reader.Value(), (Guid)reader.Value()!);
        var arguments = new object?[method.Parameters.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i] = reader.Left > 0 ? reader.Value() : null; // what an older caller does not know of
        }

        var cancellation = method.TokenIndex >= 0 ? new CancellationTokenSource() : null;
        if (cancellation is not null)
        {
            arguments[method.TokenIndex] = cancellation.Token;
        }

        var key = (frame.Caller!, frame.Id);
        var reply = frame.Id == 0 ? null : new PendingCall(call =>
        {
            running.TryRemove(key, out _);
            Respond(frame, call);
        });
        var message = new Message
        {
            Target = frame.Target, Method = method, Arguments = arguments, Context = context, Sender = Runtime.Sender, SourceId = frame.Source, Reply = reply,
            Cancellation = cancellation, Expiry = Runtime.Sender.ExpiryOf(frame.TimeToLive), Origin = frame.Caller, ForwardCount = Math.Max(0, frame.Hops - 1),
            Pinned = frame.Pinned, Placed = frame.Placed,
        };
        if (reply is not null)
        {
            reply.Message = message;
            running[key] = message;
            // Its caller has its own time-out; this one only sees that nothing is kept for ever.
            reply.Watch(clock, frame.TimeToLive == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(frame.TimeToLive) + IdleBeforeMoving, default);
        }

        return message;
    }

    private void Respond(RequestFrame frame, PendingCall call)
    {
        var error = call.Task.IsCanceled ? new OperationCanceledException() : call.Task.Exception?.InnerException;
        Respond(frame, error is null ? call.Task.Result : null, error);
    }

    private void Respond(RequestFrame frame, object? result, Exception? error)
    {
        if (frame.Id == 0)
        {
            if (error is not null)
            {
                Log.OneWayFailed(error, $"{frame.Method} to {frame.Target}");
            }

            return;
        }

        var answer = ResponseFrame.Of(frame.Id, result, error);
        if (frame.Caller!.Equals(Self))
        {
            Answer(answer);
        }
        else if (!IsOver && !Faults.IsCut(Self, frame.Caller))
        {
            Network.Send(frame.Caller, answer.Write()); // a lost answer is a time-out to its caller
        }
    }

    /// <summary>Where a client's call is.</summary>
    private SiloAddress? RelayedTo(CancelFrame frame) => frame.Caller!.Equals(Self) ? TargetOf(frame.Id) : null;

    private void OnCancel(CancelFrame frame)
    {
        if (running.TryGetValue((frame.Caller!, frame.Id), out var message))
        {
            if (message.Remote is { } remote)
            {
                remote.Cancel();
            }
            else if (message.Receiver is { } receiver)
            {
                receiver.CancelRequest(message);
            }
            else
            {
                message.Cancellation?.Cancel();
            }
        }
        else if (frame.Hops <= Runtime.MessagingOptions.MaxForwardCount && (RelayedTo(frame) ?? directory.Find(frame.Target)) is { } host && !host.Equals(Self))
        {
            SendCancel(frame with { Hops = frame.Hops + 1 }, host);
        }
    }
}
