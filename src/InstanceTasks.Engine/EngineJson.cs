using System.Text.Json;
using System.Text.Json.Serialization;

namespace InstanceTasks.Engine;

/// <summary>The stored JSON form of records and events: camelCase, ids as plain text, nulls left out.</summary>
public static class EngineJson
{
    /// <summary>The options; shared, read-only.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Serializes to UTF-8 text.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Reads back.</summary>
    /// <exception cref="JsonException">The text is not a T, or is null.</exception>
    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException($"null instead of {typeof(T).Name}");

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
            IgnoreReadOnlyProperties = true,
            Converters =
            {
                new IdConverter<TaskId>(s => new(Guid.Parse(s)), id => id.Value.ToString()),
                new IdConverter<InstanceId>(s => new(Guid.Parse(s)), id => id.Value.ToString()),
                new IdConverter<HostName>(s => new(s), id => id.Value),
                new IdConverter<ProjectId>(s => new(s), id => id.Value),
                new IdConverter<UserId>(s => new(s), id => id.Value),
                new IdConverter<RequestId>(s => new(s), id => id.Value),
                new IdConverter<TaskKind>(s => new(s), id => id.Name),
            },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class IdConverter<T>(Func<string, T> parse, Func<T, string> format) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(format(value));

        public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => parse(reader.GetString()!);

        public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(format(value));
    }
}
