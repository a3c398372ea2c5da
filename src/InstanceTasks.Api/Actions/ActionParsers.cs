using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Images;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Actions;

/// <summary>The bodies of the actions that are served (nova-api §3): closed schemas, one method per action that has any.</summary>
internal sealed class ActionParsers(ImageCatalog images, RebuildParser rebuilds, UnshelveParser unshelves, ResizeParser resizes, IOptions<ApiOptions> options)
{
    /// <summary>The actions that are served. Each has its line in <c>policy.txt</c>.</summary>
    public static readonly IReadOnlySet<string> Names = new HashSet<string>(StringComparer.Ordinal)
    {
        "os-start", "os-stop", "reboot", "pause", "unpause", "suspend", "resume", "rescue", "unrescue", "lock", "unlock", "changePassword", "os-resetState",
        "createImage", "rebuild", "shelve", "shelveOffload", "unshelve", "resize", "confirmResize", "revertResize",
        ConsoleOutput.Action,
    };

    /// <summary>Reads the one action of a body.</summary>
    /// <param name="call">The call.</param>
    /// <param name="body">Its body.</param>
    /// <param name="name">One of <see cref="Names"/> that makes a task.</param>
    public async Task<ParsedAction> ParseAsync(ApiCall call, JsonInput body, string name) => name switch
    {
        "rescue" => await RescueAsync(call, body),
        "rebuild" => await rebuilds.ParseAsync(call, body),
        "createImage" => CreateImage(call, body.Object(name)),
        "shelve" => OnlyNull(body, name, options.Value.OffloadShelved ? TaskKinds.ShelveAndOffload : TaskKinds.Shelve),
        "shelveOffload" => OnlyNull(body, name, TaskKinds.ShelveOffload),
        "unshelve" => await unshelves.ParseAsync(call, body),
        "resize" => await resizes.ParseAsync(call, body),
        _ => Parse(call.Version, body, name),
    };

    private static ParsedAction Parse(ApiVersion version, JsonInput body, string name) => name switch
    {
        // Nova does not look at the value of these.
        "os-start" => new(TaskKinds.Start),
        "os-stop" => new(TaskKinds.Stop),
        "unlock" => new(TaskKinds.Unlock),
        "lock" => new(TaskKinds.Lock) { Change = new() { LockedReason = LockedReason(version, body) } },
        "reboot" => new(RebootKind(body)),
        "pause" => OnlyNull(body, name, TaskKinds.Pause),
        "unpause" => OnlyNull(body, name, TaskKinds.Unpause),
        "suspend" => OnlyNull(body, name, TaskKinds.Suspend),
        "resume" => OnlyNull(body, name, TaskKinds.Resume),
        "unrescue" => OnlyNull(body, name, TaskKinds.Unrescue),
        "changePassword" => new(TaskKinds.ChangePassword) { Password = body.Object(name).Only("adminPass").NeedText("adminPass", Lexical.Any) },
        "os-resetState" => new(ResetKind(body)),
        "confirmResize" => OnlyNull(body, name, TaskKinds.ConfirmResize) with { Status = 204 },
        "revertResize" => OnlyNull(body, name, TaskKinds.RevertResize),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "Not one of the names."),
    };

    internal static ParsedAction OnlyNull(JsonInput body, string name, TaskKind kind)
    {
        var value = body.Need(name);
        return value.ValueKind == JsonValueKind.Null ? new(kind) : throw JsonInput.Invalid(name, value, "It is not of type 'null'");
    }

    private static TaskKind RebootKind(JsonInput body)
    {
        var type = body.Object("reboot").Only("type").NeedText("type", t => t.ToUpperInvariant() is "SOFT" or "HARD" ? null : "is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']");
        return string.Equals(type, "HARD", StringComparison.OrdinalIgnoreCase) ? TaskKinds.HardReboot : TaskKinds.Reboot;
    }

    private static TaskKind ResetKind(JsonInput body)
    {
        var state = body.Object("os-resetState").Only("state").NeedText("state", t => t is "active" or "error" ? null : "is not one of ['active', 'error']");
        return state == "active" ? TaskKinds.ResetToActive : TaskKinds.ResetToError;
    }

    /// <summary>Before 2.73 the value is not looked at; null is always allowed.</summary>
    private static string? LockedReason(ApiVersion version, JsonInput body) =>
        !version.AtLeast(73) || body.Need("lock").ValueKind == JsonValueKind.Null
            ? null
            : body.Object("lock").Only("locked_reason").Text("locked_reason", Lexical.NonEmpty);

    /// <summary>The answer has the password, given or made (nova-api §3.3).</summary>
    private async Task<ParsedAction> RescueAsync(ApiCall call, JsonInput body)
    {
        var input = body.Need("rescue").ValueKind == JsonValueKind.Null ? null : body.Object("rescue").Only("adminPass", "rescue_image_ref");
        var action = new ParsedAction(TaskKinds.Rescue)
        {
            Password = input?.Text("adminPass", Lexical.Any) ?? Passwords.New(), Status = 200, Body = new JsonObject { ["adminPass"] = null },
        };
        return input?.Text("rescue_image_ref", Lexical.NonEmpty) is not { } image ? action
            : await images.FindAsync(call, image) is { IsActive: true } found ? action with { Parameters = new() { [TaskParameters.RescueImage] = found.Id } }
            : throw ApiFault.BadRequest($"Image {image} could not be found.");
    }

    /// <summary>The image's id is known at once (nova-api §3.3): in the body since 2.45, in <c>Location</c> before.</summary>
    private ParsedAction CreateImage(ApiCall call, JsonInput input)
    {
        var name = input.Only("name", "metadata").NeedText("name", Lexical.Name);
        var metadata = input.Map("metadata") ?? [];
        CreateServer.CheckMetadata(metadata, options.Value.MaxMetadataItems);
        var id = Guid.NewGuid().ToString();
        var action = new ParsedAction(TaskKinds.CreateImage)
        {
            Parameters = new() { [TaskParameters.ImageId] = id, [TaskParameters.ImageName] = name, [TaskParameters.ImageProperties] = EngineJson.Write(metadata) },
        };
        return call.AtLeast(45)
            ? action with { Body = new JsonObject { ["image_id"] = id } }
            : action with { Location = $"{call.Links.BaseUrl}/image/v2/images/{id}" };
    }
}
