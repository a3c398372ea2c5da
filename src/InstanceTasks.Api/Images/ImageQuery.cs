using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Images;

/// <summary>The filters that clients use to find an image.</summary>
internal static class ImageQuery
{
    public static IEnumerable<Image> Apply(ApiCall call, IReadOnlyList<Image> images)
    {
        var found = images.AsEnumerable();
        if (call.Query.Text("name") is { } name)
        {
            var names = InList(name);
            found = found.Where(i => names.Contains(i.Name));
        }

        if (call.Query.Text("id") is { } id)
        {
            var ids = InList(id);
            found = found.Where(i => ids.Contains(i.Id, StringComparer.OrdinalIgnoreCase));
        }

        if (call.Query.Text("status") is { } status)
        {
            found = found.Where(i => string.Equals(status, i.Status, StringComparison.OrdinalIgnoreCase));
        }

        if (call.Query.Text("visibility") is { } visibility)
        {
            found = found.Where(i => visibility == "all" || visibility == (i.IsPublic ? "public" : "private"));
        }

        return After(call, [.. found]).Take(call.Query.Limit());
    }

    private static IEnumerable<Image> After(ApiCall call, List<Image> found)
    {
        if (call.Query.Text("marker") is not { Length: > 0 } marker)
        {
            return found;
        }

        var index = found.FindIndex(i => i.Id == marker);
        return index >= 0 ? found.Skip(index + 1) : throw ApiFault.BadRequest($"marker [{marker}] not found");
    }

    /// <summary><c>in:a,b</c> or one value.</summary>
    private static string[] InList(string text) => text.StartsWith("in:", StringComparison.Ordinal) ? text[3..].Split(',') : [text];
}
