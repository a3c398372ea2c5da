using System.Text.Json.Nodes;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>Something that an action asks for.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="Kind"><c>text</c>, <c>password</c>, <c>flavor</c> or <c>image</c>.</param>
/// <param name="Required">Whether it must be given.</param>
public sealed record ActionField(string Name, string Kind, bool Required);

/// <summary>How a kind of task is asked for on an instance: as the API has it, and nowhere else.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Field">What it asks for; null: nothing.</param>
/// <param name="Body">The action's body; null: the kind needs nothing but its name and is asked for at the Tasks API.</param>
public sealed record InstanceAction(string Kind, ActionField? Field, Func<string?, JsonObject>? Body)
{
    private static readonly Dictionary<string, InstanceAction> Special = new InstanceAction[]
    {
        new("rescue", null, _ => new() { ["rescue"] = null }),
        new("unshelve", null, null),
        new("rebuild", new("Image", "image", true), image => new() { ["rebuild"] = new JsonObject { ["imageRef"] = image } }),
        new("resize", new("Flavor", "flavor", true), flavor => new() { ["resize"] = new JsonObject { ["flavorRef"] = flavor } }),
        new("create-image", new("Name of the image", "text", true), name => new() { ["createImage"] = new JsonObject { ["name"] = name } }),
        new("change-password", new("New password", "password", true), password => new() { ["changePassword"] = new JsonObject { ["adminPass"] = password } }),
        new("lock", new("Reason", "text", false), reason => new() { ["lock"] = reason is null ? null : new JsonObject { ["locked_reason"] = reason } }),
        new("reset-to-active", null, _ => new() { ["os-resetState"] = new JsonObject { ["state"] = "active" } }),
        new("reset-to-error", null, _ => new() { ["os-resetState"] = new JsonObject { ["state"] = "error" } }),
    }.ToDictionary(a => a.Kind);

    // What has no action of its own: it is asked for with a new value in hand.
    private static readonly string[] Elsewhere = ["create", "bulk", "update", "metadata"];

    /// <summary>In which order they are shown: what one does every day first, what ends things last.</summary>
    private static readonly string[] Order =
    [
        "start", "stop", "reboot", "hard-reboot", "pause", "unpause", "suspend", "resume", "confirm-resize", "revert-resize", "resize", "rescue", "unrescue", "rebuild", "create-image", "shelve-and-offload", "shelve",
        "shelve-offload", "unshelve", "change-password", "lock", "unlock", "force-stop", "reset-to-active", "reset-to-error", "delete",
    ];

    /// <summary>How a kind is asked for; null: not from here.</summary>
    public static InstanceAction? Of(string kind) => Elsewhere.Contains(kind) ? null : Special.GetValueOrDefault(kind, new(kind, null, null));

    /// <summary>Where it stands among the others.</summary>
    public static int PlaceOf(string kind) => Array.IndexOf(Order, kind) is >= 0 and var place ? place : Order.Length;

    /// <summary>Whether it may destroy something.</summary>
    public static bool IsRisky(string kind) => kind is "delete" or "rebuild" or "hard-reboot" or "force-stop" or "reset-to-error" or "reset-to-active";
}
