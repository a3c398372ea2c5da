using System.Text.Json;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Servers;

/// <summary>A checked request for a server: references are not looked up yet.</summary>
internal sealed record CreateServerInput
{
    public required string Name { get; init; }

    public required string FlavorRef { get; init; }

    public required string ImageRef { get; init; }

    public string? AdminPass { get; init; }

    public string? KeyName { get; init; }

    public string? Zone { get; init; }

    public string? UserData { get; init; }

    public string? Description { get; init; }

    public string? Hostname { get; init; }

    public string DiskConfig { get; init; } = "MANUAL";

    public string AccessIPv4 { get; init; } = "";

    public string AccessIPv6 { get; init; } = "";

    public bool ConfigDrive { get; init; }

    public bool ReturnReservation { get; init; }

    public int MinCount { get; init; } = 1;

    public int MaxCount { get; init; } = 1;

    public Dictionary<string, string> Metadata { get; init; } = [];

    public List<string> Tags { get; init; } = [];

    public List<string> SecurityGroups { get; init; } = [];

    public Guid? Group { get; init; }
}

/// <summary>
/// The closed schema of <c>POST /servers</c> (nova-api §2.1). What is known but not supported is refused by name: nothing that would
/// change the machine is left out without a word.
/// </summary>
internal static class CreateServerSchema
{
    /// <summary>The most servers of one request.</summary>
    private const int MostAtOnce = 1000;

    private static readonly string[] Unsupported =
        ["different_host", "same_host", "query", "target_cell", "different_cell", "build_near_host_ip", "cidr"];

    public static CreateServerInput Parse(ApiVersion version, JsonInput body)
    {
        body.Only("server", "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints");
        // Both are read, so that neither goes unchecked beside the other.
        var (hinted, oldHinted) = (GroupOf(body, "os:scheduler_hints"), GroupOf(body, "OS-SCH-HNT:scheduler_hints"));
        var server = body.Object("server").Only(Allowed(version));
        var (min, max) = Counts(server, version);
        CheckNetworks(server, version);
        CheckUnsupported(server);
        return Read(server, version) with { MinCount = min, MaxCount = max, Group = hinted ?? oldHinted };
    }

    private static IEnumerable<string> Allowed(ApiVersion version)
    {
        string[] always =
        [
            "name", "flavorRef", "imageRef", "networks", "adminPass", "metadata", "key_name", "security_groups", "availability_zone", "user_data", "config_drive",
            "min_count", "max_count", "return_reservation_id", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6", "block_device_mapping", "block_device_mapping_v2",
        ];
        return
        [
            .. always,
            .. When(!version.AtLeast(57), "personality"),
            .. When(version.AtLeast(19), "description"),
            .. When(version.AtLeast(52), "tags"),
            .. When(version.AtLeast(63), "trusted_image_certificates"),
            .. When(version.AtLeast(74), "host", "hypervisor_hostname"),
            .. When(version.AtLeast(90), "hostname"),
        ];
    }

    private static string[] When(bool holds, params string[] names) => holds ? names : [];

    private static CreateServerInput Read(JsonInput server, ApiVersion version) => new()
    {
        Name = server.NeedText("name", Lexical.Name),
        FlavorRef = FlavorRef(server),
        ImageRef = ImageRef(server),
        AdminPass = server.Text("adminPass", Lexical.Any),
        KeyName = server.NullableText("key_name", Lexical.NonEmpty),
        Zone = Zone(server),
        UserData = server.NullableText("user_data", Lexical.UserData),
        Description = version.AtLeast(19) ? server.NullableText("description", Lexical.Description) : server.NeedText("name", Lexical.Name),
        Hostname = server.Text("hostname", version.AtLeast(94) ? Lexical.HostFqdn : Lexical.HostLabel),
        DiskConfig = server.Text("OS-DCF:diskConfig", Lexical.DiskConfig) ?? "MANUAL",
        AccessIPv4 = server.Text("accessIPv4", Lexical.IPv4) ?? "",
        AccessIPv6 = server.Text("accessIPv6", Lexical.IPv6) ?? "",
        ConfigDrive = server.Bool("config_drive") ?? false,
        ReturnReservation = server.Bool("return_reservation_id") ?? false,
        Metadata = server.Map("metadata") ?? [],
        Tags = server.Has("tags") ? [.. ServerTags.Read(server, "tags").Order(StringComparer.Ordinal)] : [],
        SecurityGroups = SecurityGroups(server),
    };

    /// <summary>A string, an integer, or a URL whose last segment counts.</summary>
    internal static string FlavorRef(JsonInput server)
    {
        var value = server.Need("flavorRef");
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!.TrimEnd('/'),
            JsonValueKind.Number when value.TryGetInt64(out var number) => number.ToString(),
            _ => throw server.Fault("flavorRef", value, "It is not of type 'string', 'integer'"),
        };
        var id = text[(text.LastIndexOf('/') + 1)..];
        return id.Length > 0 ? id : throw server.Fault("flavorRef", value, "It is too short");
    }

    private static string ImageRef(JsonInput server)
    {
        var text = server.Text("imageRef", t => t.Length == 0 || Guid.TryParse(t, out _) ? null : "is not a 'uuid'");
        return string.IsNullOrEmpty(text) ? throw ApiFault.BadRequest("Missing imageRef attribute") : text;
    }

    private static string? Zone(JsonInput server)
    {
        var zone = server.Text("availability_zone", Lexical.NonEmpty);
        return zone is not null && zone.Contains(':', StringComparison.Ordinal) ? throw ApiFault.Unsupported("Naming a host in availability_zone") : zone;
    }

    /// <summary>There is one security group and no network: it stands for "no others were asked for".</summary>
    private static List<string> SecurityGroups(JsonInput server)
    {
        foreach (var item in server.Array("security_groups") ?? [])
        {
            var name = JsonInput.Root(item).Only("name").NeedText("name", Lexical.NonEmpty);
            if (name != "default")
            {
                throw ApiFault.BadRequest($"Security group {name} not found.");
            }
        }

        return ["default"];
    }

    private static Guid? GroupOf(JsonInput body, string name)
    {
        if (body.OptionalObject(name) is not { } hints)
        {
            return null;
        }

        if (hints.Properties.Select(p => p.Name).FirstOrDefault(Unsupported.Contains) is { } hint)
        {
            throw ApiFault.Unsupported($"The scheduler hint {hint}");
        }

        return hints.Text("group", t => Guid.TryParse(t, out _) ? null : "is not a 'uuid'") is { } group ? Guid.Parse(group) : null;
    }

    private static (int Min, int Max) Counts(JsonInput server, ApiVersion version)
    {
        var min = server.Int("min_count", 1) ?? 1;
        var max = server.Int("max_count", 1) ?? min;
        if (min > max)
        {
            throw ApiFault.BadRequest("min_count must be <= max_count");
        }

        if (max > 1 && version.AtLeast(90) && server.Has("hostname"))
        {
            throw ApiFault.BadRequest("When setting 'hostname', max_count must be 1");
        }

        return max > MostAtOnce ? throw ApiFault.BadRequest($"At most {MostAtOnce} servers can be created at once.") : (min, max);
    }

    private static void CheckNetworks(JsonInput server, ApiVersion version)
    {
        if (!version.AtLeast(37))
        {
            CheckList(server.Array("networks", nullable: true));
            return;
        }

        var value = server.Need("networks");
        if (value.ValueKind == JsonValueKind.String && value.GetString() is "auto" or "none")
        {
            return;
        }

        if (value.ValueKind != JsonValueKind.Array)
        {
            throw server.Fault("networks", value, "It is not one of 'auto', 'none' or a list");
        }

        CheckList(server.Array("networks"));
    }

    private static void CheckList(IReadOnlyList<JsonElement>? networks)
    {
        if (networks is { Count: > 0 })
        {
            throw ApiFault.Unsupported("Attaching networks or ports");
        }
    }

    private static void CheckUnsupported(JsonInput server)
    {
        RefuseItems(server, "block_device_mapping", "Mapping block devices");
        RefuseItems(server, "block_device_mapping_v2", "Mapping block devices");
        RefuseItems(server, "personality", "Injecting files (personality)");
        if (server.Array("trusted_image_certificates", nullable: true) is { Count: > 0 })
        {
            throw ApiFault.Unsupported("Verifying images by trusted certificates");
        }

        if (server.Has("host") || server.Has("hypervisor_hostname"))
        {
            throw ApiFault.Unsupported("Choosing the host of a server");
        }
    }

    private static void RefuseItems(JsonInput server, string name, string what)
    {
        if (server.Array(name) is { Count: > 0 })
        {
            throw ApiFault.Unsupported(what);
        }
    }
}
