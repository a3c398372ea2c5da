using System.Collections.Concurrent;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill;

/// <summary>A process among others: its calls that others answer, and what is common to silos and clients.</summary>
internal abstract class WireHub : ClusterHub, ITransportEvents
{
    private readonly ConcurrentDictionary<long, PendingRemote> pending = new();
    private long lastId;

    protected WireHub(PolyfillFaults? faults) : base(faults)
    {
    }

    public int PendingCount => pending.Count;

    protected abstract SiloAddress? Self { get; }

    protected abstract Transport Network { get; }

    protected abstract GrainFactory Grains { get; }

    protected abstract SiloLog Log { get; }

    /// <summary>The version of the membership table that this process knows.</summary>
    protected abstract int View { get; }

    public abstract bool IsDead(SiloAddress silo);

    public abstract void TakenForDead();

    public virtual void ClientLost(Connection connection)
    {
    }

    public void Received(SiloAddress? from, Connection connection, byte[] record)
    {
        try
        {
            if (!Faults.IsCut(Self, from))
            {
                Read(from, connection, new WireReader(record, Grains));
            }
        }
        catch (Exception error)
        {
            // A peer that has proved itself and yet sends what cannot be read is of another version, or broken: better without it.
            Log.RecordFailed(error, from?.ToString() ?? "a client");
            connection.Close();
        }
    }

    /// <summary>Calls that the silo was to answer end: whether they were executed is unknown.</summary>
    public virtual void Lost(SiloAddress silo, Exception? why, bool connected) =>
        Fail(silo, $"The connection to silo {silo} ended{(why is null ? "" : $" ({why.Message})")}");

    protected virtual void Read(SiloAddress? from, Connection connection, WireReader reader)
    {
        switch ((FrameKind)reader.Byte())
        {
            case FrameKind.Response:
                Answer(ResponseFrame.Read(reader));
                break;
            case FrameKind.Moved:
                Moved(MovedFrame.Read(reader));
                break;
            case var other:
                throw WireReader.Broken($"a record of kind {other} does not belong here");
        }
    }

    protected void Answer(ResponseFrame frame)
    {
        if (pending.TryRemove(frame.Id, out var call))
        {
            call.Complete(frame, Grains);
        }
    }

    protected virtual GrainId? Moved(MovedFrame frame)
    {
        if (!pending.TryGetValue(frame.Id, out var call))
        {
            return null;
        }

        call.MoveTo(frame.Silo);
        return call.Grain;
    }

    protected void Fail(SiloAddress silo, string what)
    {
        foreach (var (id, call) in pending.Where(p => p.Value.Target.Equals(silo)))
        {
            if (pending.TryRemove(id, out _))
            {
                call.Fail(new SiloUnavailableException($"{what} while message {call} waited for its answer. Whether it was executed is unknown."));
            }
        }
    }

    protected void FailAll(string what)
    {
        foreach (var silo in pending.Values.Select(p => p.Target).Distinct().ToList())
        {
            Fail(silo, what);
        }
    }

    /// <summary>Calls to the silo that never were on their way, to be sent elsewhere.</summary>
    protected List<PendingRemote> TakeBack(SiloAddress silo) =>
        [.. pending.Where(p => p.Value.Target.Equals(silo)).Select(p => pending.TryRemove(p.Key, out var call) ? call : null).OfType<PendingRemote>()];

    protected long Await(PendingRemote call)
    {
        var id = Interlocked.Increment(ref lastId);
        call.Id = id;
        pending[id] = call;
        return id;
    }

    protected SiloAddress? TargetOf(long id) => pending.TryGetValue(id, out var call) ? call.Target : null;

    protected void Forget(long id) => pending.TryRemove(id, out _);

    protected IEnumerable<PendingRemote> Waiting => pending.Values;

    /// <summary>Sends a message to another process. What cannot be sent fails at once, and was certainly not executed.</summary>
    protected void SendRequest(Message message, SiloAddress target, long placed, bool pinned)
    {
        if (Faults.IsCut(Self, target))
        {
            message.TargetSilo = target;
            return; // lost on the way
        }

        var id = 0L;
        message.TargetSilo = target;
        if (message.Reply is { } reply)
        {
            var call = new LocalCall(this, message) { Target = target };
            id = Await(call);
            message.Remote = call;
            if (reply.IsCompleted)
            {
                Forget(id); // it ended before anybody could forget it
                if (!message.Forced)
                {
                    return;
                }

                id = 0;
            }
        }

        var sent = Network.Send(target, Encode(message, id, placed, pinned).Write());
        if (sent != SendResult.Queued)
        {
            Forget(id);
            throw Unsent(message, target, sent);
        }
    }

    protected static OrleansMessageRejectionException Unsent(object message, SiloAddress target, SendResult result) => result == SendResult.Full
        ? new($"Message {message} was not sent: too much waits to be sent to silo {target}.")
        : new SiloUnavailableException($"Message {message} was not sent: silo {target} cannot be reached.");

    protected void SendCancel(CancelFrame frame, SiloAddress target)
    {
        if (!Faults.IsCut(Self, target))
        {
            Network.Send(target, frame.Write()); // a lost one only lets the callee go on
        }
    }

    private RequestFrame Encode(Message message, long id, long placed, bool pinned)
    {
        var entry = message.Method;
        return new()
        {
            Id = id,
            Caller = Self,
            Target = message.Target,
            Source = message.SourceId,
            Interface = entry.Model.InterfaceType.ToString(),
            Method = entry.WireName,
            View = View,
            Hops = message.ForwardCount,
            Placed = placed,
            Pinned = pinned,
            TimeToLive = message.Sender.TimeToLive(message),
            Body = Frame.Body(w =>
            {
                w.Value(message.Context.Values);
                w.Value(message.Context.ReentrancyId);
                for (var i = 0; i < message.Arguments.Length; i++)
                {
                    w.Value(i == entry.TokenIndex ? null : message.Arguments[i]);
                }
            }),
        };
    }

    /// <summary>Something that waits for another process.</summary>
    protected abstract class PendingRemote
    {
        public long Id { get; set; }

        public required SiloAddress Target { get; set; }

        public virtual GrainId? Grain => null;

        public abstract void Complete(ResponseFrame frame, GrainFactory grains);

        public abstract void Fail(Exception error);

        public virtual void MoveTo(SiloAddress silo) => Target = silo;

        protected static (object? Result, Exception? Error) Decode(ResponseFrame frame, GrainFactory grains)
        {
            try
            {
                var value = new WireReader(frame.Body, grains).Value();
                return frame.Failed ? (null, value as Exception ?? WireReader.Broken("a failure is no exception")) : (value, null);
            }
            catch (SerializerException error)
            {
                return (null, error);
            }
        }
    }

    /// <summary>A caller of this process.</summary>
    protected sealed class LocalCall(WireHub hub, Message message) : PendingRemote, IRemoteCall
    {
        public Message Message { get; } = message;

        public override GrainId? Grain => Message.Target;

        public void Forget() => hub.Forget(Id);

        public void Cancel() => hub.SendCancel(new(Id, hub.Self, Message.Target, 0), Target);

        public override void Complete(ResponseFrame frame, GrainFactory grains)
        {
            var (result, error) = Decode(frame, grains);
            if (error is null)
            {
                Message.Reply!.SetResult(result);
            }
            else
            {
                Message.Reply!.SetException(error);
            }
        }

        public override void Fail(Exception error) => Message.Reply!.SetException(error);

        public override void MoveTo(SiloAddress silo)
        {
            Target = silo;
            Message.TargetSilo = silo;
        }

        public override string ToString() => Message.ToString();
    }

    /// <summary>Part of this runtime itself.</summary>
    protected sealed class SystemCall(string operation) : PendingRemote
    {
        private readonly TaskCompletionSource<object?> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<object?> Task => completion.Task;

        public override void Complete(ResponseFrame frame, GrainFactory grains)
        {
            var (result, error) = Decode(frame, grains);
            if (error is null)
            {
                completion.TrySetResult(result);
            }
            else
            {
                completion.TrySetException(error);
            }
        }

        public override void Fail(Exception error) => completion.TrySetException(error);

        public override string ToString() => operation;
    }
}
