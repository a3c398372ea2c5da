using System.Text.Json.Nodes;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>An instance as the compute API shows it to the viewer: what only administrators see is null for others.</summary>
public sealed record ServerInfo
{
    private static readonly string[] Powers = ["no state", "running", "", "paused", "shut down", "", "crashed", "suspended"];

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What its owner says of it.</summary>
    public string? Description { get; init; }

    /// <summary>What it calls itself.</summary>
    public string? Hostname { get; init; }

    /// <summary>The API's word for its state: <c>ACTIVE</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What is under way, by the API's word.</summary>
    public string? TaskState { get; init; }

    /// <summary>The state that the tables know: <c>active</c>.</summary>
    public string VmState { get; init; } = "";

    /// <summary>Its power state in words.</summary>
    public string Power { get; init; } = "";

    /// <summary>The name of its flavor, and what that gives.</summary>
    public string Flavor { get; init; } = "";

    /// <summary>The id of its image.</summary>
    public string? Image { get; init; }

    /// <summary>Where it is.</summary>
    public string? Host { get; init; }

    /// <summary>Its zone.</summary>
    public string? Zone { get; init; }

    /// <summary>The project that owns it.</summary>
    public string Project { get; init; } = "";

    /// <summary>Who asked for it.</summary>
    public string User { get; init; } = "";

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset Created { get; init; }

    /// <summary>When it was changed last.</summary>
    public DateTimeOffset? Updated { get; init; }

    /// <summary>Whether only administrators may change it.</summary>
    public bool Locked { get; init; }

    /// <summary>Why.</summary>
    public string? LockedReason { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string? Fault { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Its metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads what the API says.</summary>
    public static ServerInfo Of(JsonNode body) => new()
    {
        Id = (Guid)body["id"]!,
        Name = (string)body["name"]!,
        Description = (string?)body["description"],
        Hostname = (string?)body["OS-EXT-SRV-ATTR:hostname"],
        Status = (string)body["status"]!,
        TaskState = (string?)body["OS-EXT-STS:task_state"],
        VmState = (string?)body["OS-EXT-STS:vm_state"] ?? "",
        Power = (int?)body["OS-EXT-STS:power_state"] is { } power && power < Powers.Length ? Powers[power] : "",
        Flavor = body["flavor"] is { } flavor ? $"{flavor["original_name"]}: {flavor["vcpus"]} vCPU, {flavor["ram"]} MB, {flavor["disk"]} GB" : "",
        Image = body["image"] is JsonObject image ? (string?)image["id"] : null,
        Host = (string?)body["OS-EXT-SRV-ATTR:host"],
        Zone = (string?)body["OS-EXT-AZ:availability_zone"],
        Project = (string?)body["tenant_id"] ?? "",
        User = (string?)body["user_id"] ?? "",
        Created = (DateTimeOffset)body["created"]!,
        Updated = (DateTimeOffset?)body["updated"],
        Locked = (bool?)body["locked"] ?? false,
        LockedReason = (string?)body["locked_reason"],
        Fault = (string?)body["fault"]?["message"],
        Tags = [.. (body["tags"]?.AsArray() ?? []).Select(t => (string)t!)],
        Metadata = (body["metadata"]?.AsObject() ?? []).ToDictionary(p => p.Key, p => (string?)p.Value ?? ""),
    };
}
