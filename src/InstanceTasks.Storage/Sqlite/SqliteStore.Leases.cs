using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => WriteAsync(
        session =>
        {
            var now = session.ReadClock();
            return session.Statements.Long(
                "INSERT INTO silos (name, joined_at, lease_until) VALUES (@name, @now, @until) RETURNING generation",
                ("@name", silo), ("@now", now), ("@until", now + UnixMicros.Of(lease)));
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default)
    {
        if (await WriteAsync(session => Renew(session, generation, lease, calls), cancellationToken) is not { } before)
        {
            return false;
        }

        // Somebody may have read the old row after its end and before this commit: then the lease has lapsed for them, so it has lapsed.
        if (await ReadClockAsync(cancellationToken) < before)
        {
            return true;
        }

        LogLeaseLostInRenewal(_logger, generation);
        await LeaveAsync(generation, cancellationToken);
        return false;
    }

    /// <inheritdoc/>
    public Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run("UPDATE silos SET hosts = @hosts WHERE generation = @generation", ("@hosts", AnnouncedHosts.Write(hosts)), ("@generation", generation)),
        cancellationToken);

    /// <inheritdoc/>
    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            "UPDATE silos SET lease_until = @now WHERE generation = @generation AND lease_until > @now", ("@now", session.ReadClock()), ("@generation", generation)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            "UPDATE silos SET lease_until = @now WHERE generation <> @generation AND lease_until > @now", ("@now", session.ReadClock()), ("@generation", generation)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<LiveGeneration>>(
        reader =>
        {
            var live = new List<LiveGeneration>();
            using var row = reader.Statements.Query(
                "SELECT s.generation, s.name, s.lease_until - c.now, s.hosts, s.calls, s.calls_failed FROM database_clock c CROSS JOIN silos s WHERE s.lease_until > c.now ORDER BY s.generation");
            while (row.Read())
            {
                live.Add(new(row.GetInt64(0), row.GetString(1), UnixMicros.ToSpan(row.GetInt64(2)))
                {
                    Hosts = row.IsDBNull(3) ? null : AnnouncedHosts.Read(row.GetString(3)), Calls = row.IsDBNull(4) || row.IsDBNull(5) ? null : new(row.GetInt64(4), row.GetInt64(5)),
                });
            }

            return live;
        },
        cancellationToken);

    /// <summary>Tests only: moves database time, for leases and due times, by what is given on top of the machine's clock.</summary>
    internal Task SetClockOffsetAsync(TimeSpan offset) => WriteAsync(
        session => session.Statements.Run("UPDATE clock_offset SET micros = @micros", ("@micros", UnixMicros.Of(offset))), CancellationToken.None);

    private static long? Renew(WriterSession session, long generation, TimeSpan lease, CallCounts? calls)
    {
        var now = session.ReadClock();
        var before = session.Statements.Scalar(
            "SELECT lease_until FROM silos WHERE generation = @generation AND lease_until > @now", ("@generation", generation), ("@now", now)) as long?;
        if (before is not null)
        {
            session.Statements.Run(
                "UPDATE silos SET lease_until = @until, calls = @calls, calls_failed = @failed WHERE generation = @generation",
                ("@until", now + UnixMicros.Of(lease)), ("@calls", calls?.Ended), ("@failed", calls?.Failed), ("@generation", generation));
        }

        return before;
    }

    private Task<long> ReadClockAsync(CancellationToken cancellationToken) => ReadAsync(reader => reader.Statements.Long("SELECT now FROM database_clock"), cancellationToken);
}
