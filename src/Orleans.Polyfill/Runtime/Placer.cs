using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Polyfill;

/// <summary>Chooses silos by rendezvous hashing over the live ones, or asks the director that the application registered.</summary>
internal static class Placer
{
    /// <summary>Chooses the silo of a grain's next activation.</summary>
    public static SiloAddress Choose(SiloRuntime chooser, SiloAddress? caller, IReadOnlyList<SiloAddress> live, PlacementTarget target)
    {
        var strategy = chooser.Manifest.Class(target.GrainIdentity.Type).Placement;
        if (chooser.Services.GetKeyedService<IPlacementDirector>(strategy.GetType()) is { } director)
        {
            return Ask(director, strategy, chooser, live, target);
        }

        return strategy is PreferLocalPlacement && caller is not null ? caller : Rendezvous(live, target.GrainIdentity.GetUniformHashCode());
    }

    /// <summary>Whether only the grain's id and the live silos decide.</summary>
    public static bool IsByHash(SiloRuntime silo, GrainType type)
    {
        var strategy = silo.Manifest.Class(type).Placement;
        return strategy is not PreferLocalPlacement && silo.Services.GetKeyedService<IPlacementDirector>(strategy.GetType()) is null;
    }

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

    private static SiloAddress Ask(IPlacementDirector director, PlacementStrategy strategy, SiloRuntime chooser, IReadOnlyList<SiloAddress> live, PlacementTarget target)
    {
        var answer = director.OnAddActivation(strategy, target, new Context(chooser, live));
        return answer.IsCompleted
            ? answer.GetAwaiter().GetResult()
            : throw new NotSupportedException($"The placement director {director.GetType()} does not answer at once, which the polyfill cannot wait for.");
    }

    private sealed class Context(SiloRuntime silo, IReadOnlyList<SiloAddress> live) : IPlacementContext
    {
        public SiloAddress LocalSilo => silo.SiloAddress;

        public SiloStatus LocalSiloStatus => silo.Status;

        public SiloAddress[] GetCompatibleSilos(PlacementTarget target) => [.. live];
    }
}
