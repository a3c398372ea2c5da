using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>The activations of one silo.</summary>
internal sealed class Catalog(SiloRuntime silo)
{
    private readonly ConcurrentDictionary<GrainId, ActivationData> activations = new();
    private readonly Lock gate = new();
    private bool closed;

    public int Count => activations.Count;

    /// <summary>How many there are of each class.</summary>
    public SimpleGrainStatistic[] Statistics() =>
        [.. All.GroupBy(a => a.Kind.Class).Select(g => new SimpleGrainStatistic { GrainType = $"{g.Key.FullName},{g.Key.Assembly.GetName().Name}", SiloAddress = silo.SiloAddress, ActivationCount = g.Count() })];

    /// <summary>It makes no more activations.</summary>
    public bool IsClosed => Volatile.Read(ref closed);

    public IEnumerable<ActivationData> All => activations.Values;

    public ActivationData? Find(GrainId id) => activations.GetValueOrDefault(id);

    public void Receive(Message message)
    {
        if (activations.TryGetValue(message.Target, out var activation) || (activation = GetOrCreate(message)) is not null)
        {
            activation.ReceiveMessage(message);
        }
        else
        {
            silo.Hub.Forward(message, silo);
        }
    }

    /// <summary>Takes the activation out of the silo and of the directory, in one, so that no entry of a successor is taken out.</summary>
    public void Remove(ActivationData activation)
    {
        lock (gate)
        {
            if (activations.TryRemove(KeyValuePair.Create(activation.GrainId, activation)))
            {
                silo.Hub.Unregister(activation.GrainId, silo.SiloAddress);
            }
        }
    }

    /// <summary>Ends every activation, and makes no more.</summary>
    public async Task DeactivateAllAsync(DeactivationReason reason, CancellationToken token)
    {
        lock (gate)
        {
            closed = true;
        }

        while (!activations.IsEmpty)
        {
            var all = activations.Values.ToList();
            all.ForEach(a => a.Deactivate(reason, token));
            await Task.WhenAll(all.Select(a => a.Deactivated)).WaitAsync(token);
        }
    }

    public void AbandonAll()
    {
        lock (gate)
        {
            closed = true;
        }

        foreach (var activation in activations.Values)
        {
            activation.Abandon();
        }
    }

    /// <summary>Begins to end what has been idle for its class's age, or for the given one.</summary>
    public List<Task> CollectIdle(TimeSpan? given)
    {
        var collected = new List<Task>();
        foreach (var activation in activations.Values.Where(a => !a.Kind.KeepAlive))
        {
            var age = given ?? activation.Kind.CollectionAge ?? silo.CollectionAgeOf(activation.Kind.Class);
            if (age != TimeSpan.MaxValue && activation.IsIdleFor(age))
            {
                activation.Deactivate(new(DeactivationReasonCode.ActivationIdle, "The activation has been idle for its collection age"));
                collected.Add(activation.Deactivated);
            }
        }

        return collected;
    }

    /// <summary>Begins to end activations that have nothing to do, and no timer that would.</summary>
    public int EndIdle(Func<ActivationData, bool> which, TimeSpan idle)
    {
        var count = 0;
        foreach (var activation in activations.Values.Where(a => !a.Kind.KeepAlive && !a.HasTimers && a.IsIdleFor(idle) && which(a)))
        {
            activation.Deactivate(new(DeactivationReasonCode.RuntimeRequested, "The grain belongs to another silo since the cluster changed"));
            count++;
        }

        return count;
    }

    /// <summary>The grain's activation here, or null when the directory knows of one elsewhere.</summary>
    private ActivationData? GetOrCreate(Message message)
    {
        lock (gate)
        {
            if (activations.TryGetValue(message.Target, out var existing))
            {
                return existing;
            }

            if (closed)
            {
                throw new SiloUnavailableException($"Silo {silo.SiloAddress} is stopping and does not activate {message.Target}.");
            }

            if (!message.Pinned && !silo.Hub.Register(message, silo.SiloAddress))
            {
                return null;
            }

            var activation = new ActivationData(silo, silo.Manifest.Class(message.Target.Type), message.Target);
            activations[message.Target] = activation;
            activation.Activate(message.Context);
            return activation;
        }
    }
}
