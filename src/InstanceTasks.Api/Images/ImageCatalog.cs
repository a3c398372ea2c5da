using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Images;

/// <summary>An image that servers can be made from.</summary>
internal sealed record Image(string Id, string Name, long SizeBytes, int MinDiskGb, int MinRamMb, string DiskFormat, DateTimeOffset CreatedAt);

/// <summary>The built-in image.</summary>
internal sealed class ImageCatalog(IOptions<ApiOptions> options)
{
    // Of the release, not of this installation: the image never changes.
    private static readonly DateTimeOffset Created = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public IReadOnlyList<Image> All { get; } = [new(options.Value.ImageId.ToLowerInvariant(), options.Value.ImageName, 512, 0, 0, "raw", Created)];

    public Image? Find(string id) => All.FirstOrDefault(i => string.Equals(i.Id, id, StringComparison.OrdinalIgnoreCase));
}
