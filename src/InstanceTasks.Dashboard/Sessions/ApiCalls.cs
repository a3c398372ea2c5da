using System.Net;
using InstanceTasks.Client;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Dashboard.Sessions;

/// <summary>Calls of the process's own API, made the way they come from outside: as HTTP, with the caller's own credential.</summary>
internal sealed class ApiCalls(IDashboardApi api, IServiceScopeFactory scopes, TimeProvider time)
{
    // Never looked up: no request leaves the process.
    private static readonly Uri Here = new("http://dashboard.invalid/v2.1");

    /// <summary>A client for somebody.</summary>
    public ComputeClient ClientOf(Credential? credential) => new(new ClientSettings
    {
        Endpoint = Here, Handler = HandlerOf(credential), RetryFor = TimeSpan.FromSeconds(2), Time = time,
    });

    /// <summary>Sends requests with somebody's credential.</summary>
    public HttpMessageHandler HandlerOf(Credential? credential) => new InProcessHandler(this, credential);

    /// <summary>Who somebody is.</summary>
    public async Task<Identification> IdentifyAsync(Credential? credential, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            return await api.IdentifyAsync(NewContext(scope.ServiceProvider, credential, cancellationToken));
        }
        catch (StoreUnavailableException)
        {
            return new(null, new(StatusCodes.Status503ServiceUnavailable, "The store cannot be read now.", null));
        }
    }

    private static DefaultHttpContext NewContext(IServiceProvider services, Credential? credential, CancellationToken aborted)
    {
        var http = new DefaultHttpContext { RequestServices = services, RequestAborted = aborted };
        http.Request.Scheme = Here.Scheme;
        http.Request.Host = new(Here.Host);
        http.Request.Protocol = HttpProtocol.Http11;
        http.Connection.RemoteIpAddress = IPAddress.TryParse(credential?.Address, out var address) ? address : IPAddress.Loopback;
        if (credential is { Header.Length: > 0 })
        {
            http.Request.Headers[credential.Header] = credential.Value;
        }

        return http;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, Credential? credential, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var http = NewContext(scope.ServiceProvider, credential, cancellationToken);
        await FillAsync(http.Request, message, cancellationToken);
        var body = new MemoryStream();
        http.Response.Body = body;
        await api.InvokeAsync(http);
        return AnswerOf(http.Response, body, message);
    }

    private static async Task FillAsync(HttpRequest request, HttpRequestMessage message, CancellationToken cancellationToken)
    {
        request.Method = message.Method.Method;
        request.Path = PathString.FromUriComponent(message.RequestUri!);
        request.QueryString = QueryString.FromUriComponent(message.RequestUri!);
        foreach (var (name, values) in message.Headers.Concat(message.Content?.Headers.AsEnumerable() ?? []))
        {
            request.Headers[name] = values.ToArray();
        }

        if (message.Content is { } content)
        {
            request.Body = new MemoryStream(await content.ReadAsByteArrayAsync(cancellationToken));
            request.ContentLength = request.Body.Length;
        }
    }

    private static HttpResponseMessage AnswerOf(HttpResponse response, MemoryStream body, HttpRequestMessage message)
    {
        var answer = new HttpResponseMessage((HttpStatusCode)response.StatusCode) { Content = new ByteArrayContent(body.ToArray()), RequestMessage = message };
        foreach (var (name, values) in response.Headers)
        {
            if (!answer.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                answer.Content.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        return answer;
    }

    private sealed class InProcessHandler(ApiCalls calls, Credential? credential) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => calls.SendAsync(request, credential, cancellationToken);
    }
}
