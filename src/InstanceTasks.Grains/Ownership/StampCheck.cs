using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>
/// Before a silo starts: whether a host has seen effects that this database knows nothing of. Then the database is an older one than the hosts worked with, restored from a backup
/// most likely, and would order new effects among those that it has lost (design §4.3).
/// </summary>
public sealed partial class StampCheck(IHypervisorHosts hosts, IInstanceTasksStore store, ILogger<StampCheck> logger)
{
    private const int BatchSize = 1000;

    // So many machines are named.
    private const int Named = 3;

    /// <summary>Looks at every host that can be reached.</summary>
    /// <exception cref="OutdatedDatabaseException">The database is older than what the hosts have seen.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        var unknown = new List<string>();
        foreach (var host in await hosts.ReadHostsAsync(cancellationToken))
        {
            unknown.AddRange((await FindNewerAsync(host.Host, cancellationToken)).Select(m => $"{m.Machine} on {host.Host} ({m.Stamp})"));
        }

        if (unknown.Count > 0)
        {
            throw new OutdatedDatabaseException(unknown.Count, unknown.Take(Named));
        }
    }

    /// <summary>The newest cluster epoch that any host that can be reached has seen; 0: none has seen any.</summary>
    public async Task<int> ReadNewestEpochAsync(CancellationToken cancellationToken = default)
    {
        var newest = 0;
        foreach (var host in await hosts.ReadHostsAsync(cancellationToken))
        {
            newest = Math.Max(newest, (await ReadAsync(host.Host, cancellationToken)).Values.Select(s => s.ClusterEpoch).DefaultIfEmpty(0).Max());
        }

        return newest;
    }

    private async Task<List<(InstanceId Machine, Stamp Stamp)>> FindNewerAsync(HostName host, CancellationToken cancellationToken)
    {
        var newer = new List<(InstanceId, Stamp)>();
        // In this order: whatever a host has seen was committed before, by a silo that works meanwhile, too.
        foreach (var batch in (await ReadAsync(host, cancellationToken)).Chunk(BatchSize))
        {
            var known = await store.ReadTurnsAsync([.. batch.Select(b => b.Key)], cancellationToken);
            newer.AddRange(batch.Where(b => IsNewer(b.Value, known.GetValueOrDefault(b.Key))).Select(b => (b.Key, b.Value)));
        }

        return newer;
    }

    private async Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadAsync(HostName host, CancellationToken cancellationToken)
    {
        try
        {
            return await hosts.ReadStampsAsync(host, cancellationToken);
        }
        catch (HypervisorException e)
        {
            // Its driver refuses old stamps all the same, only without saying why.
            LogNotChecked(e, host);
            return new Dictionary<InstanceId, Stamp>();
        }
    }

    private bool IsNewer(Stamp stamp, KnownTurn? known) =>
        stamp.ClusterEpoch > store.ClusterEpoch
        || (stamp.ClusterEpoch == store.ClusterEpoch
            && (known is null || stamp.Turn > known.Turn || (stamp.Turn == known.Turn && known.TaskEpoch is { } epoch && stamp.TaskEpoch > epoch)));

    [LoggerMessage(EventId = 2501, Level = LogLevel.Warning, Message = "Whether host {Host} has seen more than this database knows could not be checked")]
    private partial void LogNotChecked(Exception exception, HostName host);
}

/// <summary>The database is older than what hosts have seen.</summary>
public sealed class OutdatedDatabaseException(int count, IEnumerable<string> machines) : Exception(
    $"the hosts have seen newer work on {count} machine(s) than this database knows of, such as {string.Join(", ", machines)}: it is an older copy, restored from a backup perhaps. "
    + "Stop every process that uses the newer database and run the command 'after-restore' with the same --data and --config, then start again; or start with the newer database.");
