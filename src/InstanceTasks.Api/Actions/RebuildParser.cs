using System.Text.Json.Nodes;
using InstanceTasks.Api.Images;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Actions;

/// <summary>The body and the answer of <c>rebuild</c> (nova-api §3.2).</summary>
internal sealed class RebuildParser(ServerReader reader, UserData userData, ImageCatalog images, ICatalog catalog, IOptions<ApiOptions> options)
{
    /// <summary>Reads it; the answer shows the server as a success will leave it.</summary>
    public async Task<ParsedAction> ParseAsync(ApiCall call, JsonInput body)
    {
        var input = body.Object("rebuild").Only(Allowed(call.Version));
        CheckUnsupported(input);
        var change = Change(call.Version, input);
        CreateServer.CheckMetadata(change.ReplaceMetadata ?? [], options.Value.MaxMetadataItems);
        var view = await reader.GetAsync(call);
        var flavor = view.Instance.Flavor;
        var image = await CreateServer.CheckImageAsync(call, change.ImageId!, flavor.RamMb, flavor.DiskGb, images);
        await CheckKeyAsync(call, change);
        change = change with { ImageId = image.Id };
        return new(TaskKinds.Rebuild)
        {
            Change = change,
            Password = input.Text("adminPass", Lexical.Any) ?? Passwords.New(),
            UserData = await userData.ReadAsync(view.Instance, call.Aborted),
            Body = new JsonObject { ["server"] = await ServerAsync(call, view with { Instance = InstanceChanges.Describe(view.Instance, change) }) },
            Location = call.Links.Versioned($"servers/{view.Instance.Id}"),
        };
    }

    private static IEnumerable<string> Allowed(ApiVersion version)
    {
        yield return "imageRef";
        string[] always = ["name", "adminPass", "metadata", "preserve_ephemeral", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6"];
        (int From, int To, string Name)[] versioned =
        [
            (1, 56, "personality"), (19, 999, "description"), (54, 999, "key_name"), (57, 999, "user_data"), (63, 999, "trusted_image_certificates"), (90, 999, "hostname"),
        ];
        foreach (var name in always.Concat(versioned.Where(v => version.Minor >= v.From && version.Minor <= v.To).Select(v => v.Name)))
        {
            yield return name;
        }
    }

    private static InstanceChange Change(ApiVersion version, JsonInput input) => new()
    {
        ImageId = input.NeedText("imageRef", t => Guid.TryParse(t, out _) ? null : "is not a 'uuid'"),
        Name = input.Text("name", Lexical.Name),
        SetDescription = input.Has("description"),
        Description = input.NullableText("description", Lexical.Description),
        ReplaceMetadata = input.Map("metadata"),
        AccessIPv4 = input.Text("accessIPv4", Lexical.IPv4),
        AccessIPv6 = input.Text("accessIPv6", Lexical.IPv6),
        DiskConfig = input.Text("OS-DCF:diskConfig", Lexical.DiskConfig),
        Hostname = input.Text("hostname", version.AtLeast(94) ? Lexical.HostFqdn : Lexical.HostLabel),
        SetKeyName = input.Has("key_name"),
        KeyName = input.NullableText("key_name", Lexical.NonEmpty),
    };

    private static void CheckUnsupported(JsonInput input)
    {
        var asked = input.Bool("preserve_ephemeral") == true ? "Keeping an ephemeral disk"
            : input.Array("personality") is { Count: > 0 } ? "Personality"
            : input.Array("trusted_image_certificates", nullable: true) is not null ? "Trusted image certificates"
            : input.Has("user_data") ? "New user data for a server that is there"
            : null;
        if (asked is not null)
        {
            throw ApiFault.Unsupported(asked);
        }
    }

    private async Task CheckKeyAsync(ApiCall call, InstanceChange change)
    {
        if (change.KeyName is { } key && await catalog.GetKeyPairAsync(call.Caller.User, key, call.Aborted) is null)
        {
            throw ApiFault.BadRequest("Invalid key_name provided.");
        }
    }

    /// <summary>The whole server since 2.75, a reduced one before (nova-api §3.2).</summary>
    private async Task<JsonObject> ServerAsync(ApiCall call, ServerView view)
    {
        var shown = (await reader.BodyAsync(call, view)).Full(view, call.AtLeast(75) ? ServerShape.Show : ServerShape.Reduced);
        if (call.AtLeast(54))
        {
            shown["key_name"] = view.Instance.KeyName;
        }

        if (call.AtLeast(57))
        {
            // It stands here, for everybody, and not among the extended attributes.
            shown["user_data"] = null;
            shown.Remove("OS-EXT-SRV-ATTR:user_data");
        }

        return shown;
    }
}
