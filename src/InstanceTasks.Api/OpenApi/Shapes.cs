using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace InstanceTasks.Api.OpenApi;

/// <summary>
/// The shorthand in which <c>*.calls.json</c> declares bodies, and its meaning in JSON Schema 2020-12. A shape is one of
/// <list type="bullet">
/// <item><c>"name"</c>, or <c>"name?"</c>: a shape by its name, or null, too;</item>
/// <item><c>[shape]</c> or <c>{"$list": shape}</c>: an array;</item>
/// <item><c>{"field": shape}</c>: an object of these fields and no others. A field ends with <c>?</c> when it may be left out; then may follow the microversions that have it
/// (<c>@19-56</c>, <c>@19-</c>, <c>@-56</c>) and <c>!admin</c>, when only administrators see it. <c>$with</c> names an object whose fields it has, too, but those that are null here; in <c>{"$open": {…}}</c> others are allowed;</item>
/// <item><c>{"$map": shape, "$keys": regex}</c>, <c>{"$any": [shape]}</c>, <c>{"$enum": […]}</c>, <c>{"$schema": …}</c>, and <c>{"$is": shape}</c>, which is that shape.</item>
/// </list>
/// Whatever else stands in a shape that has a <c>$</c> is a keyword of the schema.
/// </summary>
internal sealed partial class Shapes(IReadOnlyDictionary<string, JsonNode> named, IReadOnlySet<string> inlined)
{
    /// <summary>Who asks, and how: the exact schema of one microversion.</summary>
    internal sealed record At(int Minor, bool Admin);

    /// <summary>The schema; without <paramref name="at"/> that of all microversions, with references to the named ones.</summary>
    public JsonObject Schema(JsonNode? shape, At? at = null) => shape switch
    {
        JsonArray { Count: 1 } list => ListOf(list[0], at),
        JsonValue name => Named(name.GetValue<string>(), at),
        JsonObject found => Object(found, at),
        _ => throw new FormatException($"This is no shape: {shape?.ToJsonString() ?? "null"}"),
    };

    /// <summary>The field's name and range in a key such as <c>tags? @26-</c>.</summary>
    public static ShapeKey Key(string text)
    {
        var match = KeyPattern().Match(text);
        return match.Success
            ? new(match.Groups["name"].Value, match.Groups["optional"].Success, Number(match.Groups["from"], 1), Number(match.Groups["to"], int.MaxValue), match.Groups["admin"].Success)
            : throw new FormatException($"This is no field: {text}");
    }

    /// <summary>What <c>x-openstack</c> says of a range; null: nothing.</summary>
    public static JsonObject? Range(int from, int to)
    {
        var range = new JsonObject();
        if (from > 1)
        {
            range["min-ver"] = $"2.{from}";
        }

        if (to < int.MaxValue)
        {
            range["max-ver"] = $"2.{to}";
        }

        return range.Count == 0 ? null : range;
    }

    private static int Number(Group group, int otherwise) => group is { Success: true, Length: > 0 } ? int.Parse(group.Value, NumberStyles.None, CultureInfo.InvariantCulture) : otherwise;

    private static JsonObject Typed(string type) => new() { ["type"] = type };

    private JsonObject ListOf(JsonNode? items, At? at)
    {
        var schema = Typed("array");
        schema["items"] = Schema(items, at);
        return schema;
    }

    private JsonObject Named(string name, At? at)
    {
        var plain = name.TrimEnd('?');
        var schema = at is not null || inlined.Contains(plain) ? Schema(named.TryGetValue(plain, out var shape) ? shape : throw new FormatException($"There is no shape '{plain}'."), at)
            : named.ContainsKey(plain) ? new() { ["$ref"] = $"#/components/schemas/{plain}" }
            : throw new FormatException($"There is no shape '{plain}'.");
        return plain == name ? schema : OrNull(schema);
    }

    private static JsonObject OrNull(JsonObject schema)
    {
        if (schema["type"] is JsonValue type && !schema.ContainsKey("enum"))
        {
            schema["type"] = new JsonArray(type.GetValue<string>(), "null");
            return schema;
        }

        return new() { ["anyOf"] = new JsonArray(schema, Typed("null")) };
    }

    private JsonObject Object(JsonObject shape, At? at)
    {
        var schema = shape switch
        {
            _ when shape.TryGetPropertyValue("$is", out var same) => Schema(same, at),
            _ when shape.TryGetPropertyValue("$list", out var items) => ListOf(items, at),
            _ when shape.TryGetPropertyValue("$map", out var values) => MapOf(values, shape["$keys"], at),
            _ when shape.TryGetPropertyValue("$any", out var several) => AnyOf(several!.AsArray(), shape["$ranges"]?.AsArray(), at),
            _ when shape.TryGetPropertyValue("$enum", out var values) => new() { ["enum"] = values!.DeepClone() },
            _ when shape.TryGetPropertyValue("$schema", out var plain) => plain!.DeepClone().AsObject(),
            _ when shape.TryGetPropertyValue("$open", out var fields) => Fields(fields!.AsObject(), at, closed: false),
            _ => Fields(shape, at, closed: true),
        };
        foreach (var (keyword, value) in shape.Any(p => p.Key[0] == '$' && p.Key != "$with") ? shape.Where(p => p.Key[0] != '$') : [])
        {
            schema[keyword] = value?.DeepClone();
        }

        return schema;
    }

    private JsonObject MapOf(JsonNode? values, JsonNode? keys, At? at)
    {
        var schema = Typed("object");
        if (keys is null)
        {
            schema["additionalProperties"] = Schema(values, at);
            return schema;
        }

        schema["patternProperties"] = new JsonObject { [keys.GetValue<string>()] = Schema(values, at) };
        schema["additionalProperties"] = false;
        return schema;
    }

    private JsonObject AnyOf(JsonArray shapes, JsonArray? ranges, At? at)
    {
        var found = new JsonArray();
        for (var i = 0; i < shapes.Count; i++)
        {
            var key = ranges is null ? null : Key($"x @{ranges[i]!.GetValue<string>()}");
            if (at is not null && key?.Serves(at) == false)
            {
                continue;
            }

            var schema = Schema(shapes[i], at);
            if (at is null && key is not null)
            {
                schema["x-openstack"] = Range(key.From, key.To);
            }

            found.Add((JsonNode)schema);
        }

        return found.Count == 1 ? found[0]!.DeepClone().AsObject() : new() { ["anyOf"] = found };
    }

    private JsonObject Fields(JsonObject shape, At? at, bool closed)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var field in All(shape).GroupBy(f => f.Key.Name))
        {
            var variants = at is null ? field.ToList() : [.. field.Where(f => f.Key.Serves(at))];
            if (variants.Count == 0)
            {
                continue;
            }

            var schemas = variants.ConvertAll(v => Schema(v.Shape, at));
            if (at is null)
            {
                Annotate(variants, schemas);
            }

            properties[field.Key] = schemas.Count == 1 ? schemas[0] : new() { ["anyOf"] = new JsonArray([.. schemas]) };
            if (variants.TrueForAll(v => !v.Key.Optional) && (at is not null || AreAlwaysThere(variants)))
            {
                required.Add(field.Key);
            }
        }

        var schema = Typed("object");
        schema["properties"] = properties;
        if (required.Count > 0)
        {
            schema["required"] = required;
        }

        schema["additionalProperties"] = !closed;
        return schema;
    }

    private IEnumerable<(ShapeKey Key, JsonNode? Shape)> All(JsonObject shape)
    {
        var own = shape.Where(p => p.Key[0] != '$').Select(p => (Key(p.Key), p.Value));
        return shape["$with"] is not { } other ? own : All(named[other.GetValue<string>()].AsObject()).Where(f => !shape.ContainsKey(f.Key.Name)).Concat(own.Where(f => f.Value is not null));
    }

    private static void Annotate(List<(ShapeKey Key, JsonNode? Shape)> variants, List<JsonObject> schemas)
    {
        for (var i = 0; i < variants.Count; i++)
        {
            if (Range(variants[i].Key.From, variants[i].Key.To) is { } range)
            {
                schemas[i]["x-openstack"] = range;
            }

            if (variants[i].Key.Admin)
            {
                schemas[i]["description"] = $"{schemas[i]["description"]} For administrators.".Trim();
            }
        }
    }

    private static bool AreAlwaysThere(List<(ShapeKey Key, JsonNode? Shape)> variants)
    {
        var next = 1;
        foreach (var key in variants.Select(v => v.Key).Where(k => !k.Admin).OrderBy(k => k.From))
        {
            if (key.From > next)
            {
                return false;
            }

            next = key.To == int.MaxValue ? int.MaxValue : key.To + 1;
        }

        return next == int.MaxValue;
    }

    [GeneratedRegex(@"\A(?<name>[^ ]+?)(?<optional>\?)?(?: @(?<from>[0-9]*)-(?<to>[0-9]*))?(?<admin> !admin)?\z", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex KeyPattern();
}

/// <summary>A field or parameter with its microversions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Optional">It may be left out.</param>
/// <param name="From">The first minor version that has it.</param>
/// <param name="To">The last one.</param>
/// <param name="Admin">Only administrators see it.</param>
internal sealed record ShapeKey(string Name, bool Optional, int From, int To, bool Admin)
{
    /// <summary>Whether it is there.</summary>
    public bool Serves(Shapes.At at) => at.Minor >= From && at.Minor <= To && (!Admin || at.Admin);
}
