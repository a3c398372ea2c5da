using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    // More than any cluster takes between two backups.
    private const int SkippedGenerations = 1_000_000;

    // The turn in an instance's body; the greatest where it cannot be read.
    private const string TurnOf = """CASE WHEN i.body LIKE '{"%}' THEN coalesce(substring(i.body from '"turn":([0-9]+)')::bigint, 0) ELSE 9223372036854775807 END""";

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, KnownTurn>> ReadTurnsAsync(IReadOnlyCollection<InstanceId> instances, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyDictionary<InstanceId, KnownTurn>>(
            async connection => (await connection.QueryAsync<(string Id, long Turn, long? Epoch)>(new(
                $"""
                SELECT i.id, {TurnOf}, t.epoch FROM instances i LEFT JOIN tasks t ON t.id = i.holder WHERE i.id = ANY(@ids)
                UNION ALL SELECT p.id, p.turn, NULL FROM purged_servers p WHERE p.id = ANY(@ids)
                """,
                new { ids = instances.Select(i => i.ToString()).ToArray() },
                cancellationToken: cancellationToken))).ToDictionary(r => new InstanceId(Guid.Parse(r.Id)), r => new KnownTurn(r.Turn, r.Epoch)),
            cancellationToken);

    /// <inheritdoc/>
    public Task<int> BeginAfterRestoreAsync(Hold? hold, int above = 0, CancellationToken cancellationToken = default) => WriteAsync(
        async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var epoch = await connection.QuerySingleAsync<int>(new(
                "UPDATE meta SET cluster_epoch = greatest(cluster_epoch, @above) + 1 RETURNING cluster_epoch", new { above }, transaction, cancellationToken: cancellationToken));
            await connection.ExecuteAsync(new(
                $"""
                SELECT setval(s, nextval(s) + {SkippedGenerations}) FROM (SELECT pg_get_serial_sequence('silos', 'generation')::regclass AS s) q;
                UPDATE silos SET lease_until = c.now FROM database_clock c WHERE lease_until > c.now;
                {RestoreSql.FenceNext}
                """,
                transaction: transaction,
                cancellationToken: cancellationToken));
            if (hold is not null)
            {
                await connection.ExecuteAsync(new(HoldRow.InsertSql, HoldRow.Parameters(hold), transaction, cancellationToken: cancellationToken));
            }

            await transaction.CommitAsync(cancellationToken);
            return epoch;
        },
        cancellationToken);
}
