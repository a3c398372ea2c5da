using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

public sealed partial class SqliteStore
{
    private const string FlavorColumns = "id, name, vcpus, ram_mb, disk_gb, ephemeral_gb, swap_mb, rxtx_factor, is_public, description, extra_specs";

    /// <inheritdoc/>
    public Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            """
            INSERT INTO hosts (name, zone, vcpus, memory_mb, disk_gb) VALUES (@name, @zone, @vcpus, @memory, @disk)
            ON CONFLICT (name) DO UPDATE SET zone = excluded.zone, vcpus = excluded.vcpus, memory_mb = excluded.memory_mb, disk_gb = excluded.disk_gb
            """,
            ("@name", host.Value), ("@zone", zone), ("@vcpus", capacity.Vcpus), ("@memory", capacity.MemoryMb), ("@disk", capacity.DiskGb)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Flavor>> ListFlavorsAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Flavor>>(
        reader =>
        {
            var flavors = new List<Flavor>();
            using var row = reader.Statements.Query($"SELECT {FlavorColumns} FROM flavors ORDER BY id");
            while (row.Read())
            {
                flavors.Add(ReadFlavor(row));
            }

            return flavors;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<Flavor?> GetFlavorAsync(string id, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            using var row = reader.Statements.Query($"SELECT {FlavorColumns} FROM flavors WHERE id = @id", ("@id", id));
            return row.Read() ? ReadFlavor(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AddFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            $"""
            INSERT INTO flavors ({FlavorColumns})
            VALUES (@id, @name, @vcpus, @ram, @disk, @ephemeral, @swap, @rxtx, @public, @description, @specs) ON CONFLICT DO NOTHING
            """,
            ("@id", flavor.Id), ("@name", flavor.Name), ("@vcpus", flavor.Vcpus), ("@ram", flavor.RamMb), ("@disk", flavor.DiskGb),
            ("@ephemeral", flavor.EphemeralGb), ("@swap", flavor.SwapMb), ("@rxtx", flavor.RxtxFactor), ("@public", flavor.IsPublic ? 1 : 0),
            ("@description", flavor.Description), ("@specs", EngineJson.Write(flavor.ExtraSpecs))) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            "UPDATE flavors SET description = @description, extra_specs = @specs WHERE id = @id",
            ("@description", flavor.Description), ("@specs", EngineJson.Write(flavor.ExtraSpecs)), ("@id", flavor.Id)) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteFlavorAsync(string id, CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.Statements.Run("DELETE FROM flavors WHERE id = @id", ("@id", id)) == 1, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyPair>> ListKeyPairsAsync(UserId user, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<KeyPair>>(
        reader =>
        {
            var pairs = new List<KeyPair>();
            using var row = reader.Statements.Query(
                "SELECT user_id, name, public_key, fingerprint, type, created_at FROM keypairs WHERE user_id = @user ORDER BY name", ("@user", user.Value));
            while (row.Read())
            {
                pairs.Add(ReadKeyPair(row));
            }

            return pairs;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<KeyPair?> GetKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) => ReadAsync(
        reader =>
        {
            using var row = reader.Statements.Query(
                "SELECT user_id, name, public_key, fingerprint, type, created_at FROM keypairs WHERE user_id = @user AND name = @name", ("@user", user.Value), ("@name", name));
            return row.Read() ? ReadKeyPair(row) : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AddKeyPairAsync(KeyPair pair, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run(
            "INSERT INTO keypairs (user_id, name, public_key, fingerprint, type, created_at) VALUES (@user, @name, @key, @fingerprint, @type, @created) ON CONFLICT DO NOTHING",
            ("@user", pair.User.Value), ("@name", pair.Name), ("@key", pair.PublicKey), ("@fingerprint", pair.Fingerprint), ("@type", pair.Type),
            ("@created", UnixMicros.Of(pair.CreatedAt))) == 1,
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) => WriteAsync(
        session => session.Statements.Run("DELETE FROM keypairs WHERE user_id = @user AND name = @name", ("@user", user.Value), ("@name", name)) == 1, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ImageRecord>> ListImagesAsync(ProjectId? project, CancellationToken cancellationToken = default) =>
        ReadAsync(reader => ImageRows.List(reader.Statements, project), cancellationToken);

    /// <inheritdoc/>
    public Task<ImageRecord?> GetImageAsync(string id, CancellationToken cancellationToken = default) =>
        ReadAsync(reader => ImageRows.Get(reader.Statements, id), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteImageAsync(string id, CancellationToken cancellationToken = default) =>
        WriteAsync(session => session.Statements.Run("DELETE FROM images WHERE id = @id AND active = 1 AND shelved = 0", ("@id", id)) == 1, cancellationToken);

    private static Flavor ReadFlavor(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Name = row.GetString(1),
        Vcpus = row.GetInt32(2),
        RamMb = row.GetInt32(3),
        DiskGb = row.GetInt32(4),
        EphemeralGb = row.GetInt32(5),
        SwapMb = row.GetInt32(6),
        RxtxFactor = row.GetDouble(7),
        IsPublic = row.GetInt64(8) != 0,
        Description = row.IsDBNull(9) ? null : row.GetString(9),
        ExtraSpecs = EngineJson.Read<Dictionary<string, string>>(row.GetString(10)),
    };

    private static KeyPair ReadKeyPair(SqliteDataReader row) =>
        new(new(row.GetString(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), UnixMicros.ToTime(row.GetInt64(5)));
}
