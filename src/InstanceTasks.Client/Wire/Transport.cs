using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace InstanceTasks.Client.Wire;

/// <summary>Sends requests, repeats what may be repeated, and turns refusals into <see cref="ApiException"/>.</summary>
internal sealed class Transport : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private Uri? _endpoint;

    public Transport(ClientSettings settings)
    {
        Settings = settings;
        _endpoint = settings.Endpoint;
        _http = settings.Handler is { } handler ? new(handler, disposeHandler: false) : new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10) });
        // Streams have no end; each call has its own limit.
        _http.Timeout = Timeout.InfiniteTimeSpan;
    }

    /// <summary>The names of the wire: snake_case; what is null is left out.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public ClientSettings Settings { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>The body of a GET.</summary>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new(HttpMethod.Get, path), cancellationToken);
        return await ReadAsync<T>(answer, cancellationToken);
    }

    /// <summary>The body of a call that changes something.</summary>
    public async Task<T> ChangeAsync<T>(ApiRequest request, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(request, cancellationToken);
        return await ReadAsync<T>(answer, cancellationToken);
    }

    /// <summary>One call, until it is answered, refused for good, or the time for repeats is over.</summary>
    public async Task<HttpResponseMessage> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        var began = Settings.Time.GetTimestamp();
        var pause = FirstPause;
        var renewed = false;
        while (true)
        {
            var (answer, problem, asked) = await TryAsync(request, cancellationToken);
            if (answer is not null)
            {
                return answer;
            }

            if (problem!.Kind == ProblemKind.Unauthorized && !renewed && asked is not null && Settings.Auth.Forget(asked))
            {
                renewed = true;
                continue;
            }

            var wait = problem.RetryAfter ?? pause;
            if (!request.MayRepeat(problem.Kind) || Settings.Time.GetElapsedTime(began) + wait > Settings.RetryFor)
            {
                throw problem;
            }

            await Task.Delay(wait, Settings.Time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
        }
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        await answer.Content.ReadFromJsonAsync<T>(Json, cancellationToken) ?? throw new ApiException(ProblemKind.Other, "The answer has no body.") { Status = (int)answer.StatusCode };

    private async Task<(HttpResponseMessage? Answer, ApiException? Problem, HttpRequestMessage? Asked)> TryAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Settings.AnswerTimeout, Settings.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using var message = await MessageAsync(request, end.Token);
            var answer = await _http.SendAsync(message, request.IsStream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, end.Token);
            if (answer.IsSuccessStatusCode)
            {
                return (answer, null, message);
            }

            using (answer)
            {
                return (null, await Problems.OfAsync(answer, end.Token), message);
            }
        }
        catch (HttpRequestException e)
        {
            return (null, new(ProblemKind.Unreachable, $"{request.Method} {request.Path}: the service cannot be reached.", e), null);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new(ProblemKind.Unreachable, $"{request.Method} {request.Path}: no answer within {Settings.AnswerTimeout.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s.", e), null);
        }
        catch (ApiException e)
        {
            // The identity service refuses.
            return (null, e, null);
        }
    }

    private async Task<HttpRequestMessage> MessageAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        _endpoint ??= await Settings.Auth.FindEndpointAsync(_http, cancellationToken) ?? throw new ApiException(ProblemKind.Other, "The identity service's catalogue has no compute service.");
        var message = new HttpRequestMessage(request.Method, $"{_endpoint.AbsoluteUri.TrimEnd('/')}/{request.Path}") { Version = HttpVersion.Version11 };
        await Settings.Auth.ApplyAsync(message, _http, cancellationToken);
        message.Headers.Add("OpenStack-API-Version", $"compute {Settings.Microversion}");
        message.Headers.Accept.ParseAdd(request.IsStream ? "text/event-stream" : "application/json");
        if (request.Body is { } body)
        {
            message.Content = JsonContent.Create(body, body.GetType(), options: Json);
        }

        foreach (var (name, value) in request.Headers)
        {
            message.Headers.Add(name, value);
        }

        return message;
    }
}

/// <summary>One call.</summary>
internal sealed record ApiRequest(HttpMethod Method, string Path, object? Body = null)
{
    private const string Key = "Idempotency-Key";

    public Dictionary<string, string> Headers { get; init; } = [];

    public bool IsStream { get; init; }

    /// <summary>With what makes a repeat the same call: the caller's key or one of its own.</summary>
    public static ApiRequest Change(HttpMethod method, string path, object? body, CallTerms? terms) => new(method, path, body) { Headers = (terms ?? new()).ToHeaders(Key) };

    /// <summary>What was refused for now was not done; what may have been done is the same when it is asked for again, if a key says so.</summary>
    public bool MayRepeat(ProblemKind problem) => problem == ProblemKind.TooMany || (problem is ProblemKind.Unavailable or ProblemKind.Unreachable && (Method == HttpMethod.Get || Headers.ContainsKey(Key)));
}
