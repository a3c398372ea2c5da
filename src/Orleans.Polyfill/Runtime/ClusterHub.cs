using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>What joins silos: the way of messages, who is there, and which silo has a grain.</summary>
internal abstract class ClusterHub
{
    protected ClusterHub(PolyfillFaults? faults = null)
    {
        Faults = faults ?? new();
        Faults.Hub ??= this;
    }

    public PolyfillFaults Faults { get; }

    /// <summary>What memory storages hold; of this process only.</summary>
    public abstract MemoryStores Memory { get; }

    /// <summary>The active silos, in an order that all agree on.</summary>
    public abstract IReadOnlyList<SiloAddress> Active { get; }

    public abstract string? NameOf(SiloAddress address);

    /// <summary>The silo's own status changes; returns when the others can know.</summary>
    public abstract Task SetStatusAsync(SiloRuntime silo, SiloStatus status, CancellationToken token);

    /// <summary>Nothing goes out of the silo or into it any more.</summary>
    public abstract void Kill(SiloRuntime silo);

    /// <summary>The others take the silo for dead, while it may live on without knowing.</summary>
    public abstract void DeclareDead(SiloAddress silo);

    /// <summary>Delivers without asking the faults again.</summary>
    public abstract void Deliver(Message message);

    /// <summary>Whether the silo may have the activation that the message asks for.</summary>
    public abstract bool Register(Message message, SiloAddress silo);

    public abstract void Unregister(GrainId grain, SiloAddress silo);

    public abstract ValueTask<SiloAddress?> LookupAsync(GrainId grain);

    /// <summary>Activations in all silos.</summary>
    public abstract Task<int> CountAsync();

    /// <summary>The same by silo and class.</summary>
    public abstract Task<SimpleGrainStatistic[]> StatisticsAsync();

    /// <summary>Ends what has been idle for the time in a silo.</summary>
    public abstract Task CollectAsync(SiloAddress address, TimeSpan age);

    /// <summary>Tells the silo that a reminder of its range was registered or ended, so that it need not wait for its next look into the table.</summary>
    public abstract Task TellReminderAsync(SiloAddress owner, ReminderEntry entry, bool ended);

    public void Send(Message message)
    {
        if (Faults.IsQuiet)
        {
            Deliver(message);
            return;
        }

        foreach (var copy in Faults.OnSend(this, message))
        {
            Deliver(copy);
        }
    }

    /// <summary>Answers a caller, unless something is between.</summary>
    public void Reply(Message message, SiloRuntime from, object? result, Exception? error)
    {
        var caller = message.Origin ?? message.Sender.Silo?.SiloAddress;
        if (message.Reply is not { } reply || from.IsKilled || message.Sender.Silo is { IsKilled: true } || Faults.IsCut(from.SiloAddress, caller) || Faults.OnReply(message))
        {
            return;
        }

        if (error is null)
        {
            reply.SetResult(result);
        }
        else
        {
            reply.SetException(error);
        }
    }

    /// <summary>Sends a request on that reached an activation which has ended.</summary>
    public void Forward(Message message, SiloRuntime last)
    {
        if ((message.Reply is { IsCompleted: true } && !message.Forced) || last.IsKilled)
        {
            return;
        }

        if (message.ForwardCount++ >= last.MessagingOptions.MaxForwardCount)
        {
            message.Reply?.SetException(new OrleansMessageRejectionException($"Message {message} was forwarded {message.ForwardCount - 1} times and rejected."));
            return;
        }

        try
        {
            Deliver(message);
        }
        catch (Exception error)
        {
            message.Reply?.SetException(error);
        }
    }
}
