using System.Diagnostics.CodeAnalysis;
using Dapper;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>
/// The schema's version and who may read it, as <see cref="SqliteSchema"/> has it. Migrations only add (expand), and take away what no
/// program within reach uses any more (contract), so that silos of two versions work on one database during an upgrade.
/// </summary>
internal static class PostgresSchema
{
    // Any number that nobody else takes: advisory locks of a database share one space.
    private const long LockKey = 0x696E_7374_7461_736B;

    private static readonly Migration[] Migrations =
    [
        new(1, MinimumReader: 1, "postgresql/001-initial.sql"),
        new(2, MinimumReader: 2, "postgresql/002-commit.sql"),
        new(3, MinimumReader: 2, "postgresql/003-holds.sql"),
        new(4, MinimumReader: 2, "postgresql/004-counts.sql"),
        new(5, MinimumReader: 2, "postgresql/005-keep-due.sql"),
        new(6, MinimumReader: 2, "postgresql/006-updated-slot.sql"),
        new(7, MinimumReader: 7, "postgresql/007-children.sql"),
        new(8, MinimumReader: 8, "postgresql/008-images.sql"),
        new(9, MinimumReader: 8, "postgresql/009-tokens.sql"),
        new(10, MinimumReader: 8, "postgresql/010-documents.sql"),
        new(11, MinimumReader: 8, "postgresql/011-silo-hosts.sql"),
        new(12, MinimumReader: 8, "postgresql/012-hold-all.sql"),
        new(13, MinimumReader: 8, "postgresql/013-retention.sql"),
        new(14, MinimumReader: 8, "postgresql/014-rare-states.sql"),
        new(15, MinimumReader: 8, "postgresql/015-calls.sql"),
    ];

    public static int Current => Migrations[^1].Version;

    /// <summary>Brings the database to this program's version; all or nothing, and one process at a time.</summary>
    /// <exception cref="SchemaTooNewException">A newer program changed it in a way that this one cannot work with.</exception>
    public static async Task<(int From, int To, int ClusterEpoch)> ApplyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // Waiting for another silo's migration may take longer than a statement may otherwise.
        await RunAsync(connection, "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL client_min_messages = warning", cancellationToken);
        await RunAsync(connection, $"SELECT pg_advisory_xact_lock({LockKey})", cancellationToken);
        await RunAsync(
            connection,
            """
            CREATE TABLE IF NOT EXISTS meta (id int PRIMARY KEY CHECK (id = 1), version int NOT NULL, minimum_reader int NOT NULL, cluster_epoch int NOT NULL, secret_check bytea);
            INSERT INTO meta (id, version, minimum_reader, cluster_epoch) VALUES (1, 0, 0, 1) ON CONFLICT DO NOTHING
            """,
            cancellationToken);
        var (from, minimumReader, epoch) = await connection.QuerySingleAsync<(int, int, int)>("SELECT version, minimum_reader, cluster_epoch FROM meta");
        if (minimumReader > Current)
        {
            throw new SchemaTooNewException(
                $"The database has schema {from} and needs a program that knows schema {minimumReader}; this one knows {Current}. Use the newer program, or restore a backup made before the upgrade.");
        }

        // What waits for a table (behind a backup, say) keeps everybody else from it who comes later, also from renewing leases: rather fail, and be started again.
        await RunAsync(connection, "SET LOCAL lock_timeout = '2s'", cancellationToken);
        await MigrateAsync(connection, from, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (from, Math.Max(from, Current), epoch);
    }

    /// <summary>
    /// Refuses a key other than the one that the cluster's secrets are sealed with: the first silo leaves a check value, from which the key
    /// cannot be found.
    /// </summary>
    /// <exception cref="InvalidDataException">Another key.</exception>
    public static async Task CheckSecretKeyAsync(NpgsqlConnection connection, SecretBox secrets, string path)
    {
        var own = secrets.Hash("instancetasks: the key of this cluster"u8);
        await connection.ExecuteAsync("UPDATE meta SET secret_check = @own WHERE secret_check IS NULL", new { own });
        var stored = await connection.QuerySingleAsync<byte[]>("SELECT secret_check FROM meta");
        if (!own.AsSpan().SequenceEqual(stored))
        {
            throw new InvalidDataException($"{path} does not hold the key that this database's secrets are sealed with. Copy the key file from another silo or from a backup.");
        }
    }

    private static async Task MigrateAsync(NpgsqlConnection connection, int from, CancellationToken cancellationToken)
    {
        foreach (var migration in Migrations.Where(m => m.Version > from))
        {
            await RunAsync(connection, EmbeddedSql.Read(migration.Script), cancellationToken);
            await connection.ExecuteAsync("UPDATE meta SET version = @Version, minimum_reader = @MinimumReader", migration);
        }

        // An older program must not put its queries in place of a newer one's.
        if (from <= Current)
        {
            await RunAsync(connection, EmbeddedSql.Read("postgresql/orleans.sql"), cancellationToken);
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "Every text is a constant or a resource of this assembly.")]
    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        // Without parameters named in it, the text is several statements and @ means nothing.
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record Migration(int Version, int MinimumReader, string Script);
}
