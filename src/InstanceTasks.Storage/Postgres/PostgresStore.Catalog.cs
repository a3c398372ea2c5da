using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

public sealed partial class PostgresStore
{
    private const string FlavorColumns =
        """
        id AS Id, name AS Name, vcpus AS Vcpus, ram_mb AS RamMb, disk_gb AS DiskGb, ephemeral_gb AS EphemeralGb, swap_mb AS SwapMb, rxtx_factor AS RxtxFactor,
        is_public AS IsPublic, description AS Description, extra_specs AS ExtraSpecs
        """;

    private const string ImageColumns = "id, project_id, name, active, min_disk_gb, properties, instance_id, task_id, shelved, created_at, updated_at";

    private const string KeyPairColumns = "user_id, name, public_key, fingerprint, type, created_at";

    /// <inheritdoc/>
    public Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default) => RunAsync(
        """
        INSERT INTO hosts (name, zone, vcpus, memory_mb, disk_gb) VALUES (@name, @zone, @Vcpus, @MemoryMb, @DiskGb)
        ON CONFLICT (name) DO UPDATE SET zone = excluded.zone, vcpus = excluded.vcpus, memory_mb = excluded.memory_mb, disk_gb = excluded.disk_gb
        """,
        new { name = host.Value, zone, capacity.Vcpus, capacity.MemoryMb, capacity.DiskGb },
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Flavor>> ListFlavorsAsync(CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<Flavor>>(
        async connection => (await connection.QueryAsync<FlavorRow>(new($"SELECT {FlavorColumns} FROM flavors ORDER BY id", cancellationToken: cancellationToken)))
            .Select(row => row.ToFlavor()).ToList(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<Flavor?> GetFlavorAsync(string id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => (await connection.QuerySingleOrDefaultAsync<FlavorRow>(new($"SELECT {FlavorColumns} FROM flavors WHERE id = @id", new { id }, cancellationToken: cancellationToken)))
            ?.ToFlavor(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AddFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default) => RunAsync(
        """
        INSERT INTO flavors (id, name, vcpus, ram_mb, disk_gb, ephemeral_gb, swap_mb, rxtx_factor, is_public, description, extra_specs)
        VALUES (@Id, @Name, @Vcpus, @RamMb, @DiskGb, @EphemeralGb, @SwapMb, @RxtxFactor, @open, @Description, @specs) ON CONFLICT DO NOTHING
        """,
        new
        {
            flavor.Id, flavor.Name, flavor.Vcpus, flavor.RamMb, flavor.DiskGb, flavor.EphemeralGb, flavor.SwapMb, flavor.RxtxFactor,
            open = flavor.IsPublic ? 1 : 0, flavor.Description, specs = EngineJson.Write(flavor.ExtraSpecs),
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> UpdateFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default) => RunAsync(
        "UPDATE flavors SET description = @Description, extra_specs = @specs WHERE id = @Id",
        new { flavor.Description, specs = EngineJson.Write(flavor.ExtraSpecs), flavor.Id },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteFlavorAsync(string id, CancellationToken cancellationToken = default) =>
        RunAsync("DELETE FROM flavors WHERE id = @id", new { id }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyPair>> ListKeyPairsAsync(UserId user, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<KeyPair>>(
        async connection => (await connection.QueryAsync<KeyPairRow>(new(
            $"SELECT {KeyPairColumns} FROM keypairs WHERE user_id = @user ORDER BY name", new { user = user.Value }, cancellationToken: cancellationToken))).Select(row => row.ToKeyPair()).ToList(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<KeyPair?> GetKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => (await connection.QuerySingleOrDefaultAsync<KeyPairRow>(new(
            $"SELECT {KeyPairColumns} FROM keypairs WHERE user_id = @user AND name = @name", new { user = user.Value, name }, cancellationToken: cancellationToken)))?.ToKeyPair(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> AddKeyPairAsync(KeyPair pair, CancellationToken cancellationToken = default) => RunAsync(
        $"INSERT INTO keypairs ({KeyPairColumns}) VALUES (@user, @Name, @PublicKey, @Fingerprint, @Type, @created) ON CONFLICT DO NOTHING",
        new { user = pair.User.Value, pair.Name, pair.PublicKey, pair.Fingerprint, pair.Type, created = UnixMicros.Of(pair.CreatedAt) },
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) =>
        RunAsync("DELETE FROM keypairs WHERE user_id = @user AND name = @name", new { user = user.Value, name }, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ImageRecord>> ListImagesAsync(ProjectId? project, CancellationToken cancellationToken = default) => ReadAsync<IReadOnlyList<ImageRecord>>(
        async connection => (await connection.QueryAsync<ImageRow>(new(
            $"SELECT {ImageColumns} FROM images WHERE @project::text IS NULL OR project_id = @project ORDER BY created_at, id", new { project = project?.Value }, cancellationToken: cancellationToken)))
            .Select(row => row.ToImage()).ToList(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<ImageRecord?> GetImageAsync(string id, CancellationToken cancellationToken = default) => ReadAsync(
        async connection => (await connection.QuerySingleOrDefaultAsync<ImageRow>(new($"SELECT {ImageColumns} FROM images WHERE id = @id", new { id }, cancellationToken: cancellationToken)))?.ToImage(),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteImageAsync(string id, CancellationToken cancellationToken = default) =>
        RunAsync("DELETE FROM images WHERE id = @id AND active = 1 AND shelved = 0", new { id }, cancellationToken);

    /// <summary>True: the statement changed one row.</summary>
    private Task<bool> RunAsync(string sql, object parameters, CancellationToken cancellationToken) =>
        WriteAsync(async connection => await connection.ExecuteAsync(new(sql, parameters, cancellationToken: cancellationToken)) == 1, cancellationToken);

    private sealed record KeyPairRow(string User_id, string Name, string Public_key, string Fingerprint, string Type, long Created_at)
    {
        public KeyPair ToKeyPair() => new(new(User_id), Name, Public_key, Fingerprint, Type, UnixMicros.ToTime(Created_at));
    }

    private sealed record ImageRow(
        string Id, string Project_id, string Name, int Active, int Min_disk_gb, string Properties, string Instance_id, string Task_id, int Shelved, long Created_at, long Updated_at)
    {
        public ImageRecord ToImage() => new()
        {
            Id = Id, Project = new(Project_id), Name = Name, Active = Active != 0, MinDiskGb = Min_disk_gb, Properties = EngineJson.Read<Dictionary<string, string>>(Properties),
            Instance = new(Guid.Parse(Instance_id)), Task = new(Guid.Parse(Task_id)), Shelved = Shelved != 0,
            CreatedAt = UnixMicros.ToTime(Created_at), UpdatedAt = UnixMicros.ToTime(Updated_at),
        };
    }

    private sealed record FlavorRow(
        string Id, string Name, int Vcpus, int RamMb, int DiskGb, int EphemeralGb, int SwapMb, double RxtxFactor, int IsPublic, string? Description, string ExtraSpecs)
    {
        public Flavor ToFlavor() => new()
        {
            Id = Id, Name = Name, Vcpus = Vcpus, RamMb = RamMb, DiskGb = DiskGb, EphemeralGb = EphemeralGb, SwapMb = SwapMb, RxtxFactor = RxtxFactor,
            IsPublic = IsPublic != 0, Description = Description, ExtraSpecs = EngineJson.Read<Dictionary<string, string>>(ExtraSpecs),
        };
    }
}
