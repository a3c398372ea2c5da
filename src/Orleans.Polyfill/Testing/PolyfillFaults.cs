using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Which calls a fault hits: by the target and the name of the interface method.</summary>
/// <param name="target">The grain that is called.</param>
/// <param name="method">The name of the interface method.</param>
/// <returns>Whether the fault hits the call.</returns>
public delegate bool CallMatch(GrainId target, string method);

/// <summary>A fault that was set. It ends when it is disposed.</summary>
public sealed class PolyfillFault : IDisposable
{
    private readonly Action<PolyfillFault> end;
    private int fired;
    private int left;

    internal PolyfillFault(CallMatch match, int times, Action<PolyfillFault> end)
    {
        Match = match;
        left = times;
        this.end = end;
    }

    /// <summary>How often it has hit something: a test of a fault must see that this is not zero.</summary>
    public int Fired => Volatile.Read(ref fired);

    internal CallMatch Match { get; }

    internal SiloAddress? Silo { get; init; }

    internal Task? Release { get; init; }

    /// <summary>Ends the fault.</summary>
    public void Dispose() => end(this);

    internal bool Hits(Message message)
    {
        if (!Match(message.Target, message.Method.Name) || Interlocked.Decrement(ref left) < 0)
        {
            return false;
        }

        Count();
        return true;
    }

    internal void Count() => Interlocked.Increment(ref fired);
}

/// <summary>Faults of the in-memory network that tests can ask for. One per cluster; every silo of the cluster has it in its services.</summary>
public sealed class PolyfillFaults
{
    private readonly Lock gate = new();
    private PolyfillFault[] replies = [];
    private PolyfillFault[] requests = [];
    private PolyfillFault[] twice = [];
    private PolyfillFault[] late = [];
    private PolyfillFault[] routes = [];
    private PolyfillFault[] cuts = [];

    /// <summary>Matching requests are executed, but their answers are lost: callers time out.</summary>
    /// <param name="match">Which calls.</param>
    /// <param name="times">How many.</param>
    /// <returns>The fault.</returns>
    public PolyfillFault LoseReply(CallMatch match, int times = int.MaxValue) => Add(ref replies, new(match, times, f => Remove(ref replies, f)));

    /// <summary>Matching requests are lost before they arrive: callers time out.</summary>
    /// <param name="match">Which calls.</param>
    /// <param name="times">How many.</param>
    /// <returns>The fault.</returns>
    public PolyfillFault LoseRequest(CallMatch match, int times = int.MaxValue) => Add(ref requests, new(match, times, f => Remove(ref requests, f)));

    /// <summary>Matching requests are delivered twice; the first answer counts.</summary>
    /// <param name="match">Which calls.</param>
    /// <param name="times">How many.</param>
    /// <returns>The fault.</returns>
    public PolyfillFault DeliverTwice(CallMatch match, int times = int.MaxValue) => Add(ref twice, new(match, times, f => Remove(ref twice, f)));

    /// <summary>Matching requests are held back until the release completes; they are then delivered even if their caller has given up.</summary>
    /// <param name="match">Which calls.</param>
    /// <param name="release">When they are delivered.</param>
    /// <param name="times">How many.</param>
    /// <returns>The fault.</returns>
    public PolyfillFault DeliverLate(CallMatch match, Task release, int times = int.MaxValue) => Add(ref late, new(match, times, f => Remove(ref late, f)) { Release = release });

    /// <summary>Matching calls go to this silo, whatever the directory says: the grain gets a second activation there, beside its first.</summary>
    /// <param name="match">Which calls.</param>
    /// <param name="silo">The silo of the second activation.</param>
    /// <returns>The fault.</returns>
    public PolyfillFault SecondActivation(CallMatch match, SiloAddress silo) => Add(ref routes, new(match, int.MaxValue, f => Remove(ref routes, f)) { Silo = silo });

    /// <summary>All messages from and to the silo are lost, while it lives on; <see cref="PolyfillFault.Fired"/> counts the lost ones. The others do not know; see <see cref="DeclareDead"/>.</summary>
    /// <param name="silo">The silo.</param>
    /// <returns>The fault; disposing it heals the network.</returns>
    public PolyfillFault CutOff(SiloAddress silo) => Add(ref cuts, new(static (_, _) => true, int.MaxValue, f => Remove(ref cuts, f)) { Silo = silo });

    /// <summary>The others take the silo for dead, and activate its grains anew; the silo itself lives on, cut off for ever.</summary>
    /// <param name="silo">The silo.</param>
    /// <returns>The cut.</returns>
    public PolyfillFault DeclareDead(SiloAddress silo)
    {
        var cut = CutOff(silo);
        Hub?.DeclareDead(silo);
        return cut;
    }

    internal ClusterHub? Hub { get; set; }

    internal bool IsQuiet => requests.Length + late.Length + twice.Length == 0;

    internal bool IsCutOff(SiloAddress silo) => Array.Exists(cuts, c => c.Silo!.Equals(silo));

    internal bool IsCut(SiloAddress? one, SiloAddress? other)
    {
        if (cuts.Length == 0 || Equals(one, other) || Array.Find(cuts, c => c.Silo!.Equals(one) || c.Silo.Equals(other)) is not { } cut)
        {
            return false;
        }

        cut.Count();
        return true;
    }

    internal SiloAddress? Route(Message message) => Array.Find(routes, f => f.Hits(message))?.Silo;

    internal bool OnReply(Message message) => Array.Exists(replies, f => f.Hits(message));

    /// <summary>What of the message is to be delivered now.</summary>
    internal IReadOnlyList<Message> OnSend(ClusterHub hub, Message message)
    {
        if (Array.Exists(requests, f => f.Hits(message)))
        {
            return [];
        }

        if (Array.Find(late, f => f.Hits(message)) is { } held)
        {
            _ = DeliverAfter(hub, message, held.Release!);
            return [];
        }

        return Array.Exists(twice, f => f.Hits(message)) ? [message, message.Again(keepsReply: true)] : [message];
    }

    private static async Task DeliverAfter(ClusterHub hub, Message message, Task release)
    {
        await release;
        hub.Deliver(message.Again(keepsReply: true));
    }

    private PolyfillFault Add(ref PolyfillFault[] list, PolyfillFault fault)
    {
        lock (gate)
        {
            list = [.. list, fault];
        }

        return fault;
    }

    private void Remove(ref PolyfillFault[] list, PolyfillFault fault)
    {
        lock (gate)
        {
            list = [.. list.Where(f => f != fault)];
        }
    }
}
