namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>Headers that say what they should not, or are none.</summary>
internal static class HeaderMutations
{
    private static readonly string[] Microversions =
    [
        "compute 2.0", "compute 2.97", "compute 2.999", "compute 999.1", "compute 1.1", "compute 3.0", "compute 2.01", "compute 2.", "compute .1", "compute 2", "compute 2.1.1", "compute -2.1", "compute 2.-1", "compute 2.1e1", "compute 2,1", "compute two",
        "compute  2.1", "COMPUTE 2.1", "compute latest", "compute LATEST", "compute latest latest", "compute", "2.1", "volume 3.1", "volume 3.1, compute 2.96", "compute 2.1, compute 2.96", ",", "compute 2.99999999999999999999", "compute \u00c2\u00b2.1", "compute 2.1;q=1", "",
    ];

    private static readonly string[] MediaTypes =
    [
        "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/json; charset=\"", "application/json;", "application/json, text/plain", "APPLICATION/JSON",
        "application/vnd.openstack.compute+json", "application/json5", "json", "/", ";", "*/*", "\u00c3\u00a4/\u00c3\u00b6", "",
    ];

    private static readonly string[] Deadlines = ["-1", "0", "1e9", "1e400", "NaN", "Infinity", "99999999999999999999999999", "0.0000000001", "yesterday", "2020-01-01", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "3600s", "1,5", " ", "60"];

    private static readonly string[] NoLines = ["no colon", ": no name", " folded", "a b: c", "a\u0001: b", "\u00e4: b", "a: b\u0000c", "a:b:c", "Content-Length : 5", "X\t: y"];

    public static IEnumerable<Mutation> All =>
    [
        Of("a bad microversion", o => o.Raw.With("OpenStack-API-Version", o.Pick(Microversions))),
        Of("a bad microversion under the old name", o => o.Raw.Without("OpenStack-API-Version").With("X-OpenStack-Nova-API-Version", o.Pick(Microversions).Replace("compute ", "", StringComparison.Ordinal))),
        Of("two microversions", o => o.Raw.And("OpenStack-API-Version", o.Pick(Microversions)).And("X-OpenStack-Nova-API-Version", "2.1")),
        Of("another media type", o => o.Random.Next(8) == 0 ? o.Raw.Without("Content-Type") : o.Raw.With("Content-Type", o.Pick(MediaTypes))) with { NeedsBody = true },
        Of("a bad idempotency key", o => o.Raw.With("Idempotency-Key", Visible(o))),
        Of("the same idempotency key as others", o => o.Raw.With("Idempotency-Key", o.Pick("k1", "k2"))),
        Of("a bad deadline", o => o.Raw.With("Task-Deadline", o.Pick([.. Deadlines, Visible(o)]))),
        Of("a bad priority", o => o.Raw.With("Task-Priority", o.Pick("10", "-1", "9", "urgent", "HIGH", "1.0", "", "\u00d9\u00a3", Visible(o)))),
        Of("a bad wish when busy", o => o.Raw.With("When-Busy", o.Pick("queue", "QUEUE", "wait", "queue, queue", Visible(o)))),
        Of("a bad token", o => o.Raw.With("X-Auth-Token", o.Pick("", "x", "null", new string('t', 3000), $"{TokenOf(o)}x", $"x{TokenOf(o)}", Visible(o)))),
        Of("no token", o => o.Raw.Without("X-Auth-Token").And("Authorization", o.Pick("Basic", "Basic !!!", "Basic Og==", "Bearer x", Visible(o)))),
        Of("a bad subject token", o => o.Raw.With("X-Subject-Token", Visible(o))),
        Of("a bad request id", o => o.Raw.With("X-Openstack-Request-Id", Visible(o))),
        Of("a nasty proxy", o => o.Raw.With(o.Pick("X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Forwarded-For"), o.Pick("javascript", "a b", "evil.example", "[", "http://x/", "://", ",", "..", "%00", "\u00c3\u00a4", "x\"y", Visible(o)))),
        Of("what others understand", o => o.Raw.With(o.Pick("Accept", "Accept-Encoding", "Accept-Language", "Range", "If-Match", "If-None-Match", "If-Modified-Since", "Origin", "Cookie", "Upgrade", "X-HTTP-Method-Override", "X-Original-URL"), o.Pick("*", "text/html", "bytes=0-0,5-", "h2c", "websocket", "DELETE", "/v2.1/servers", "gzip;q=x", Visible(o)))),
        Of("an expectation", o => o.Raw.With("Expect", o.Pick("100-continue", "100-Continue", "200-ok", ""))),
        No("a bad host", o => o.Raw.With("Host", o.Pick("", "a b", "a/b", "[::1", "x:y", "x:99999", "-", "\u00e4", "127.0.0.1:80:80", "a@b", "evil.example"))),
        No("no host, or two", o => o.Random.Next(2) == 0 ? o.Raw.Without("Host") : o.Raw.And("Host", "evil.example")),
        No("bytes that are no text", o => o.Raw.With(o.Pick("Idempotency-Key", "X-Auth-Token", "Task-Deadline", "When-Busy", "OpenStack-API-Version"), o.Pick("\u00c0\u00af", "\u00ff", "a\u0080b", "\u00ed\u00a0\u0080", "a\u0000b", "a\u0007b", "a\rb", "a\u007fb"))),
        No("no header", o => o.Raw.And(null, o.Pick(NoLines))),
        No("a bad length", o => o.Raw.With("Content-Length", o.Pick("-1", "+1", "x", "1, 1", "0x1", "99999999999999999999", "1 1", "", "1.0"))) with { NeedsBody = true },
        No("two lengths", o => o.Raw.And("Content-Length", "1").And("Content-Length", "2")) with { NeedsBody = true },
        No("a length and chunks", o => (o.Raw with { Chunked = true }).And("Content-Length", $"{o.Pick(0, 1, o.Raw.Body!.Length)}")) with { NeedsBody = true },
        No("another transfer encoding", o => o.Raw.With("Transfer-Encoding", o.Pick("identity", "chunked, identity", "gzip, chunked", "xchunked", "chunked;x=y", ""))) with { NeedsBody = true },
        No("bad chunks", o => o.Raw.With("Transfer-Encoding", "chunked").WithBody(o.Pick("zz\r\n{}\r\n0\r\n\r\n", "-1\r\n{}\r\n0\r\n\r\n", "ffffffffffffffff\r\n{}", "2\r\n{}x\r\n0\r\n\r\n", "2;a=b\r\n{}\r\n0\r\n\r\n", "\r\n\r\n", "0\r\nX: y\r\n\r\n")) with { IsCutShort = true }) with { NeedsBody = true },
        No("less than announced", o => o.Raw.With("Content-Length", $"{o.Raw.Body!.Length + o.Pick(1, 1000)}") with { IsCutShort = true }) with { NeedsBody = true },
        No("more than announced", o => o.Raw.With("Content-Length", $"{o.Random.Next(o.Raw.Body!.Length)}")) with { NeedsBody = true },
        No("too many", o => Enumerable.Range(0, o.Pick(95, 101, 500)).Aggregate(o.Raw, (r, i) => r.And($"X-H{i}", "v"))),
        No("too long", o => o.Raw.With(o.Pick("X-Long", "Idempotency-Key", "X-Auth-Token", "OpenStack-API-Version", "Content-Type"), new string('h', o.Pick(8_000, 33_000, 70_000)))),
        No("another version of HTTP", o => o.Raw with { Version = o.Pick("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.1 ", "HTTP/1.10", "HTTP", "") }),
    ];

    private static Mutation Of(string name, Func<Original, RawRequest> apply) => new("headers", name, apply);

    private static Mutation No(string name, Func<Original, RawRequest> apply) => new("headers", name, apply) { MayBeNoHttp = true };

    private static string TokenOf(Original o) => o.Raw.Headers.Find(h => h.Name == "X-Auth-Token").Value ?? "none";

    /// <summary>A nasty text as a header can have it: no control characters; what is not ASCII as the bytes of UTF-8.</summary>
    private static string Visible(Original o)
    {
        var text = Nasty.Text(o.Random);
        return string.Concat(System.Text.Encoding.UTF8.GetBytes(text.Length > 2000 ? text[..2000] : text).Where(b => b is >= 0x20 and not 0x7f).Select(b => (char)b)).Trim(' ');
    }
}
