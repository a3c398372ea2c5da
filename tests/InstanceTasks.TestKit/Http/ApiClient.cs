using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit;

/// <summary>A thin client of the compute and the Tasks API: says on the wire exactly what a test writes.</summary>
public sealed class ApiClient : IDisposable
{
    private static readonly string[] Terminal = [.. TaskStateNames.Terminal, "needs_attention"];
    private readonly HttpClient _http;

    /// <param name="url">The API's root.</param>
    /// <param name="connect">How it is reached; null: by its address.</param>
    public ApiClient(Uri url, Func<CancellationToken, ValueTask<Stream>>? connect = null)
    {
        // One pool per client: connections to a killed process must not survive into the next one's tests.
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
            ConnectCallback = connect is null ? null : (_, cancellationToken) => connect(cancellationToken),
        })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(100),
        };
    }

    /// <summary>The API's root.</summary>
    public Uri Url => _http.BaseAddress!;

    /// <summary>The status of a GET.</summary>
    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        return answer.StatusCode;
    }

    /// <summary>One request, whatever its answer.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path with its query.</param>
    /// <param name="body">The JSON body, or null.</param>
    /// <param name="microversion"><c>2.93</c>, or null for none.</param>
    /// <param name="headers">Further headers.</param>
    /// <exception cref="HttpRequestException">There was no answer: what became of it is not known.</exception>
    public async Task<ApiAnswer> SendAsync(
        HttpMethod method,
        string path,
        JsonNode? body = null,
        string? microversion = null,
        IReadOnlyDictionary<string, string>? headers = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        }

        if (microversion is not null)
        {
            request.Headers.Add("OpenStack-API-Version", $"compute {microversion}");
            request.Headers.Add("X-OpenStack-Nova-API-Version", microversion);
        }

        foreach (var (name, value) in headers ?? new Dictionary<string, string>())
        {
            request.Headers.Add(name, value);
        }

        using var answer = await _http.SendAsync(request);
        return await ReadAsync($"{method} {path}", answer);
    }

    /// <summary>GET, which must answer 200.</summary>
    public async Task<JsonNode> GetAsync(string path, string? microversion = null) =>
        (await SendAsync(HttpMethod.Get, path, microversion: microversion)).Expect(HttpStatusCode.OK).Json;

    /// <summary>
    /// A request that is repeated until it is answered, also over restarts of the silo: nothing but the idempotency key makes the repeats safe.
    /// </summary>
    public async Task<ApiAnswer> SendUntilAnsweredAsync(HttpMethod method, string path, JsonNode? body, string? microversion, string key, TimeSpan deadline)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await TrySendAsync(method, path, body, microversion, key);
            if (answer is not null && answer.Status != HttpStatusCode.ServiceUnavailable)
            {
                return answer;
            }

            if (watch.Elapsed > deadline)
            {
                throw new TimeoutException($"No answer to {method} {path} within {deadline.TotalSeconds:0} s; the last was {answer}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }
    }

    /// <summary>POST /servers with the smallest body.</summary>
    public Task<ApiAnswer> CreateServerAsync(string name, string flavor, string image, string microversion = "2.37") =>
        SendAsync(HttpMethod.Post, "/v2.1/servers", CreateBody(name, flavor, image), microversion);

    /// <summary>The smallest body of POST /servers from 2.37 on.</summary>
    public static JsonNode CreateBody(string name, string flavor, string image) =>
        new JsonObject
        {
            ["server"] = new JsonObject { ["name"] = name, ["flavorRef"] = flavor, ["imageRef"] = image, ["networks"] = "none" },
        };

    /// <summary>POST /servers/{id}/action.</summary>
    public Task<ApiAnswer> ActionAsync(Guid server, JsonNode body, string? microversion = null) =>
        SendAsync(HttpMethod.Post, $"/v2.1/servers/{server}/action", body, microversion);

    /// <summary>DELETE /servers/{id}.</summary>
    public Task<ApiAnswer> DeleteServerAsync(Guid server) => SendAsync(HttpMethod.Delete, $"/v2.1/servers/{server}");

    /// <summary>GET /servers/{id}.</summary>
    public async Task<JsonNode> GetServerAsync(Guid server, string? microversion = null) =>
        (await GetAsync($"/v2.1/servers/{server}", microversion))["server"]!;

    /// <summary>GET /v2.1/tasks/{id}.</summary>
    public async Task<JsonNode> GetTaskAsync(Guid task) => (await GetAsync($"/v2.1/tasks/{task}"))["task"]!;

    /// <summary>The id of the only built-in image.</summary>
    public async Task<string> ReadImageAsync() => (await GetAsync("/v2.1/images"))["images"]![0]!["id"]!.GetValue<string>();

    /// <summary>Waits, by <c>?wait=</c>, until a task has ended or needs attention.</summary>
    public async Task<JsonNode> WaitForTaskAsync(Guid task, TimeSpan? deadline = null)
    {
        var limit = deadline ?? TimeSpan.FromSeconds(60);
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var left = Math.Clamp((int)(limit - watch.Elapsed).TotalSeconds, 1, 30);
            var found = (await GetAsync($"/v2.1/tasks/{task}?wait={left}"))["task"]!;
            if (Terminal.Contains(found["state"]!.GetValue<string>()))
            {
                return found;
            }

            if (watch.Elapsed > limit)
            {
                throw new TimeoutException($"Task {task} has not ended within {limit.TotalSeconds:0} s: {found.ToJsonString()}");
            }
        }
    }

    /// <summary>Waits for a task, which must succeed.</summary>
    public async Task<JsonNode> SucceedAsync(ApiAnswer accepted, TimeSpan? deadline = null)
    {
        if (accepted.Task is not { } id || !accepted.IsSuccess)
        {
            throw new InvalidOperationException($"Not accepted as a task: {accepted}");
        }

        var task = await WaitForTaskAsync(id, deadline);
        return task["state"]!.GetValue<string>() == "succeeded" ? task : throw new InvalidOperationException($"The task did not succeed: {task.ToJsonString()}");
    }

    /// <summary>Creates a server and waits until it is there.</summary>
    public async Task<Guid> CreateAndWaitAsync(string name, string flavor = "1")
    {
        var answer = (await CreateServerAsync(name, flavor, await ReadImageAsync())).Expect(HttpStatusCode.Accepted);
        await SucceedAsync(answer);
        return Guid.Parse(answer.Json["server"]!["id"]!.GetValue<string>());
    }

    public void Dispose() => _http.Dispose();

    private static async Task<ApiAnswer> ReadAsync(string request, HttpResponseMessage answer)
    {
        var headers = answer.Headers.Concat(answer.Content.Headers)
            .ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(", ", h.Value), StringComparer.Ordinal);
        return new ApiAnswer(request, answer.StatusCode, await answer.Content.ReadAsStringAsync(), headers);
    }

    private async Task<ApiAnswer?> TrySendAsync(HttpMethod method, string path, JsonNode? body, string? microversion, string key)
    {
        try
        {
            return await SendAsync(method, path, body, microversion, new Dictionary<string, string> { ["Idempotency-Key"] = key });
        }
        catch (HttpRequestException)
        {
            return null;
        }
        catch (TaskCanceledException)
        {
            return null;
        }
    }
}
