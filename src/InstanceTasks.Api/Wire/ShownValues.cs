using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace InstanceTasks.Api.Wire;

/// <summary>
/// Input as a fault repeats it: short, and without what is secret. Nova repeats passwords, too; but what a client is answered ends up in its logs.
/// </summary>
internal static class ShownValues
{
    private const int Longest = 255;
    private const string Hidden = "***";

    private static readonly HashSet<string> Secrets = new(StringComparer.OrdinalIgnoreCase) { "adminPass", "user_data", "password", "secret", "private_key", "token" };

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The value of a field.</summary>
    /// <param name="field">Its name, or the path to it.</param>
    /// <param name="value">The value.</param>
    public static string Of(string field, JsonElement value)
    {
        var text = field.Split('.').Any(IsSecret) ? Hidden : Holds(value) ? Without(value) : value.GetRawText();
        return text.Length <= Longest ? text : text[..Longest] + "…";
    }

    private static bool IsSecret(string name) => Secrets.Contains(name);

    private static bool Holds(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(p => IsSecret(p.Name) || Holds(p.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(Holds),
        _ => false,
    };

    private static string Without(JsonElement value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Plain))
        {
            Write(writer, value);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject())
                {
                    WriteProperty(writer, property);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static void WriteProperty(Utf8JsonWriter writer, JsonProperty property)
    {
        writer.WritePropertyName(property.Name);
        if (IsSecret(property.Name))
        {
            writer.WriteStringValue(Hidden);
        }
        else
        {
            Write(writer, property.Value);
        }
    }
}
