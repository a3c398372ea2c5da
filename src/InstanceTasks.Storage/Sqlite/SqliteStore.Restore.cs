using System.Text.Json;
using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    // More than a silo takes between two backups.
    private const int SkippedGenerations = 1_000_000;

    // The turn in an instance's body; the greatest where it cannot be read.
    private const string TurnOf = "CASE WHEN json_valid(body) THEN coalesce(json_extract(body, '$.turn'), 0) ELSE 9223372036854775807 END";

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<InstanceId, KnownTurn>> ReadTurnsAsync(IReadOnlyCollection<InstanceId> instances, CancellationToken cancellationToken = default) =>
        ReadAsync<IReadOnlyDictionary<InstanceId, KnownTurn>>(
            reader => reader.Connection.Query<(string Id, long Turn, long? Epoch)>(
                $"""
                SELECT i.id, i.turn, t.epoch FROM (SELECT id, holder, {TurnOf} AS turn FROM instances WHERE id IN (SELECT value FROM json_each(@ids))) i LEFT JOIN tasks t ON t.id = i.holder
                UNION ALL SELECT p.id, p.turn, NULL FROM purged_servers p WHERE p.id IN (SELECT value FROM json_each(@ids))
                """,
                new { ids = JsonSerializer.Serialize(instances.Select(i => i.ToString())) }).ToDictionary(r => new InstanceId(Guid.Parse(r.Id)), r => new KnownTurn(r.Turn, r.Epoch)),
            cancellationToken);

    /// <inheritdoc/>
    public Task<int> BeginAfterRestoreAsync(Hold? hold, int above = 0, CancellationToken cancellationToken = default) => WriteAsync(
        session =>
        {
            session.Statements.Run("UPDATE meta SET cluster_epoch = max(cluster_epoch, @above) + 1", ("@above", above));
            session.Statements.Run("UPDATE sqlite_sequence SET seq = seq + @skipped WHERE name = 'silos'", ("@skipped", SkippedGenerations));
            session.Statements.Run("UPDATE silos SET lease_until = @now WHERE lease_until > @now", ("@now", session.ReadClock()));
            session.Statements.Run(RestoreSql.FenceNext);
            if (hold is not null)
            {
                InsertHold(session, hold);
            }

            return (int)session.Statements.Long("SELECT cluster_epoch FROM meta");
        },
        cancellationToken);
}
