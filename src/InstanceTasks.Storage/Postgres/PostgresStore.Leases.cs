using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    /// <inheritdoc/>
    public Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default) => WriteAsync(
        Open.Connections.OpenForLeaseAsync,
        connection => connection.QuerySingleAsync<long>(new(
            "INSERT INTO silos (name, joined_at, lease_until) SELECT @silo, c.now, c.now + @lease FROM (SELECT now FROM database_clock OFFSET 0) c RETURNING generation",
            new { silo, lease = UnixMicros.Of(lease) },
            cancellationToken: cancellationToken)),
        cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default)
    {
        if (await RenewRowAsync(generation, lease, calls, cancellationToken) is not { } before)
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
        Open.Connections.OpenForLeaseAsync,
        connection => connection.ExecuteAsync(new(
            "UPDATE silos SET hosts = @hosts WHERE generation = @generation", new { generation, hosts = AnnouncedHosts.Write(hosts) }, cancellationToken: cancellationToken)),
        cancellationToken);

    /// <inheritdoc/>
    public Task LeaveAsync(long generation, CancellationToken cancellationToken = default) => WriteAsync(
        Open.Connections.OpenForLeaseAsync,
        connection => connection.ExecuteAsync(new(
            "UPDATE silos SET lease_until = c.now FROM (SELECT now FROM database_clock OFFSET 0) c WHERE generation = @generation AND lease_until > c.now",
            new { generation },
            cancellationToken: cancellationToken)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default) => WriteAsync(
        Open.Connections.OpenForLeaseAsync,
        connection => connection.ExecuteAsync(new(
            "UPDATE silos SET lease_until = c.now FROM (SELECT now FROM database_clock OFFSET 0) c WHERE generation <> @generation AND lease_until > c.now",
            new { generation },
            cancellationToken: cancellationToken)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<LiveGeneration>>(
        Open.Connections.OpenForLeaseAsync,
        async connection =>
        {
            var rows = await connection.QueryAsync<(long Generation, string Silo, long Remaining, string? Hosts, long? Calls, long? Failed)>(new(
                """
                SELECT s.generation, s.name, s.lease_until - c.now, s.hosts, s.calls, s.calls_failed FROM (SELECT now FROM database_clock OFFSET 0) c JOIN silos s ON s.lease_until > c.now
                ORDER BY s.generation
                """,
                cancellationToken: cancellationToken));
            return rows.Select(row => new LiveGeneration(row.Generation, row.Silo, UnixMicros.ToSpan(row.Remaining))
            {
                Hosts = AnnouncedHosts.Read(row.Hosts), Calls = row is { Calls: { } calls, Failed: { } failed } ? new(calls, failed) : null,
            }).ToList();
        },
        cancellationToken);

    /// <summary>Tests only: moves database time, for leases and due times, by what is given on top of the machine's clock.</summary>
    internal Task SetClockOffsetAsync(TimeSpan offset) =>
        WriteAsync(connection => connection.ExecuteAsync("UPDATE clock_offset SET micros = @micros", new { micros = UnixMicros.Of(offset) }), CancellationToken.None);

    // The row's lock comes first: the clock is looked at when nobody else can change the lease any more.
    private Task<long?> RenewRowAsync(long generation, TimeSpan lease, CallCounts? calls, CancellationToken cancellationToken) => WriteAsync(
        Open.Connections.OpenForLeaseAsync,
        connection => connection.QuerySingleOrDefaultAsync<long?>(new(
            """
            WITH held AS MATERIALIZED (SELECT generation, lease_until FROM silos WHERE generation = @generation FOR UPDATE),
            clock AS MATERIALIZED (SELECT h.generation, h.lease_until, c.now FROM held h, LATERAL (SELECT now FROM database_clock OFFSET 0) c)
            UPDATE silos s SET lease_until = c.now + @lease, calls = @calls, calls_failed = @failed FROM clock c WHERE s.generation = c.generation AND c.lease_until > c.now
            RETURNING c.lease_until
            """,
            new { generation, lease = UnixMicros.Of(lease), calls = calls?.Ended, failed = calls?.Failed },
            cancellationToken: cancellationToken)),
        cancellationToken);

    private Task<long> ReadClockAsync(CancellationToken cancellationToken) =>
        ReadAsync(Open.Connections.OpenForLeaseAsync, connection => connection.QuerySingleAsync<long>(new("SELECT now FROM database_clock", cancellationToken: cancellationToken)), cancellationToken);
}
