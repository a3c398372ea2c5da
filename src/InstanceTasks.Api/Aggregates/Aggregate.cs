using System.Globalization;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Aggregates;

/// <summary>Hosts that operators have put together, with a zone or without (nova-api §6.7).</summary>
internal sealed record Aggregate
{
    public required int Id { get; init; }

    public required Guid Uuid { get; init; }

    public required string Name { get; init; }

    /// <summary>The zone that its hosts are in; null: their own.</summary>
    public string? Zone { get; init; }

    public List<string> Hosts { get; init; } = [];

    /// <summary>Without the zone, which clients see as an item of it, too.</summary>
    public Dictionary<string, string> Metadata { get; init; } = [];

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? UpdatedAt { get; init; }

    public string Key => KeyOf(Id);

    public static string KeyOf(int id) => id.ToString(CultureInfo.InvariantCulture);

    public JsonObject ToBody(ApiCall call)
    {
        var metadata = new JsonObject(Metadata.Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value)));
        if (Zone is not null)
        {
            metadata["availability_zone"] = Zone;
        }

        var body = new JsonObject
        {
            ["id"] = Id,
            ["name"] = Name,
            ["availability_zone"] = Zone,
            ["hosts"] = new JsonArray([.. Hosts.Select(h => JsonValue.Create(h))]),
            ["metadata"] = metadata,
            ["created_at"] = WireTime.Micros(CreatedAt),
            ["updated_at"] = WireTime.Micros(UpdatedAt),
            ["deleted"] = false,
            ["deleted_at"] = null,
        };
        if (call.AtLeast(41))
        {
            body["uuid"] = Uuid.ToString();
        }

        return body;
    }
}
