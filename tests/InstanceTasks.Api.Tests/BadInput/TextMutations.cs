using System.Text;
using System.Text.Json.Nodes;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>Bodies that are no JSON, or no JSON that everybody reads alike.</summary>
internal static class TextMutations
{
    private static readonly byte[][] BadUtf8 =
    [
        [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xf0, 0x80, 0x80, 0xaf], [0x80], [0xbf, 0xbf], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xed, 0xb0, 0x80], [0xed, 0xa0, 0xbd, 0xed, 0xb2, 0xa9],
        [0xf4, 0x90, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe], [0xff], [0xc0, 0x80], [0x00],
    ];

    public static IEnumerable<Mutation> All =>
    [
        Of("cut off", o => o.Raw.WithBody(o.Raw.Body![..o.Random.Next(o.Raw.Body.Length)])),
        Of("a byte changed", o => Changed(o, (bytes, at) => bytes[at] = (byte)o.Random.Next(256))),
        Of("a byte inserted", o => Inserted(o, [(byte)o.Random.Next(256)])),
        Of("a byte removed", o => o.Raw.WithBody([.. o.Raw.Body!.Where((_, i) => i != o.Random.Next(o.Raw.Body!.Length))])),
        Of("a part twice", Doubled),
        Of("more after its end", o => o.Raw.WithBody([.. o.Raw.Body!, .. Encoding.UTF8.GetBytes(o.Pick("x", "{}", ",", "]", "\0", "null", "//", "/**/"))])),
        Of("not strict", o => o.Raw.WithBody(Loose(o, Encoding.UTF8.GetString(o.Raw.Body!)))),
        Of("something else", o => o.Raw.WithBody(o.Pick("", " ", "null", "true", "0", "\"x\"", "[]", "[{}]", "{}", "{", "}", "<xml/>", "a=b&c=d", "\u0000", "\ufeff", "{\"\":null}", "{}{}", "nul", "-", "1e", "\"\\u12\"", "{\"a\":}", "{:1}", "[,]", "\"\\x\""))),
        Of("bad UTF-8", o => Inserted(o, o.Pick(BadUtf8))),
        Of("half a surrogate, or NUL, escaped", o => o.Raw.WithBody(InText(o, o.Pick("\\ud800", "\\udfff", "\\udc00\\ud800", "\\u0000", "a\\u0000b", "\\ud83d")))),
        Of("another encoding", o => o.Raw.WithBody(o.Pick(Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32).GetBytes(Encoding.UTF8.GetString(o.Raw.Body!)))),
        Of("a byte order mark before it", o => o.Raw.WithBody([0xef, 0xbb, 0xbf, .. o.Raw.Body!])),
        Of("a key twice", o => o.Raw.WithBody(KeyTwice(o))),
        Of("too deep", o => o.Raw.WithBody(Deep(o))),
        Of("too large", o => o.Raw.WithBody(Encoding.UTF8.GetString(o.Raw.Body!) + new string(' ', o.Pick(114_688, 120_000, 300_000)))),
        Of("too large, in chunks", o => o.Raw.WithBody(Encoding.UTF8.GetString(o.Raw.Body!) + new string(' ', o.Pick(114_688, 150_000))) with { Chunked = true }),
        Of("in chunks", o => o.Raw with { Chunked = true }),
        new("body as text", "where none belongs", o => o.Raw.WithBody(o.Pick("{}", "null", "{", "{\"server\":{}}", new string('x', 200_000)))),
    ];

    private static Mutation Of(string name, Func<Original, RawRequest> apply) => new("body as text", name, apply) { NeedsBody = true };

    private static RawRequest Changed(Original o, Action<byte[], int> change)
    {
        byte[] bytes = [.. o.Raw.Body!];
        change(bytes, o.Random.Next(bytes.Length));
        return o.Raw.WithBody(bytes);
    }

    private static RawRequest Inserted(Original o, byte[] what)
    {
        var at = o.Random.Next(o.Raw.Body!.Length + 1);
        return o.Raw.WithBody([.. o.Raw.Body[..at], .. what, .. o.Raw.Body[at..]]);
    }

    private static RawRequest Doubled(Original o)
    {
        var (from, to) = (o.Random.Next(o.Raw.Body!.Length), o.Random.Next(o.Raw.Body.Length));
        (from, to) = (Math.Min(from, to), Math.Max(from, to));
        return o.Raw.WithBody([.. o.Raw.Body[..to], .. o.Raw.Body[from..]]);
    }

    private static string Loose(Original o, string json) => o.Random.Next(7) switch
    {
        0 => json.Replace('"', '\''),
        1 => json.Replace("}", ",}", StringComparison.Ordinal),
        2 => "// comment\n" + json,
        3 => json.Replace(":", ":/* c */", StringComparison.Ordinal),
        4 => json.Replace("null", "NaN", StringComparison.Ordinal).Replace("true", "True", StringComparison.Ordinal),
        5 => json.Replace(":\"", ":\"\t\n", StringComparison.Ordinal),
        _ => json.Replace("1", "01", StringComparison.Ordinal),
    };

    /// <summary>Puts an escape into one of the texts, keys among them.</summary>
    private static string InText(Original o, string escape)
    {
        var json = Encoding.UTF8.GetString(o.Raw.Body!);
        var quotes = Enumerable.Range(0, json.Length).Where(i => json[i] == '"').ToList();
        return quotes.Count == 0 ? json : json.Insert(quotes[o.Random.Next(quotes.Count / 2) * 2] + 1, escape);
    }

    private static string KeyTwice(Original o)
    {
        var json = o.Described.Body!.ToJsonString();
        var property = o.Pick([.. TreeMutations.Objects(o.Described.Body).SelectMany(b => b).Select(p => $"{JsonValue.Create(p.Key).ToJsonString()}:{p.Value?.ToJsonString() ?? "null"}")]);
        return json.Replace(property, $"{property},{property}", StringComparison.Ordinal);
    }

    private static string Deep(Original o)
    {
        var depth = o.Pick(60, 64, 65, 70, 1000, 20_000);
        var (open, close) = o.Pick(("[", "]"), ("{\"a\":", "}"));
        depth = open.Length > 1 ? Math.Min(depth, 15_000) : depth;
        var value = string.Concat(Enumerable.Repeat(open, depth)) + "1" + string.Concat(Enumerable.Repeat(close, depth));
        var json = o.Described.Body!.ToJsonString();
        var colon = json.IndexOf(':', StringComparison.Ordinal);
        return o.Random.Next(2) == 0 ? value : $"{json[..(colon + 1)]}{value}}}";
    }
}
