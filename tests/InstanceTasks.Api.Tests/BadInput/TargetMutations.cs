using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>Methods, paths and queries that nobody should send.</summary>
internal static class TargetMutations
{
    private static readonly string[] Segments =
    [
        "..", ".", "%2e%2e", "%2E%2e%2f", "..%2f..%2fetc%2fpasswd", "%252e%252e", "%252F", "%2F", "a%2Fb", "%5c", "..%5c", "a;b=c", ";", "%3b", "%3f", "%23", "%20", "+", "%25", "%25%32%66", "%zz", "%", "%1", "%u0000", "%0a", "%0d%0aX:%20y", $"a%0a{Nasty.ForgedLine}", "%09", "%7f", "%08",
        "%c0%af", "%e0%80%af", "%ed%a0%80", "%ff", "%80", "%ef%bb%bf", "%F0%9F%92%A9", "%e2%80%ae", "'", "%27%20OR%201=1--", "\"", "<>", "{}", "|", "^", "`", "~", "@", ":", "$", "!", "*", "(", "[", "0", "-1", "99999999999999999999", "None", "null", "detail", "action",
        "00000000-0000-0000-0000-000000000000", "%7B00000000-0000-4000-8000-000000000001%7D", "00000000000040008000000000000001", "00000000-0000-4000-8000-000000000001%20",
    ];

    private static readonly string[] Methods = ["HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get", "Post", "GETX", "X", "PUT", "DELETE", "POST", "GET", "LINK", "MERGE", "__"];

    public static IEnumerable<Mutation> All =>
    [
        new("method", "another method", o => o.Raw with { Method = o.Pick(Methods) }),
        No("method", "no method", o => o.Raw with { Method = o.Pick("", "G T", "GET\t", "G\u0000T", "CONNECT", "PRI", new string('M', 200), "GET:", "(", "\u00c4") }),
        new("path", "a nasty segment", o => o.Raw with { Target = Segment(o, o.Pick(Segments)) }),
        new("path", "a nasty text", o => o.Raw with { Target = Segment(o, Escaped(Nasty.Text(o.Random)).Replace("%00", "", StringComparison.Ordinal)) }),
        new("path", "a long segment", o => o.Raw with { Target = Segment(o, new string('s', o.Pick(256, 1000, 7000))) }),
        new("path", "a segment more, or less", MoreOrLess),
        new("path", "of another project", o => o.Raw with { Target = o.Raw.Target.Replace("/v2.1/", $"/v2.1/{o.Pick("other-project", "demo-project", "..", "%2e", "a_b", "servers", new string('p', 300))}/", StringComparison.Ordinal) }),
        new("path", "of another version", o => o.Raw with { Target = o.Raw.Target.Replace("/v2.1/", o.Pick("/v2/", "/v2.0/", "/V2.1/", "/v2.1//", "//v2.1/", "/v3/", "/", "/v2.1/v2.1/"), StringComparison.Ordinal) }),
        No("path", "no path", o => o.Raw with { Target = o.Pick("", "*", "v2.1/servers", "http://evil.example/v2.1/servers", "http://", "//", "/\\", "/%00", "/v2.1/servers/%00", "/v2.1/servers/a\u0000b", "/v2.1/ servers", "/v2.1/\u00e4", "/v2.1/servers#x", "?", "/?%00", "/v2.1\r\n") }),
        No("path", "too long", o => o.Raw with { Target = $"{o.Raw.Target}/{new string('p', o.Pick(8_100, 9_000, 40_000))}" }),
        new("query", "a nasty value", o => Query(o, $"{NameOf(o)}={Escaped(Nasty.Text(o.Random))}")),
        new("query", "a value that is not escaped well", o => Query(o, $"{NameOf(o)}={o.Pick("%", "%z", "%ff", "%c0%af", "%ed%a0%80", "%u1234", "%00", "a%00b", "+%2B", "&", "=", "a=b=c", ";", "%0a", "%26")}")),
        new("query", "a name that nobody knows", o => Query(o, $"{o.Pick("unknown", "_x", "", "%00", "a%00", "limit[]", "limit.x", "LIMIT", "%ff", "%F0%9F%92%A9", "__proto__", new string('n', 1000))}={o.Pick("1", "", "x")}")),
        new("query", "a parameter several times", o => Query(o, string.Join('&', Enumerable.Range(0, o.Pick(2, 3, 50)).Select(_ => $"{NameOf(o)}={Escaped(Short(o))}")))),
        new("query", "very many", o => Query(o, string.Join('&', Enumerable.Range(0, o.Pick(300, 600)).Select(i => $"p{i}")))),
        new("query", "very many values", o => Query(o, $"{NameOf(o)}={Many(o, ",")}")),
        new("query", "very many orders", o => Query(o, $"{string.Join('&', Enumerable.Range(0, o.Pick(25, 300)).Select(_ => $"sort_key={o.Pick("uuid", "created_at", "vm_state", "hostname")}"))}&marker={Path(o)}")),
        new("query", "bad limits and markers", o => Query(o, $"limit={o.Pick("-1", "0", "1001", "99999999999999999999", "1.5", "x", "", "%201", "1e3", "%D9%A3")}&marker={o.Pick("x", "", "00000000-0000-4000-8000-000000000001", "0", "%00", Escaped(Short(o)))}")),
        new("query", "bad times", o => Query(o, $"{o.Pick("changes-since", "changes-before", "start", "end", "created_at")}={Escaped(o.Pick("2026-13-01", "2026-02-30T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59.9999999-14:00", "0001-01-01T00:00:00+14:00", "1", "now", "", "2026-01-01T00:00:00Z", "20260101", "2026-01-01T24:00:00", "10000-01-01"))}")),
        new("query", "bad orders", o => Query(o, $"sort_key={Escaped(o.Pick("created_at", "uuid; DROP TABLE tasks", "created_at--", "", "(select 1)", "locked", "host", "vm_state", "x"))}&sort_dir={o.Pick("asc", "desc", "up", "", "asc,desc", "asc;--")}&sort_dir={o.Pick("asc", "desc")}")),
        new("query", "a dry run", o => Query(o, $"dry_run={o.Pick("true", "1", "maybe", "", "false", "TRUE", "%00", "2")}")),
        new("query", "patterns that take long", o => Query(o, $"name={Escaped(o.Pick("(a+)+$", "(.*)*x", "(?<a>x)", "[", "(", "\\", "a{1000}{1000}", "(?:(?:a*)*)*b", new string('(', 500), "^.{0,60000}$"))}")),
    ];

    private static Mutation No(string family, string name, Func<Original, RawRequest> apply) => new(family, name, apply) { MayBeNoHttp = true };

    private static string Segment(Original o, string segment)
    {
        var path = o.Raw.Target.Split('/');
        var places = Enumerable.Range(0, o.Described.Doc.Call.Split(' ')[1].Split('/').Length).Select(i => path.Length - 1 - i).Where(i => i > 0).ToList();
        path[o.Pick(places)] = segment;
        return string.Join('/', path);
    }

    private static RawRequest MoreOrLess(Original o) => o.Raw with
    {
        Target = o.Random.Next(5) switch
        {
            0 => o.Raw.Target + "/",
            1 => $"{o.Raw.Target}/{o.Pick(Segments)}",
            2 => o.Raw.Target[..Math.Max(1, o.Raw.Target.LastIndexOf('/'))],
            3 => o.Raw.Target.Replace("/", "//", StringComparison.Ordinal),
            _ => $"{o.Raw.Target}/..",
        },
    };

    private static RawRequest Query(Original o, string query) => o.Raw with { Target = $"{o.Raw.Target}{(o.Raw.Target.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{query}" };

    /// <summary>A parameter that the call knows, if it knows any.</summary>
    private static string NameOf(Original o)
    {
        var known = o.Described.Doc.Query.Select(q => Shapes.Key(q.Key)).Where(k => k.Serves(new(ApiVersion.Max.Minor, Admin: true))).Select(k => k.Name).ToList();
        return known.Count == 0 || o.Random.Next(10) == 0 ? o.Pick("limit", "marker", "name", "user_id", "all_tenants", "dry_run") : o.Pick(known);
    }

    // The first line of a request is refused from 8 KiB on.
    private static string Escaped(string text) => Uri.EscapeDataString(text.Length > 600 ? text[..(char.IsHighSurrogate(text[599]) ? 599 : 600)] : text);

    private static string Many(Original o, string separator) => string.Join(separator, Enumerable.Range(0, o.Pick(51, 1500)).Select(i => o.Random.Next(2) == 0 ? "failed" : $"{i}").Take(900));

    /// <summary>An id that may be there.</summary>
    private static string Path(Original o) => o.Raw.Target.Split('/').FirstOrDefault(s => Guid.TryParse(s, out _)) ?? "00000000-0000-4000-8000-000000000001";

    private static string Short(Original o) => Nasty.Pick(o.Random, Nasty.Texts);
}
