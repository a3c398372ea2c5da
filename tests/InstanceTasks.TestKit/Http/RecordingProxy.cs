using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.TestKit;

/// <summary>Stands between a client and the API, passes everything on as it is, and keeps each exchange as a line of JSON in a file.</summary>
public sealed class RecordingProxy : IAsyncDisposable
{
    private static readonly string[] OfOneHop = ["Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Content-Length"];

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false });
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Uri _target;
    private readonly StreamWriter _file;
    private WebApplication? _app;

    private RecordingProxy(Uri target, string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        (_target, Path, _file) = (target, path, new StreamWriter(path, append: false) { AutoFlush = true });
    }

    /// <summary>Where the exchanges are kept.</summary>
    public string Path { get; }

    /// <summary>Where clients reach it.</summary>
    public Uri Url => new(_app!.Urls.First());

    /// <summary>Starts one.</summary>
    /// <param name="target">The API.</param>
    /// <param name="path">The file; one that is there is replaced.</param>
    public static async Task<RecordingProxy> StartAsync(Uri target, string path)
    {
        var proxy = new RecordingProxy(target, path);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        proxy._app = builder.Build();
        proxy._app.Run(proxy.PassAsync);
        await proxy._app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.DisposeAsync();
        _client.Dispose();
        await _file.DisposeAsync();
        _writing.Dispose();
    }

    private async Task PassAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body, Encoding.UTF8);
        var request = await reader.ReadToEndAsync(http.RequestAborted);
        var path = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        using var message = MessageOf(http.Request, new Uri(_target, path), request);
        using var answer = await _client.SendAsync(message, http.RequestAborted);
        var body = await answer.Content.ReadAsStringAsync(http.RequestAborted);
        var headers = answer.Headers.Concat(answer.Content.Headers).ToDictionary(h => h.Key, h => h.Value.ToArray());
        await KeepAsync(new()
        {
            ["method"] = http.Request.Method,
            ["path"] = path,
            ["asked"] = http.Request.Headers.Keys.Any(k => k.EndsWith("-API-Version", StringComparison.OrdinalIgnoreCase)),
            ["request"] = request.Length == 0 ? null : JsonNode.Parse(request),
            ["status"] = (int)answer.StatusCode,
            ["headers"] = new JsonObject(headers.Select(h => KeyValuePair.Create(h.Key.ToLowerInvariant(), (JsonNode?)string.Join(", ", h.Value)))),
            ["body"] = body,
        });
        await AnswerAsync(http.Response, (int)answer.StatusCode, headers, body);
    }

    private static HttpRequestMessage MessageOf(HttpRequest request, Uri target, string body)
    {
        var message = new HttpRequestMessage(new(request.Method), target);
        if (body.Length > 0)
        {
            message.Content = new StringContent(body, Encoding.UTF8);
            message.Content.Headers.Clear();
        }

        // With the client's own Host, so that links lead back here.
        foreach (var (name, values) in request.Headers.Where(h => !OfOneHop.Contains(h.Key, StringComparer.OrdinalIgnoreCase)))
        {
            if (!message.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        return message;
    }

    private static async Task AnswerAsync(HttpResponse response, int status, Dictionary<string, string[]> headers, string body)
    {
        response.StatusCode = status;
        foreach (var (name, values) in headers.Where(h => !OfOneHop.Contains(h.Key, StringComparer.OrdinalIgnoreCase)))
        {
            response.Headers[name] = values;
        }

        if (status != 204)
        {
            var bytes = Encoding.UTF8.GetBytes(body);
            response.ContentLength = bytes.Length;
            await response.Body.WriteAsync(bytes);
        }
    }

    private async Task KeepAsync(JsonObject exchange)
    {
        await _writing.WaitAsync();
        try
        {
            await _file.WriteLineAsync(exchange.ToJsonString(JsonSerializerOptions.Default));
        }
        finally
        {
            _writing.Release();
        }
    }
}
