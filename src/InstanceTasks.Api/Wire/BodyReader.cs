using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace InstanceTasks.Api.Wire;

/// <summary>Reads a request's JSON body under the rules of nova-api §1.7.</summary>
internal static class BodyReader
{
    /// <summary>Nova's own limit (<c>max_request_body_size</c>), where the server has none.</summary>
    private const int UsualMaxBytes = 114_688;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    internal sealed record Read(ReadOnlyMemory<byte> Raw, JsonElement Root);

    public static async Task<Read> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var raw = await ReadBytesAsync(request, cancellationToken);
        if (raw.Length == 0)
        {
            throw ApiFault.MalformedBody();
        }

        if (!IsJson(request.ContentType))
        {
            throw new ApiFault(415, "Unsupported Content-Type");
        }

        try
        {
            using var document = JsonDocument.Parse(raw, Strict);
            CheckTexts(document.RootElement);
            return new(raw, document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw ApiFault.MalformedBody();
        }
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType is { } media
        && (string.Equals(media, "application/json", StringComparison.OrdinalIgnoreCase)
            || string.Equals(media, "application/vnd.openstack.compute+json", StringComparison.OrdinalIgnoreCase));

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var most = request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>()?.MaxRequestBodySize ?? UsualMaxBytes;
        var buffer = new ArrayBufferWriter<byte>(4096);
        int read;
        while ((read = await ReadAsync(request, buffer.GetMemory(4096), cancellationToken)) > 0)
        {
            buffer.Advance(read);
            if (buffer.WrittenCount > most)
            {
                throw new ApiFault(413, "Request is too large.");
            }
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static async ValueTask<int> ReadAsync(HttpRequest request, Memory<byte> into, CancellationToken cancellationToken)
    {
        try
        {
            return await request.Body.ReadAsync(into, cancellationToken);
        }
        catch (IOException exception) when (exception is not BadHttpRequestException)
        {
            // A chunk whose size is no number that fits, or a connection that is gone: in neither case is there a body.
            throw ApiFault.BadRequest("The body cannot be read.");
        }
    }

    /// <summary>The parser accepts escapes of half surrogates and fails when they are read: find them here, where it is still a malformed body.</summary>
    private static void CheckTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    CheckText(property.Name);
                    CheckTexts(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    CheckTexts(item);
                }

                break;
            case JsonValueKind.String:
                CheckText(element.GetString()!);
                break;
        }
    }

    // Not every store has it, and no name, key or text that the API knows.
    private static void CheckText(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw ApiFault.BadRequest("The character NUL is not allowed in a body.");
        }
    }
}
