using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Images;

/// <summary>An image that servers can be made from.</summary>
internal sealed record Image(string Id, string Name, long SizeBytes, int MinDiskGb, int MinRamMb, string DiskFormat, DateTimeOffset CreatedAt)
{
    /// <summary>The image service's word: <c>saving</c> or <c>active</c>.</summary>
    public string Status { get; init; } = "active";

    /// <summary>The owning project; null: everybody's.</summary>
    public ProjectId? Owner { get; init; }

    /// <summary>Further properties.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Nobody may remove it.</summary>
    public bool Protected { get; init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; init; } = CreatedAt;

    public bool IsPublic => Owner is null;

    public bool IsActive => Status == "active";
}

/// <summary>The built-in image, and those made from servers.</summary>
internal sealed class ImageCatalog(ICatalog catalog, IOptions<ApiOptions> options)
{
    // Of the release, not of this installation: the image never changes.
    private static readonly DateTimeOffset Created = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private Image BuiltIn { get; } = new(options.Value.ImageId.ToLowerInvariant(), options.Value.ImageName, 512, 0, 0, "raw", Created) { Protected = true };

    /// <summary>What the caller sees, the built-in one first, then the oldest.</summary>
    public async Task<IReadOnlyList<Image>> ListAsync(ApiCall call) =>
        [BuiltIn, .. (await catalog.ListImagesAsync(call.IsAdmin ? null : call.Caller.Project, call.Aborted)).Select(Of)];

    /// <summary>One that the caller sees; null when there is none.</summary>
    public async Task<Image?> FindAsync(ApiCall call, string id) =>
        string.Equals(id, BuiltIn.Id, StringComparison.OrdinalIgnoreCase) ? BuiltIn
        : await catalog.GetImageAsync(id.ToLowerInvariant(), call.Aborted) is { } image && (call.IsAdmin || image.Project == call.Caller.Project) ? Of(image)
        : null;

    /// <exception cref="ApiFault">404: the caller sees none.</exception>
    public async Task<Image> GetAsync(ApiCall call) =>
        await FindAsync(call, call.Value("image")) ?? throw ApiFault.NotFound($"No image found with ID {call.Value("image")}");

    /// <summary>Removes one that is there and not protected. False: it has changed meanwhile.</summary>
    public Task<bool> DeleteAsync(ApiCall call, Image image) => catalog.DeleteImageAsync(image.Id, call.Aborted);

    private static Image Of(ImageRecord image) => new(image.Id, image.Name, image.MinDiskGb * (1L << 30), image.MinDiskGb, 0, "raw", image.CreatedAt)
    {
        Status = image.Active ? "active" : "saving",
        Owner = image.Project,
        Properties = image.Properties,
        Protected = image.Shelved,
        UpdatedAt = image.UpdatedAt,
    };
}
