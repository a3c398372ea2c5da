using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>What a database that was restored from a backup needs before anything may go on (design §4.3).</summary>
public interface IRestore
{
    /// <summary>What the database knows of the order of effects on these instances; those that it does not know are left out.</summary>
    Task<IReadOnlyDictionary<InstanceId, KnownTurn>> ReadTurnsAsync(IReadOnlyCollection<InstanceId> instances, CancellationToken cancellationToken = default);

    /// <summary>
    /// In one transaction: raises the cluster epoch, so that everything from now on is newer than all that the lost part of the database had ordered; skips generations that
    /// may have been given since the backup; ends every lease; lets the next task of every instance fence its machine, on
    /// which something may still be under way that nobody knows of any more; and adds a hold. Returns the new epoch. No process may work on the database, and this store must be opened anew.
    /// </summary>
    /// <param name="hold">The hold; null: one on everything stands already.</param>
    /// <param name="above">The newest epoch that a host has seen: the same backup may have been restored before.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<int> BeginAfterRestoreAsync(Hold? hold, int above = 0, CancellationToken cancellationToken = default);
}

/// <summary>The statements that both stores have.</summary>
internal static class RestoreSql
{
    // On the text: one body that is no JSON must not keep all others from being fenced.
    public const string FenceNext = """UPDATE instances SET body = '{"fenceNext":true,' || substr(body, 2) WHERE deleted = 0 AND body LIKE '{"%' AND body NOT LIKE '%"fenceNext":true%'""";
}

/// <summary>What the database knows of the order of effects on an instance.</summary>
/// <param name="Turn">The turn given last; the greatest number where the record cannot be read: nothing can be said then.</param>
/// <param name="TaskEpoch">The epoch of the task that has the machine; null: none has.</param>
public sealed record KnownTurn(long Turn, long? TaskEpoch);
