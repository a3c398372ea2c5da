using System.Net;

namespace InstanceTasks.Client.Tests.Fakes;

/// <summary>A service that answers as the test says, one request after the other, and keeps what it was asked.</summary>
internal sealed class ScriptedHandler(params IEnumerable<Func<HttpRequestMessage, HttpResponseMessage>> answers) : HttpMessageHandler
{
    private readonly Queue<Func<HttpRequestMessage, HttpResponseMessage>> _answers = new(answers);

    public List<Asked> Asked { get; } = [];

    public static Func<HttpRequestMessage, HttpResponseMessage> Json(int status, string body, params (string Name, string Value)[] headers) => _ =>
    {
        var answer = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            answer.Headers.TryAddWithoutValidation(name, value);
        }

        return answer;
    };

    public static Func<HttpRequestMessage, HttpResponseMessage> Stream(Stream body) => _ => new(HttpStatusCode.OK) { Content = new StreamContent(body) };

    public static Func<HttpRequestMessage, HttpResponseMessage> Stream(string text) => Stream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));

    public static HttpResponseMessage Lost(HttpRequestMessage request) => throw new HttpRequestException("connection reset");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Asked.Add(new(
            $"{request.Method} {request.RequestUri!.PathAndQuery}",
            request.Headers.ToDictionary(h => h.Key, h => string.Join(", ", h.Value)),
            request.Content is null ? null : await request.Content.ReadAsStringAsync(cancellationToken)));
        return _answers.Dequeue()(request);
    }
}

/// <summary>What a service was asked.</summary>
internal sealed record Asked(string Line, IReadOnlyDictionary<string, string> Headers, string? Body);
