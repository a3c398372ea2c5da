using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Sends the calls of one silo or one client, and keeps the callers that wait.</summary>
internal sealed class CallSender
{
    private readonly ConcurrentDictionary<PendingCall, bool> waiting = new();
    private readonly ClusterHub hub;
    private readonly TimeProvider clock;
    private readonly MessagingOptions options;
    private readonly IOutgoingGrainCallFilter[] filters;
    private volatile string? closed;

    /// <summary>Makes a sender; without a silo it is an external client's.</summary>
    public CallSender(ClusterHub hub, SiloRuntime? silo, TimeProvider clock, MessagingOptions options, IEnumerable<IOutgoingGrainCallFilter> filters)
    {
        this.hub = hub;
        Silo = silo;
        this.clock = clock;
        this.options = options;
        this.filters = [.. filters];
    }

    public SiloRuntime? Silo { get; }

    public TimeProvider Clock => clock;

    public Task<object?> Call(GrainReference reference, MethodEntry method, object?[] arguments)
    {
        if (filters.Length == 0)
        {
            return Send(reference.GrainId, method, arguments);
        }

        return new OutgoingCall(filters, reference, method, arguments, RuntimeContext.Current, a => Send(reference.GrainId, method, a)).RunAsync();
    }

    /// <summary>No caller gets an answer any more: the host stops.</summary>
    public void Close(string reason)
    {
        closed = reason;
        foreach (var call in waiting.Keys)
        {
            call.SetException(new SiloUnavailableException(reason));
        }
    }

    /// <summary>Callers inside silos learn that the silo which should have answered is dead; external clients wait for their time-out.</summary>
    public void Lost(SiloAddress silo)
    {
        if (Silo is null)
        {
            return;
        }

        foreach (var call in waiting.Keys.Where(c => silo.Equals(c.Message.TargetSilo)))
        {
            call.SetException(new SiloUnavailableException($"The target silo {silo} became unavailable for message {call.Message}. Whether it was executed is unknown."));
        }
    }

    public bool IsExpired(Message message) => options.DropExpiredMessages && message.Expiry != 0 && clock.GetTimestamp() > message.Expiry;

    /// <summary>Milliseconds that its caller still waits; 0: for ever.</summary>
    public long TimeToLive(Message message) => message.Expiry == 0
        ? 0
        : Math.Max(1, (message.Expiry - clock.GetTimestamp()) * 1000 / clock.TimestampFrequency);

    /// <summary>When a message that came from another process is not begun any more.</summary>
    public long ExpiryOf(long timeToLive) => timeToLive == 0 ? 0 : clock.GetTimestamp() + (timeToLive * clock.TimestampFrequency / 1000);

    public void TimedOut(Message message)
    {
        if (!options.CancelRequestOnTimeout)
        {
            return;
        }

        if (message.Remote is { } remote)
        {
            remote.Cancel();
        }
        else
        {
            message.Receiver?.CancelRequest(message);
        }
    }

    private Task<object?> Send(GrainId target, MethodEntry method, object?[] arguments)
    {
        if (closed is { } reason)
        {
            return Task.FromException<object?>(new SiloUnavailableException(reason));
        }

        var token = method.TokenIndex >= 0 ? (CancellationToken)arguments[method.TokenIndex]! : default;
        if (token.IsCancellationRequested)
        {
            return Task.FromCanceled<object?>(token);
        }

        PendingCall? reply = null;
        try
        {
            var message = Prepare(target, method, arguments, token);
            reply = message.Reply;
            hub.Send(message);
            return reply?.Task ?? NoResult;
        }
        catch (Exception error)
        {
            reply?.SetException(error);
            return reply?.Task ?? Task.FromException<object?>(error);
        }
    }

    private static Task<object?> NoResult { get; } = Task.FromResult<object?>(null);

    private Message Prepare(GrainId target, MethodEntry method, object?[] arguments, CancellationToken token)
    {
        var timeout = Debugger.IsAttached ? options.ResponseTimeoutWithDebugger : method.Timeout ?? options.ResponseTimeout;
        var reply = method.OneWay ? null : new PendingCall(call => waiting.TryRemove(call, out _));
        var cancellation = token.CanBeCanceled ? new CancellationTokenSource() : null;
        var copies = method.CopyArguments(arguments);
        if (method.TokenIndex >= 0)
        {
            copies[method.TokenIndex] = cancellation?.Token ?? default;
        }

        var message = new Message
        {
            Target = target,
            Method = method,
            Arguments = copies,
            Context = RequestContext.Current.Travel(),
            Sender = this,
            SourceId = RuntimeContext.Current?.GrainId,
            Reply = reply,
            Cancellation = cancellation,
            Expiry = reply is null || timeout == Timeout.InfiniteTimeSpan ? 0 : clock.GetTimestamp() + (long)(timeout.TotalSeconds * clock.TimestampFrequency),
        };
        if (reply is not null)
        {
            reply.Message = message;
            waiting[reply] = true;
            reply.Watch(clock, timeout, token);
        }

        return message;
    }
}
