using InstanceTasks.Engine;

namespace InstanceTasks.Simulation.Store;

/// <summary>The catalogue of images.</summary>
internal sealed class ImageTable
{
    private readonly Dictionary<string, ImageRecord> _rows = new(StringComparer.Ordinal);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<ImageRecord> All => [.. _rows.Values.OrderBy(i => i.CreatedAt).ThenBy(i => i.Id, StringComparer.Ordinal)];

    public ImageRecord? Find(string id) => _rows.GetValueOrDefault(id);

    public void Apply(ImageChange change)
    {
        var image = change.Image;
        switch (change.Kind)
        {
            case ImageChangeKind.Add:
                _rows.TryAdd(image.Id, image);
                break;
            case ImageChangeKind.Activate when IsOf(image):
                _rows[image.Id] = _rows[image.Id] with { Active = true, UpdatedAt = image.UpdatedAt };
                break;
            case ImageChangeKind.Remove when IsOf(image):
                _rows.Remove(image.Id);
                break;
            case ImageChangeKind.RemoveShelved:
                RemoveShelved(image.Instance);
                break;
        }
    }

    private bool IsOf(ImageRecord image) => _rows.TryGetValue(image.Id, out var row) && row.Task == image.Task;

    private void RemoveShelved(InstanceId instance)
    {
        foreach (var row in _rows.Values.Where(i => i is { Shelved: true, Active: true } && i.Instance == instance).ToList())
        {
            _rows.Remove(row.Id);
        }
    }
}
