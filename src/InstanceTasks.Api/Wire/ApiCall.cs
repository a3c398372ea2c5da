using System.Text.Json;
using InstanceTasks.Api.Auth;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>One request as handlers see it: authenticated, negotiated, routed.</summary>
internal sealed class ApiCall(HttpContext http, ApiVersion version, Identity who, RequestId request, ApiLinks links, RouteMatch match, PolicyTable policy)
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

    public string Value(string name) => match.Values[name];

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

    /// <summary>Whether a rule of <see cref="Rules"/> is met.</summary>
    public bool May(string rule) => May(policy.Get(rule));

    /// <summary>Whether a task of a kind may be asked for.</summary>
    public bool May(TaskKind kind) => May(policy.Of(kind));

    /// <summary>The name of the rule about asking for a task of a kind.</summary>
    public string RuleOf(TaskKind kind) => policy.Of(kind).Name;

    /// <summary>Whether a command on a task may be given.</summary>
    public bool MayCommand(string command) => May(policy.Get($"tasks:action:{command}"));

    /// <exception cref="ApiFault">403: the rule is not met.</exception>
    public void Need(string rule) => Need(policy.Get(rule));

    /// <exception cref="ApiFault">403: such a task may not be asked for.</exception>
    public void Need(TaskKind kind) => Need(policy.Of(kind));

    /// <exception cref="ApiFault">403: the action of the body may not be asked for.</exception>
    public void NeedAction(string action) =>
        Need(policy.OfAction(match.Route, action) ?? throw new InvalidOperationException($"policy.txt has no line for {match.Route.Name}#{action}."));

    /// <summary>For rules of least role <c>user</c>, once it is known whom the call is about.</summary>
    public void NeedUser(UserId user)
    {
        if (user != Caller.User && !IsAdmin)
        {
            throw ApiFault.Policy(policy.Of(match.Route)!.Name);
        }
    }

    public void Need(PolicyRule rule)
    {
        if (!May(rule))
        {
            throw ApiFault.Policy(rule.Name);
        }
    }

    private bool May(PolicyRule rule) => Who.Standing >= rule.Least;
}
