namespace InstanceTasks.TestKit.InProcess;

/// <summary>A silo generation as its row says.</summary>
public sealed record StoredLease(long Generation, string Silo, DateTimeOffset Until);

/// <summary>Reads the leases directly.</summary>
public sealed class LeaseReader(string dataDirectory) : SqliteReader(StoreReader.OpenerOf(dataDirectory))
{
    /// <summary>All generations, oldest first.</summary>
    public IReadOnlyList<StoredLease> Read() => Query(
        "SELECT generation, name, lease_until FROM silos ORDER BY generation",
        r => new StoredLease(r.GetInt64(0), r.GetString(1), DateTimeOffset.UnixEpoch.AddTicks(r.GetInt64(2) * TimeSpan.TicksPerMicrosecond)));
}
