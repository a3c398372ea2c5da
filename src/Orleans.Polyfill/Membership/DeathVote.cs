using System.Collections.Immutable;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>The rules of who is watched, and of when a silo is declared dead (orleans-api.md 3.6).</summary>
internal static class DeathVote
{
    /// <summary>The row with the voter's suspicion, dead if that makes enough of them; null when there is nothing to vote on.</summary>
    public static Member? Cast(ClusterSnapshot table, SiloAddress voter, SiloAddress suspect, DateTime now, ClusterMembershipOptions options)
    {
        // A silo that is dead to the others must not kill them before it finds out, and what it said before is worth nothing.
        bool MayVote(SiloAddress silo) => table.Find(silo) is { Status: not SiloStatus.Dead };
        if (table.Find(suspect) is not { Status: not SiloStatus.Dead } row || !MayVote(voter))
        {
            return null;
        }

        var fresh = row.Suspicions.Where(s => now - s.Time < options.DeathVoteExpirationTimeout && !s.Voter.Equals(voter) && MayVote(s.Voter)).ToImmutableArray().Add(new(voter, now));
        var active = table.Members.Count(m => m.Status == SiloStatus.Active && !IsStale(m, now, options));
        var needed = Math.Min(options.NumVotesForDeathDeclaration, (active + 1) / 2);
        return row with { Suspicions = fresh, Status = fresh.Length >= needed ? SiloStatus.Dead : row.Status };
    }

    /// <summary>It has not said for long that it lives: it counts for nothing, though that alone never declares it dead.</summary>
    public static bool IsStale(Member member, DateTime now, ClusterMembershipOptions options) =>
        now - member.Alive > options.IAmAliveTablePublishTimeout * options.NumMissedTableIAmAliveLimit;

    /// <summary>The silos after this one on the ring of hashes, as many as are to be probed.</summary>
    public static List<SiloAddress> Watched(ClusterSnapshot table, SiloAddress self, ClusterMembershipOptions options)
    {
        var own = Point(self);
        return [.. table.Members.Where(m => m.IsFunctional && !m.Address.Equals(self)).Select(m => m.Address)
            .OrderBy(a => Point(a) < own).ThenBy(Point).ThenBy(a => a).Take(options.NumProbedSilos)];
    }

    private static uint Point(SiloAddress silo) => (uint)silo.GetConsistentHashCode();
}
