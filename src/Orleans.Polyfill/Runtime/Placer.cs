using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Chooses silos: the caller's for a class that prefers it, else by rendezvous hashing over the live ones.</summary>
internal static class Placer
{
    /// <summary>Chooses the silo of a grain's next activation.</summary>
    public static SiloAddress Choose(SiloRuntime chooser, SiloAddress? caller, IReadOnlyList<SiloAddress> live, GrainId grain) =>
        caller is null || IsByHash(chooser, grain.Type) ? Rendezvous(live, grain.GetUniformHashCode()) : caller;

    /// <summary>Whether only the grain's id and the live silos decide.</summary>
    public static bool IsByHash(SiloRuntime silo, GrainType type) => !silo.Manifest.Class(type).PrefersLocal;

    public static SiloAddress Rendezvous(IReadOnlyList<SiloAddress> live, uint hash)
    {
        var best = live[0];
        var score = 0u;
        foreach (var silo in live)
        {
            var mine = StableHash.Combine((uint)silo.GetConsistentHashCode(), hash);
            if (mine >= score)
            {
                (best, score) = (silo, mine);
            }
        }

        return best;
    }
}
