using Dapper;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

/// <summary>
/// The schema's version and who may read it. A migration says the oldest version of this program's schema knowledge that may still use the
/// database after it ("minimum reader"): an older program opens a newer file as long as it is allowed to, so that an upgrade can be rolled back.
/// </summary>
internal static class SqliteSchema
{
    private static readonly Migration[] Migrations =
    [
        new(1, MinimumReader: 1, "sqlite/001-initial.sql"),
        new(2, MinimumReader: 1, "sqlite/002-holds.sql"),
        new(3, MinimumReader: 1, "sqlite/003-counts.sql"),
        new(4, MinimumReader: 4, "sqlite/004-children.sql"),
        new(5, MinimumReader: 5, "sqlite/005-images.sql"),
        new(6, MinimumReader: 5, "sqlite/006-tokens.sql"),
        new(7, MinimumReader: 5, "sqlite/007-documents.sql"),
        new(8, MinimumReader: 5, "sqlite/008-silo-hosts.sql"),
        new(9, MinimumReader: 5, "sqlite/009-hold-all.sql"),
        new(10, MinimumReader: 5, "sqlite/010-retention.sql"),
        new(11, MinimumReader: 5, "sqlite/011-rare-states.sql"),
        new(12, MinimumReader: 5, "sqlite/012-calls.sql"),
    ];

    public static int Current => Migrations[^1].Version;

    /// <summary>Brings the database to this program's version; all or nothing.</summary>
    /// <exception cref="SchemaTooNewException">A newer program changed it in a way that this one cannot work with.</exception>
    public static (int From, int To) Apply(SqliteConnection connection)
    {
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            connection.Execute(
                "CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, minimum_reader INTEGER NOT NULL, cluster_epoch INTEGER NOT NULL)");
            connection.Execute("INSERT OR IGNORE INTO meta (id, version, minimum_reader, cluster_epoch) VALUES (1, 0, 0, 1)");
            var (from, minimumReader) = connection.QuerySingle<(long Version, long MinimumReader)>("SELECT version, minimum_reader FROM meta");
            if (minimumReader > Current)
            {
                throw new SchemaTooNewException(
                    $"The database has schema {from} and needs a program that knows schema {minimumReader}; this one knows {Current}. Use the newer program, or restore a backup made before the upgrade.");
            }

            foreach (var migration in Migrations.Where(m => m.Version > from))
            {
                connection.Execute(EmbeddedSql.Read(migration.Script));
                connection.Execute("UPDATE meta SET version = @Version, minimum_reader = @MinimumReader", migration);
            }

            connection.Execute("COMMIT");
            return ((int)from, Math.Max((int)from, Current));
        }
        catch
        {
            connection.Execute("ROLLBACK");
            throw;
        }
    }

    private sealed record Migration(int Version, int MinimumReader, string Script);
}

/// <summary>SQL that ships inside the assembly.</summary>
internal static class EmbeddedSql
{
    public static string Read(string name)
    {
        using var stream = typeof(EmbeddedSql).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks its resource {name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>The database's schema is newer than this program can work with.</summary>
public sealed class SchemaTooNewException : Exception
{
    /// <summary>Creates the exception.</summary>
    public SchemaTooNewException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public SchemaTooNewException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public SchemaTooNewException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
