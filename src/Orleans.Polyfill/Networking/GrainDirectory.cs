using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>
/// The places of grains that this silo keeps: of those whose hash gives them to it. It is memory only. When silos come or go, each tells the new
/// keepers what it has; for the moments in between, and after a loss, a grain may have two activations.
/// </summary>
internal sealed class GrainDirectory
{
    private readonly Lock gate = new();
    private readonly Dictionary<GrainId, (SiloAddress Host, long Times)> entries = [];

    public int Count
    {
        get
        {
            lock (gate)
            {
                return entries.Count;
            }
        }
    }

    /// <summary>The silo that has the grain, or that is to have it from now on, and how often it has been sent there.</summary>
    public (SiloAddress Host, long Times) Place(GrainId grain, Func<SiloAddress, bool> lives, Func<SiloAddress> choose)
    {
        lock (gate)
        {
            var entry = entries.TryGetValue(grain, out var known) && lives(known.Host) ? (known.Host, known.Times + 1) : (choose(), 1);
            entries[grain] = entry;
            return entry;
        }
    }

    public SiloAddress? Find(GrainId grain)
    {
        lock (gate)
        {
            return entries.TryGetValue(grain, out var known) ? known.Host : null;
        }
    }

    /// <summary>The silo says that it has the grain; false when another has it.</summary>
    public bool TryRegister(GrainId grain, SiloAddress host, Func<SiloAddress, bool> lives)
    {
        lock (gate)
        {
            if (entries.TryGetValue(grain, out var known))
            {
                if (known.Host.Equals(host))
                {
                    return true;
                }

                if (lives(known.Host))
                {
                    return false;
                }
            }

            entries[grain] = (host, 1);
            return true;
        }
    }

    /// <summary>The silo has it no more, unless it was sent there again since.</summary>
    public void Unregister(GrainId grain, SiloAddress host, long times)
    {
        lock (gate)
        {
            if (entries.TryGetValue(grain, out var known) && known.Host.Equals(host) && known.Times <= times)
            {
                entries.Remove(grain);
            }
        }
    }

    public void Keep(Func<GrainId, SiloAddress, bool> which)
    {
        lock (gate)
        {
            foreach (var gone in entries.Where(e => !which(e.Key, e.Value.Host)).Select(e => e.Key).ToList())
            {
                entries.Remove(gone);
            }
        }
    }
}
