using System.Text.Json.Nodes;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>Bodies that are JSON, and not what the document declares.</summary>
internal static class TreeMutations
{
    private const string Marker = "\"@@@\"";

    public static IEnumerable<Mutation> All =>
    [
        Of("a value of another type", o => Replaced(o, _ => true, o.Pick(Nasty.Values))),
        Of("a nasty text", o => Replaced(o, n => n is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.String, JsonValue.Create(Nasty.Text(o.Random)).ToJsonString())),
        Of("a number out of range", o => Replaced(o, n => n is JsonValue v && v.GetValueKind() == System.Text.Json.JsonValueKind.Number, o.Pick("-1", "0", "-2147483649", "2147483648", "9223372036854775808", "1e400", "1.5", "1e-400", "99999999999999999999999999999"))),
        Of("a key missing", o => OnCopy(o, b => Change(o, b, found => found.Remove(o.Pick([.. found.Select(p => p.Key)]))))),
        Of("a key too much", o => OnCopy(o, b => Change(o, b, found => found.TryAdd(o.Pick("unknown", "__proto__", "id", "constructor", "", " ", "a.b", "server", "task", "\u0000", "\ud83d\udca9", new string('k', 300)), JsonNode.Parse(o.Pick("1", "null", "{}")))))),
        Of("a key of another case", o => OnCopy(o, b => Change(o, b, found => Renamed(found, o.Pick([.. found.Select(p => p.Key)]), k => o.Random.Next(2) == 0 ? k.ToUpperInvariant() : k + " ")))),
        Of("too many keys", o => OnCopy(o, b => Change(o, b, found => Enumerable.Range(0, o.Pick(130, 300, 3000)).ToList().ForEach(i => found.TryAdd($"k{i}", "v"))))),
        Of("too many items", o => Replaced(o, _ => true, $"[{string.Join(',', Enumerable.Range(0, o.Pick(51, 1001, 5000)).Select(i => o.Described.Body!.ToJsonString().Length > 400 ? "\"x\"" : $"\"x{i}\""))}]")),
        Of("the body of another call", o => o.Raw.WithBody(o.Other.Body)),
        Of("two bodies in one", o => OnCopy(o, b => Merge(b, o.Other.Body))),
        Of("of another microversion", o => o.Raw.With("OpenStack-API-Version", $"compute 2.{o.Random.Next(1, 97)}")),
    ];

    /// <summary>All objects in a body, and itself.</summary>
    public static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject found => [found, .. found.SelectMany(p => Objects(p.Value))],
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static Mutation Of(string name, Func<Original, RawRequest> apply) => new("body as JSON", name, apply) { NeedsBody = true };

    private static RawRequest OnCopy(Original o, Action<JsonNode> change)
    {
        var copy = o.Described.Body!.DeepClone();
        change(copy);
        return o.Raw.WithBody(copy);
    }

    private static void Change(Original o, JsonNode body, Action<JsonObject> change)
    {
        if (Objects(body).Where(b => b.Count > 0).ToList() is { Count: > 0 } objects)
        {
            change(o.Pick(objects));
        }
    }

    private static void Renamed(JsonObject found, string key, Func<string, string> rename)
    {
        found.Remove(key, out var value);
        found[rename(key)] = value;
    }

    private static void Merge(JsonNode body, JsonNode? other)
    {
        foreach (var (key, value) in other as JsonObject ?? [])
        {
            body.AsObject().TryAdd(key, value?.DeepClone());
        }
    }

    /// <summary>Puts the text of another value in the place of one of those that fit.</summary>
    private static RawRequest Replaced(Original o, Func<JsonNode?, bool> fits, string json)
    {
        var copy = o.Described.Body!.DeepClone();
        var places = Objects(copy).SelectMany(b => b.Where(p => fits(p.Value)).Select(p => (Object: b, p.Key))).ToList();
        if (places.Count == 0)
        {
            return o.Raw.WithBody(json);
        }

        var (place, key) = o.Pick(places);
        place[key] = "@@@";
        return o.Raw.WithBody(copy.ToJsonString().Replace(Marker, json, StringComparison.Ordinal));
    }
}
