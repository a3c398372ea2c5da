using System.Text.Json;

namespace InstanceTasks.Storage;

/// <summary>The hosts that a silo may hold work for, as its row has them.</summary>
internal static class AnnouncedHosts
{
    public static string Write(IReadOnlyCollection<HostName> hosts) => JsonSerializer.Serialize(hosts.Select(h => h.Value));

    public static IReadOnlyCollection<HostName>? Read(string? json) =>
        json is null ? null : JsonSerializer.Deserialize<string[]>(json)!.Select(h => new HostName(h)).ToHashSet();
}
