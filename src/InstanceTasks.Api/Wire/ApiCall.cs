using System.Text.Json;
using InstanceTasks.Api.Auth;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>One request as handlers see it: authenticated, negotiated, routed.</summary>
internal sealed class ApiCall(HttpContext http, ApiVersion version, Identity who, RequestId request, ApiLinks links, IReadOnlyDictionary<string, string> values)
{
    private BodyReader.Read? _body;

    public HttpContext Http { get; } = http;

    public ApiVersion Version { get; } = version;

    public Identity Who { get; } = who;

    public Caller Caller => Who.Caller;

    public bool IsAdmin => Who.IsAdmin;

    public RequestId Request { get; } = request;

    public ApiLinks Links { get; } = links;

    public QueryInput Query { get; } = new(http.Request.Query);

    /// <summary>Whether the call only asks what would happen.</summary>
    public bool IsDryRun => Query.Bool("dry_run") ?? false;

    public CancellationToken Aborted => Http.RequestAborted;

    /// <summary>The body as sent; only after <see cref="BodyAsync"/>.</summary>
    public ReadOnlyMemory<byte> RawBody => _body?.Raw ?? ReadOnlyMemory<byte>.Empty;

    public bool AtLeast(int minor) => Version.AtLeast(minor);

    public string Value(string name) => values[name];

    public string? Header(string name) => Http.Request.Headers[name].ToString() is { Length: > 0 } value ? value : null;

    /// <summary>The JSON body, which must be an object.</summary>
    public async Task<JsonInput> BodyAsync()
    {
        _body ??= await BodyReader.ReadAsync(Http.Request, Aborted);
        return JsonInput.Root(_body.Root);
    }

    /// <summary>The server's id from the path; anything that is not a uuid is an unknown server (nova-api §2.3).</summary>
    public InstanceId ServerId() => InstanceId.TryParse(Value("id"), out var id) ? id : throw ApiFault.NoSuchServer(Value("id"));

    /// <summary>Whether a row of the project may be seen by this caller; others are unknown to him, never forbidden.</summary>
    public bool Sees(ProjectId project) => IsAdmin || project == Caller.Project;

    public void NeedAdmin(string rule)
    {
        if (!IsAdmin)
        {
            throw ApiFault.Policy(rule);
        }
    }
}
