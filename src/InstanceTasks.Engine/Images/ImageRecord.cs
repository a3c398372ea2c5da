namespace InstanceTasks.Engine;

/// <summary>An image that was made from a server's root disk: a row of the catalogue.</summary>
public sealed record ImageRecord
{
    /// <summary>The id.</summary>
    public required string Id { get; init; }

    /// <summary>The owning project.</summary>
    public required ProjectId Project { get; init; }

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is complete; it is being saved before.</summary>
    public bool Active { get; init; }

    /// <summary>The smallest disk that it fits on, in GiB.</summary>
    public required int MinDiskGb { get; init; }

    /// <summary>Further properties.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>The server it was made from.</summary>
    public required InstanceId Instance { get; init; }

    /// <summary>The task that makes or made it.</summary>
    public required TaskId Task { get; init; }

    /// <summary>All that is left of a shelved server, whose disk it is: it goes when that is unshelved or deleted, and nobody else may remove it.</summary>
    public bool Shelved { get; init; }

    /// <summary>When its making was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What a kind of task does to the catalogue of images.</summary>
public enum ImageEffect
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Its accept adds an image, which its success makes active and any other end removes.</summary>
    Save = 1,

    /// <summary>The same with an image that belongs to the shelved server.</summary>
    Shelve = 2,

    /// <summary>Its success removes the images that belong to the shelved server.</summary>
    GiveUpShelved = 3,
}

/// <summary>What becomes of a row.</summary>
public enum ImageChangeKind
{
    /// <summary>Inserted, not active; one that is there already stays as it is.</summary>
    Add = 1,

    /// <summary>Becomes active, if it is this task's.</summary>
    Activate = 2,

    /// <summary>Removed, if it is this task's.</summary>
    Remove = 3,

    /// <summary>Every complete image of the instance that belongs to the shelved server is removed; one that is being saved is of a task to come, which ends it itself.</summary>
    RemoveShelved = 4,
}

/// <summary>A change of the catalogue.</summary>
/// <param name="Kind">What becomes of the row.</param>
/// <param name="Image">The image; for <see cref="ImageChangeKind.RemoveShelved"/> only its instance counts.</param>
public sealed record ImageChange(ImageChangeKind Kind, ImageRecord Image);
