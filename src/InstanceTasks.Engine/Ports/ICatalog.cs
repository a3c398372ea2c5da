namespace InstanceTasks.Engine;

/// <summary>Flavors, key pairs and images: small records beside the tasks.</summary>
public interface ICatalog
{
    /// <summary>All flavors, by id.</summary>
    Task<IReadOnlyList<Flavor>> ListFlavorsAsync(CancellationToken cancellationToken = default);

    /// <summary>One flavor by id; null when there is none.</summary>
    Task<Flavor?> GetFlavorAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Adds a flavor. False: its id or name exists.</summary>
    Task<bool> AddFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default);

    /// <summary>Replaces description and extra specs. False: there is none.</summary>
    Task<bool> UpdateFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default);

    /// <summary>Removes a flavor. False: there is none.</summary>
    Task<bool> DeleteFlavorAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>A user's key pairs, by name.</summary>
    Task<IReadOnlyList<KeyPair>> ListKeyPairsAsync(UserId user, CancellationToken cancellationToken = default);

    /// <summary>One key pair; null when there is none.</summary>
    Task<KeyPair?> GetKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default);

    /// <summary>Adds a key pair. False: the name exists.</summary>
    Task<bool> AddKeyPairAsync(KeyPair pair, CancellationToken cancellationToken = default);

    /// <summary>Removes a key pair. False: there is none.</summary>
    Task<bool> DeleteKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default);

    /// <summary>The images that were made from servers, oldest first.</summary>
    /// <param name="project">Whose; null: everybody's.</param>
    /// <param name="cancellationToken">Ends the read.</param>
    Task<IReadOnlyList<ImageRecord>> ListImagesAsync(ProjectId? project, CancellationToken cancellationToken = default);

    /// <summary>One image; null when there is none.</summary>
    Task<ImageRecord?> GetImageAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>Removes an image that is active and does not belong to a shelved server. False: there is none such.</summary>
    Task<bool> DeleteImageAsync(string id, CancellationToken cancellationToken = default);
}

/// <summary>A flavor (nova-api §6.1).</summary>
public sealed record Flavor
{
    /// <summary>The id.</summary>
    public required string Id { get; init; }

    /// <summary>The name, unique.</summary>
    public required string Name { get; init; }

    /// <summary>vCPUs.</summary>
    public required int Vcpus { get; init; }

    /// <summary>Memory in MiB.</summary>
    public required int RamMb { get; init; }

    /// <summary>Root disk in GiB.</summary>
    public required int DiskGb { get; init; }

    /// <summary>Ephemeral disk in GiB.</summary>
    public int EphemeralGb { get; init; }

    /// <summary>Swap in MiB.</summary>
    public int SwapMb { get; init; }

    /// <summary>Historic; always shown as a number.</summary>
    public double RxtxFactor { get; init; } = 1.0;

    /// <summary>Whether everyone sees it.</summary>
    public bool IsPublic { get; init; } = true;

    /// <summary>Description (microversion 2.55), or null.</summary>
    public string? Description { get; init; }

    /// <summary>Extra specs.</summary>
    public IReadOnlyDictionary<string, string> ExtraSpecs { get; init; } = new Dictionary<string, string>();

    /// <summary>The flavor as an instance keeps it.</summary>
    public FlavorSnapshot ToSnapshot() => new()
    {
        Id = Id, Name = Name, Vcpus = Vcpus, RamMb = RamMb, DiskGb = DiskGb, EphemeralGb = EphemeralGb, SwapMb = SwapMb,
        ExtraSpecs = new Dictionary<string, string>(ExtraSpecs),
    };
}

/// <summary>A key pair (nova-api §6.2); belongs to a user. The private key is never stored.</summary>
public sealed record KeyPair(UserId User, string Name, string PublicKey, string Fingerprint, string Type, DateTimeOffset CreatedAt);
