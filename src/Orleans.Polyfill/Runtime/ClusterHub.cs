using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>The in-memory network, membership and directory of the silos of one process.</summary>
internal sealed class ClusterHub
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<GrainId, SiloAddress> directory = new();
    private readonly ConcurrentDictionary<SiloAddress, SiloRuntime> silos = new();
    private readonly ConcurrentDictionary<CallSender, bool> clients = new();
    private volatile SiloAddress[] active = [];

    public ClusterHub() => Faults.Hub = this;

    public PolyfillFaults Faults { get; } = new();

    public Dictionary<(GrainId Grain, string Name), ReminderEntry> Reminders { get; } = [];

    public MemoryStores Memory { get; } = new();

    public IReadOnlyList<SiloAddress> Active => active;

    public IEnumerable<SiloRuntime> Silos => silos.Values;

    public void Join(CallSender client) => clients[client] = true;

    public SiloRuntime? Find(SiloAddress address) => silos.GetValueOrDefault(address);

    /// <summary>A silo has a new status, which every silo learns at once.</summary>
    public void SetStatus(SiloRuntime silo, SiloStatus status)
    {
        lock (gate)
        {
            if (silo.Status == SiloStatus.Dead)
            {
                return;
            }

            silo.Status = status;
            silos[silo.SiloAddress] = silo;
            foreach (var other in silos.Values)
            {
                silo.StatusOracle.Learn(other.SiloAddress, other.Status);
            }

            active = [.. silos.Values.Where(s => s.Status == SiloStatus.Active).Select(s => s.SiloAddress).Order()];
        }

        if (status == SiloStatus.Dead)
        {
            Bury(silo.SiloAddress);
        }

        foreach (var other in silos.Values)
        {
            other.StatusOracle.Notify(silo.SiloAddress, status);
        }
    }

    /// <summary>The others take the silo for dead, while it may live on without knowing.</summary>
    public void DeclareDead(SiloAddress silo)
    {
        lock (gate)
        {
            silos.TryRemove(silo, out _);
            active = [.. active.Where(a => !a.Equals(silo))];
        }

        Bury(silo);
        foreach (var other in silos.Values)
        {
            other.StatusOracle.Notify(silo, SiloStatus.Dead);
        }
    }

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

    /// <summary>Delivers without asking the faults again.</summary>
    public void Deliver(Message message)
    {
        var from = message.Sender.Silo;
        var pinned = Faults.Route(message);
        message.Pinned = pinned is not null;
        var target = pinned ?? Route(message, from);
        message.TargetSilo = target;
        var silo = target.Equals(from?.SiloAddress) ? from : Find(target);
        if (silo is null or { IsKilled: true } || from is { IsKilled: true } || Faults.IsCut(from?.SiloAddress, target))
        {
            return; // lost on the way: the caller's time-out or the target's death ends the wait
        }

        silo.Catalog.Receive(message);
    }

    /// <summary>Answers a caller, unless something is between.</summary>
    public void Reply(Message message, SiloRuntime from, object? result, Exception? error)
    {
        if (message.Reply is not { } reply || from.IsKilled || message.Sender.Silo is { IsKilled: true } || Faults.IsCut(from.SiloAddress, message.Sender.Silo?.SiloAddress) || Faults.OnReply(message))
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

    /// <summary>Whether the silo may have the grain's activation: the first to register wins.</summary>
    public bool Register(GrainId grain, SiloAddress silo) => Faults.IsCutOff(silo) || directory.GetOrAdd(grain, silo).Equals(silo);

    public void Unregister(GrainId grain, SiloAddress silo) => directory.TryRemove(KeyValuePair.Create(grain, silo));

    public SiloAddress? Lookup(GrainId grain) => directory.GetValueOrDefault(grain);

    private SiloAddress Route(Message message, SiloRuntime? from)
    {
        if (from is not null && Faults.IsCutOff(from.SiloAddress) && from.Catalog.Find(message.Target) is not null)
        {
            return from.SiloAddress; // it knows of its own activation only
        }

        if (directory.TryGetValue(message.Target, out var known))
        {
            if (silos.TryGetValue(known, out var owner) && (owner.Status is SiloStatus.Active || owner.Catalog.Find(message.Target) is not null))
            {
                return known;
            }

            directory.TryRemove(KeyValuePair.Create(message.Target, known));
        }

        return directory.GetOrAdd(message.Target, Place(message, from));
    }

    private SiloAddress Place(Message message, SiloRuntime? from)
    {
        var live = active;
        if (live.Length == 0)
        {
            throw new SiloUnavailableException($"There is no active silo for message {message}.");
        }

        return Placer.Choose(from ?? silos[live[0]], from, live, message);
    }

    private void Bury(SiloAddress dead)
    {
        silos.TryRemove(dead, out _);
        foreach (var entry in directory.Where(e => e.Value.Equals(dead)))
        {
            directory.TryRemove(entry);
        }

        Memory.Lose(dead);
        foreach (var sender in silos.Values.Select(s => s.Sender).Concat(clients.Keys))
        {
            sender.Lost(dead);
        }
    }
}
