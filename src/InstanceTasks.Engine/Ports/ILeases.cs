namespace InstanceTasks.Engine;

/// <summary>Silo generations and their leases in database time (design §4.3).</summary>
public interface ILeases
{
    /// <summary>Takes a new generation, greater than every earlier one, with a lease from now.</summary>
    Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default);

    /// <summary>Renews the lease. False: it has lapsed (or was ended) and is never renewed: take a new generation.</summary>
    /// <param name="generation">The generation.</param>
    /// <param name="lease">How long the lease lives from now.</param>
    /// <param name="calls">What the process's grains have been called for, for people who look at <see cref="ReadLiveAsync"/>; null: nobody counts. Nothing is decided by it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default);

    /// <summary>Writes for which hosts a generation may hold work. Until it is called, that is for any.</summary>
    Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default);

    /// <summary>Ends the lease at once: a clean shutdown.</summary>
    Task LeaveAsync(long generation, CancellationToken cancellationToken = default);

    /// <summary>Ends every lease but the given generation's; how many lived. Only for a store that one process owns alone.</summary>
    Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default);

    /// <summary>Generations whose lease lives, in database time.</summary>
    Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default);
}

/// <summary>A generation with a living lease.</summary>
/// <param name="Generation">The generation.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="Remaining">How long the lease still lives.</param>
public sealed record LiveGeneration(long Generation, string Silo, TimeSpan Remaining)
{
    /// <summary>The hosts that it may hold work for; null: it has not said, so any.</summary>
    public IReadOnlyCollection<HostName>? Hosts { get; init; }

    /// <summary>What the process's grains had been called for when the lease was renewed last; null: not renewed yet, or by a program that does not count.</summary>
    public CallCounts? Calls { get; init; }
}

/// <summary>What a process's grains have been called for since it began.</summary>
/// <param name="Ended">How many calls have ended.</param>
/// <param name="Failed">How many of those have thrown.</param>
public sealed record CallCounts(long Ended, long Failed);
