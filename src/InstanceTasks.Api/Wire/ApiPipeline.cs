using System.Text.RegularExpressions;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Versions;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Wire;

/// <summary>One request from its first header to its answer: request id, microversion, identity, route, fault envelope.</summary>
internal sealed partial class ApiPipeline(Router router, IAuthenticator authenticator, PolicyTable policy, PolicyCheck guard, CallerLimits limits, VersionDocuments documents, IdempotencyKeys keys, IOptions<ApiOptions> options, ILogger<ApiPipeline> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var request = RequestId.New();
        http.Response.Headers["x-openstack-request-id"] = request.Value;
        http.Response.Headers["x-compute-request-id"] = request.Value;
        using var scope = log.BeginScope(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["request_id"] = request.Value,
            ["global_request_id"] = http.Request.Headers["X-Openstack-Request-Id"].ToString(),
        });
        try
        {
            var answer = await AnswerAsync(http, request);
            await answer.WriteAsync(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            LogClientGone(log, http.Request.Method, http.Request.Path.ToUriComponent());
        }
    }

    private async Task<ApiAnswer> AnswerAsync(HttpContext http, RequestId request)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = options.Value.Limits.MaxBodyBytes;
        }

        var asIdentity = http.Request.Path.StartsWithSegments("/identity", StringComparison.Ordinal);
        try
        {
            return await DispatchAsync(http, request);
        }
        catch (EarlyAnswer early)
        {
            return early.Answer;
        }
        catch (ApiFault fault)
        {
            return fault.ToAnswer(asIdentity);
        }
        catch (Engine.MarkerNotFoundException)
        {
            return ApiFault.BadRequest($"marker [{http.Request.Query["marker"]}] not found").ToAnswer();
        }
        catch (Exception exception) when (WhyUnavailable(exception, http.Request.Method) is not null)
        {
            LogUnavailable(log, exception, http.Request.Method, http.Request.Path.ToUriComponent());
            return ApiFault.Unavailable(WhyUnavailable(exception, http.Request.Method)!).ToAnswer(asIdentity);
        }
        catch (RegexMatchTimeoutException)
        {
            return ApiFault.BadRequest("The name pattern takes too long to match.").ToAnswer();
        }
        catch (BadHttpRequestException exception)
        {
            return new ApiFault(exception.StatusCode, exception.Message).ToAnswer(asIdentity);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !http.RequestAborted.IsCancellationRequested)
        {
            LogUnexpected(log, exception, http.Request.Method, http.Request.Path.ToUriComponent(), request.Value);
            return new ApiFault(500, $"Unexpected API Error. Please report this with the request id {request} and the log of the API.\n{exception.GetType()}").ToAnswer(asIdentity);
        }
    }

    /// <summary>What the caller is told when the store is away: not that something is broken that nobody thought of. Null: something else.</summary>
    private static string? WhyUnavailable(Exception exception, string method) => exception switch
    {
        Engine.StoreUnavailableException when HttpMethods.IsGet(method) || HttpMethods.IsHead(method) => "The store cannot be read now: ask again.",
        Engine.CommitFailedException { StoreUnavailable: true } => "The store cannot be written to now: the request can be repeated.",
        // A change may have been accepted before what its answer needs could not be read.
        Engine.StoreUnavailableException or Engine.CommitOutcomeUnknownException => "The outcome is unknown: look before you repeat the request, or repeat it with its Idempotency-Key.",
        _ => null,
    };

    private Task<ApiAnswer> DispatchAsync(HttpContext http, RequestId request)
    {
        if (http.Request.Query.Any(q => q.Key.Contains('\0', StringComparison.Ordinal) || q.Value.Any(v => v?.Contains('\0', StringComparison.Ordinal) == true)))
        {
            throw ApiFault.BadRequest("The character NUL is not allowed in a query.");
        }

        var path = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        return path is ["v2.1", ..] ? VersionedAsync(http, request, path[1..]) : UnversionedAsync(http, request, path);
    }

    private async Task<ApiAnswer> VersionedAsync(HttpContext http, RequestId request, string[] path)
    {
        var version = ApiVersion.Negotiate(http.Request.Headers);
        Echo(http, version);
        if (path.Length == 0)
        {
            return documents.Detail(LinksOf(http));
        }

        var who = await authenticator.AuthenticateAsync(http);
        using var place = limits.Enter(who);
        var match = router.FindVersioned(MethodOf(http), path, version);
        string? project = null;
        if (match is null && IsProjectPrefix(path[0], who))
        {
            project = path[0];
            if (path.Length == 1 && project == who.Project.Value)
            {
                return documents.Detail(LinksOf(http));
            }

            match = router.FindVersioned(MethodOf(http), path.AsSpan(1), version);
            CheckProject(match, project, who);
        }

        return match is null
            ? throw ApiFault.NoSuchResource()
            : await guard.GuardAsync(match.Route, new(http, version, who, request, new(ApiLinks.BaseOf(http.Request, options.Value), project), match, policy), HandleAsync);
    }

    private async Task<ApiAnswer> HandleAsync(ApiRoute route, ApiCall call)
    {
        // A dry run of what knows none would be the real thing.
        if (route.Method != HttpMethods.Get && !route.HasDryRun && call.IsDryRun)
        {
            throw ApiFault.BadRequest("dry_run is not available for this call; nothing was done.");
        }

        if (!route.RecordsKey)
        {
            return await route.Handler(call);
        }

        if (route.Method != HttpMethods.Delete && call.Header("Idempotency-Key") is not null)
        {
            // The key stands for the body, too.
            await call.BodyAsync();
        }

        return await keys.OnceAsync(call, () => route.Handler(call));
    }

    private async Task<ApiAnswer> UnversionedAsync(HttpContext http, RequestId request, string[] path)
    {
        Echo(http, ApiVersion.Min);
        if (path.Length == 0)
        {
            return documents.List(LinksOf(http));
        }

        if (router.FindRoot(MethodOf(http), path) is not { } match)
        {
            return documents.Choices(LinksOf(http), string.Join('/', path));
        }

        var who = guard.IsOpen(match.Route) ? Identity.Anonymous : await authenticator.AuthenticateAsync(http);
        using var place = who == Identity.Anonymous ? limits.Enter(http) : limits.Enter(who);
        return await guard.GuardAsync(match.Route, new(http, ApiVersion.Min, who, request, LinksOf(http), match, policy), HandleAsync);
    }

    private ApiLinks LinksOf(HttpContext http) => new(ApiLinks.BaseOf(http.Request, options.Value), null);

    private static string MethodOf(HttpContext http) => HttpMethods.IsHead(http.Request.Method) ? HttpMethods.Get : http.Request.Method.ToUpperInvariant();

    private static bool IsProjectPrefix(string segment, Identity who) =>
        segment == who.Project.Value || segment.All(c => char.IsAsciiLetterOrDigit(c) || c == '-');

    private static void CheckProject(RouteMatch? match, string project, Identity who)
    {
        if (match is not null && project != who.Project.Value)
        {
            throw ApiFault.BadRequest($"Malformed request URL: URL's project_id '{project}' doesn't match Context's project_id '{who.Project}'");
        }
    }

    private static void Echo(HttpContext http, ApiVersion version)
    {
        var headers = http.Response.Headers;
        headers[ApiVersion.NewHeader] = $"compute {version}";
        headers[ApiVersion.OldHeader] = version.ToString();
        headers.Append("Vary", ApiVersion.NewHeader);
        headers.Append("Vary", ApiVersion.OldHeader);
    }
}
