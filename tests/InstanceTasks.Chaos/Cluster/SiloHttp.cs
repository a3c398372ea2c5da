using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>An answer of a silo.</summary>
/// <param name="Status">The status.</param>
/// <param name="Task">The task that it names.</param>
/// <param name="Body">The body; null: there is none that is JSON.</param>
/// <param name="Date">The silo's clock.</param>
internal sealed record SiloAnswer(int Status, Guid? Task, JsonNode? Body, DateTimeOffset? Date);

/// <summary>Sends requests to one silo, each once and with an end to its patience: no answer is an outcome that is not known.</summary>
internal sealed class SiloHttp : IDisposable
{
    private readonly HttpClient _http;

    public SiloHttp(Uri url, Func<CancellationToken, ValueTask<Stream>> connect) => _http = new(new SocketsHttpHandler
    {
        ConnectCallback = (_, cancellationToken) => connect(cancellationToken),
        ConnectTimeout = TimeSpan.FromSeconds(3),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        UseProxy = false,
    })
    {
        BaseAddress = url,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>One request; null: no answer within the patience.</summary>
    public async Task<SiloAnswer?> SendAsync(HttpMethod method, string path, JsonNode? body, string? key, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(patience);
        try
        {
            using var request = RequestOf(method, path, body, key);
            using var answer = await _http.SendAsync(request, late.Token);
            var text = await answer.Content.ReadAsStringAsync(late.Token);
            return new((int)answer.StatusCode, TaskOf(answer), Parse(text), answer.Headers.Date);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>The lines of a stream of events from a place on, until it ends, breaks or is canceled.</summary>
    public async IAsyncEnumerable<string> FollowAsync(string place, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2.1/tasks/events");
        request.Headers.Accept.Add(new("text/event-stream"));
        request.Headers.Add("Last-Event-ID", place);
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"The stream was refused with {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellationToken)}", null, answer.StatusCode);
        }

        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            yield return line;
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage RequestOf(HttpMethod method, string path, JsonNode? body, string? key)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Add("OpenStack-API-Version", "compute 2.37");
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        request.Content = body is null ? null : new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return request;
    }

    private static Guid? TaskOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("OpenStack-Task", out var values) && Guid.TryParse(values.First(), out var task) ? task : null;

    private static JsonNode? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
