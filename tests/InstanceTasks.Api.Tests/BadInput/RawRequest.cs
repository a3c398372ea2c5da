using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.OpenApi;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>A request byte by byte, as no client library would send it.</summary>
internal sealed record RawRequest
{
    public required string Method { get; init; }

    /// <summary>Path and query, as they stand in the first line; each character is a byte.</summary>
    public required string Target { get; init; }

    public string Version { get; init; } = "HTTP/1.1";

    /// <summary>Name and value; each character is a byte. A name that is null: the value is the whole line.</summary>
    public List<(string? Name, string Value)> Headers { get; init; } = [];

    /// <summary>The body; null: none.</summary>
    public byte[]? Body { get; init; }

    /// <summary>The body in chunks, without a length.</summary>
    public bool Chunked { get; init; }

    /// <summary>What is sent is not all that was announced: the other side may only wait, or leave.</summary>
    public bool IsCutShort { get; init; }

    public static RawRequest Of(DescribedRequest request, string token) => new()
    {
        Method = request.Method,
        Target = request.Path,
        Headers = [("Host", "127.0.0.1"), ("X-Auth-Token", token), ("OpenStack-API-Version", $"compute 2.{request.Minor}"), ("Content-Type", "application/json")],
        Body = request.Body is null ? null : Encoding.UTF8.GetBytes(request.Body.ToJsonString()),
    };

    public RawRequest With(string name, string value) => this with { Headers = [.. Headers.Where(h => !string.Equals(h.Name, name, StringComparison.OrdinalIgnoreCase)), (name, value)] };

    public RawRequest And(string? name, string value) => this with { Headers = [.. Headers, (name, value)] };

    public RawRequest Without(string name) => this with { Headers = [.. Headers.Where(h => !string.Equals(h.Name, name, StringComparison.OrdinalIgnoreCase))] };

    public RawRequest WithBody(byte[] body) => this with { Body = body };

    public RawRequest WithBody(string body) => WithBody(Encoding.UTF8.GetBytes(body));

    public RawRequest WithBody(JsonNode? body) => WithBody(body?.ToJsonString() ?? "null");

    public byte[] ToBytes()
    {
        var head = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Method} {Target} {Version}\r\n");
        foreach (var (name, value) in Headers)
        {
            head.Append(name is null ? value : $"{name}: {value}").Append("\r\n");
        }

        var (framing, body) = Framed();
        return [.. Encoding.Latin1.GetBytes(head.Append(framing).Append("\r\n").ToString()), .. body];
    }

    /// <summary>A bit of it, for people.</summary>
    public override string ToString()
    {
        var text = Encoding.Latin1.GetString(ToBytes());
        var shown = new StringBuilder();
        foreach (var c in text.Length > 1500 ? text[..1500] : text)
        {
            shown.Append(c is '\n' or (>= ' ' and < '\x7f') ? c : c == '\r' ? "" : $"\\x{(int)c:x2}");
        }

        return text.Length > 1500 ? $"{shown}… ({text.Length} bytes)" : shown.ToString();
    }

    private (string Framing, byte[] Body) Framed() => Body switch
    {
        null => Headers.Exists(h => string.Equals(h.Name, "Content-Length", StringComparison.OrdinalIgnoreCase)) || Method is "GET" or "HEAD" ? ("", []) : ("Content-Length: 0\r\n", []),
        _ when Chunked => ("Transfer-Encoding: chunked\r\n", [.. Encoding.ASCII.GetBytes($"{Body.Length:x}\r\n"), .. Body, .. "\r\n0\r\n\r\n"u8]),
        _ when Headers.Exists(h => h.Name is "Content-Length" or "Transfer-Encoding") => ("", Body),
        _ => ($"Content-Length: {Body.Length}\r\n", Body),
    };
}
