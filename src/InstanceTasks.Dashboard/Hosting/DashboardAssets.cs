using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Dashboard.Hosting;

/// <summary>The style sheet and the scripts, from the assembly. Their addresses change with their content, so that they may be kept for ever.</summary>
internal sealed class DashboardAssets
{
    private readonly Dictionary<string, Asset> _assets = new(StringComparer.Ordinal);

    public DashboardAssets()
    {
        foreach (var (name, type) in new[] { ("app.css", "text/css; charset=utf-8"), ("app.js", "text/javascript; charset=utf-8"), ("blazor.web.js", "text/javascript; charset=utf-8"), ("icon.svg", "image/svg+xml") })
        {
            var bytes = Read(name);
            _assets[name] = new(bytes, Compress(bytes), type, Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]);
        }
    }

    /// <summary>Where a page finds it.</summary>
    public string Path(string name) => $"assets/{_assets[name].Version}/{name}";

    public Asset? Find(string name) => _assets.GetValueOrDefault(name);

    private static byte[] Read(string name)
    {
        using var stream = typeof(DashboardAssets).Assembly.GetManifestResourceStream($"assets/{name}") ?? throw new InvalidOperationException($"The assembly lacks its {name}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var brotli = new BrotliStream(output, CompressionLevel.Optimal))
        {
            brotli.Write(bytes);
        }

        return output.ToArray();
    }
}

/// <summary>A file of the dashboard.</summary>
internal sealed record Asset(byte[] Bytes, byte[] Compressed, string Type, string Version);

/// <summary>Serves the files.</summary>
internal static class AssetEndpoints
{
    public static void MapAssets(this IEndpointRouteBuilder endpoints) => endpoints.MapGet("assets/{version}/{name}", WriteAsync);

    private static async Task WriteAsync(HttpContext http)
    {
        var asset = http.RequestServices.GetRequiredService<DashboardAssets>().Find((string)http.Request.RouteValues["name"]!);
        if (asset is null)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        // A page of another release may ask for what this one does not have: that answer must not be kept.
        var isThat = (string)http.Request.RouteValues["version"]! == asset.Version;
        http.Response.Headers.CacheControl = isThat ? "public, max-age=31536000, immutable" : "no-store";
        http.Response.Headers.Vary = "Accept-Encoding";
        http.Response.ContentType = asset.Type;
        var compressed = http.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.OrdinalIgnoreCase);
        if (compressed)
        {
            http.Response.Headers.ContentEncoding = "br";
        }

        var bytes = compressed ? asset.Compressed : asset.Bytes;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }
}
