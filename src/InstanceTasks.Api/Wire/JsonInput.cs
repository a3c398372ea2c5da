using System.Text.Json;

namespace InstanceTasks.Api.Wire;

/// <summary>
/// A JSON object under a closed schema: what is read is checked, and what is not in the allow-list is refused.
/// Faults have Nova's texts (nova-api §1.6).
/// </summary>
internal sealed class JsonInput
{
    private readonly string _path;
    private readonly JsonElement _element;

    private JsonInput(string path, JsonElement element)
    {
        _path = path;
        _element = element;
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw path.Length == 0 ? ApiFault.MalformedBody() : Invalid(path, element, $"{ShownValues.Of(path, element)} is not of type 'object'");
        }
    }

    public static JsonInput Root(JsonElement element) => new("", element);

    public IEnumerable<JsonProperty> Properties => _element.EnumerateObject();

    public static ApiFault Invalid(string field, JsonElement value, string message) =>
        ApiFault.BadRequest($"Invalid input for field/attribute {field}. Value: {ShownValues.Of(field, value)}. {message}");

    /// <summary>Closes the schema: any other key is refused.</summary>
    public JsonInput Only(params IEnumerable<string> allowed)
    {
        var names = allowed.ToHashSet(StringComparer.Ordinal);
        foreach (var property in Properties.Where(p => !names.Contains(p.Name)))
        {
            throw Here($"Additional properties are not allowed ('{property.Name}' was unexpected)");
        }

        return this;
    }

    /// <summary>The one key of a body that names an action (nova-api §1.6).</summary>
    /// <exception cref="ApiFault">400: there is none, or more than one.</exception>
    public string OnlyName() => Properties.ToList() is [var one] ? one.Name : throw ApiFault.MalformedBody();

    public bool Has(string name) => _element.TryGetProperty(name, out _);

    public bool TryGet(string name, out JsonElement value) => _element.TryGetProperty(name, out value);

    public JsonElement Need(string name) =>
        _element.TryGetProperty(name, out var value) ? value : throw Here($"'{name}' is a required property");

    public JsonInput Object(string name) => new(PathOf(name), Need(name));

    public JsonInput? OptionalObject(string name) => TryGet(name, out var value) ? new(PathOf(name), value) : null;

    /// <summary>Null when absent.</summary>
    public string? Text(string name, Func<string, string?> rule) => TryGet(name, out var value) ? Checked(name, value, rule) : null;

    /// <summary>Null when absent or null.</summary>
    public string? NullableText(string name, Func<string, string?> rule) =>
        TryGet(name, out var value) && value.ValueKind != JsonValueKind.Null ? Checked(name, value, rule) : null;

    public string NeedText(string name, Func<string, string?> rule) => Checked(name, Need(name), rule);

    public bool? Bool(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.String => Lexical.Boolean(value.GetString()!) ?? throw Fault(name, value, $"{ShownValues.Of(name, value)} is not one of [True, 'True', 'true', False, 'False', 'false']"),
            _ => throw Fault(name, value, $"{ShownValues.Of(name, value)} is not one of [True, 'True', 'true', False, 'False', 'false']"),
        };
    }

    /// <summary>A whole number, also as digits in a string; null when absent.</summary>
    public int? Int(string name, int min, int max = int.MaxValue)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String => value.GetString()!,
            _ => "",
        };
        // What the parser lets pass, and Nova's pattern does not.
        if (text is ['+', ..])
        {
            throw Fault(name, value, $"{ShownValues.Of(name, value)} does not match '^-?[0-9]+$'");
        }

        if (!long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var number))
        {
            throw Fault(name, value, $"{ShownValues.Of(name, value)} is not of type 'integer'");
        }

        if (number < min)
        {
            throw Fault(name, value, $"{ShownValues.Of(name, value)} is less than the minimum of {min}");
        }

        return number <= max ? (int)number : throw Fault(name, value, $"{ShownValues.Of(name, value)} is greater than the maximum of {max}");
    }

    public int NeedInt(string name, int min) => Int(name, min) ?? throw Here($"'{name}' is a required property");

    /// <summary>An array; null when absent. A null value counts as absent only where the schema says so.</summary>
    public IReadOnlyList<JsonElement>? Array(string name, bool nullable = false)
    {
        if (!TryGet(name, out var value) || (nullable && value.ValueKind == JsonValueKind.Null))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Fault(name, value, $"{ShownValues.Of(name, value)} is not of type 'array'");
    }

    /// <summary>A map of texts under the rules for metadata; null when absent.</summary>
    public Dictionary<string, string>? Map(string name, Func<JsonElement, string?>? convert = null)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in new JsonInput(PathOf(name), value).Properties)
        {
            map[property.Name] = MapValue(PathOf(name), property, convert ?? TextOnly);
        }

        return map;
    }

    public ApiFault Fault(string name, JsonElement value, string message) => Invalid(PathOf(name), value, message);

    private static string MapValue(string path, JsonProperty property, Func<JsonElement, string?> convert)
    {
        if (Lexical.MetadataKey(property.Name) is { } badKey)
        {
            throw Invalid(path, property.Value, $"'{property.Name}' {badKey}");
        }

        var text = convert(property.Value) ?? throw Invalid($"{path}.{property.Name}", property.Value, $"{ShownValues.Of(property.Name, property.Value)} is not of type 'string'");
        return Lexical.Length(text) <= 255 ? text : throw Invalid($"{path}.{property.Name}", property.Value, $"{ShownValues.Of(property.Name, property.Value)} is too long");
    }

    private static string? TextOnly(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private string Checked(string name, JsonElement value, Func<string, string?> rule)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Fault(name, value, $"{ShownValues.Of(name, value)} is not of type 'string'");
        }

        var text = value.GetString()!;
        return rule(text) is { } problem ? throw Fault(name, value, $"{ShownValues.Of(name, value)} {problem}") : text;
    }

    private ApiFault Here(string message) => _path.Length == 0 ? ApiFault.BadRequest(message) : Invalid(_path, _element, message);

    /// <summary>Nova names the innermost key only.</summary>
    private static string PathOf(string name) => name;
}
