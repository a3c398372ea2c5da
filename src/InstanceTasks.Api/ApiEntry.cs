using System.Globalization;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api;

/// <summary>The API for what is hosted beside it in the process: the same pipeline that requests from outside go through, and the same answer to who may do what.</summary>
public sealed class ApiEntry
{
    private readonly ApiPipeline _pipeline;
    private readonly IAuthenticator _authenticator;
    private readonly PolicyTable _policy;

    internal ApiEntry(ApiPipeline pipeline, IAuthenticator authenticator, PolicyTable policy) => (_pipeline, _authenticator, _policy) = (pipeline, authenticator, policy);

    /// <summary>Answers a request as if it had come from outside.</summary>
    public Task InvokeAsync(HttpContext http) => _pipeline.InvokeAsync(http);

    /// <summary>Who asks, by the headers of a request.</summary>
    public async Task<CallerAnswer> IdentifyAsync(HttpContext http)
    {
        try
        {
            return new(new(await _authenticator.AuthenticateAsync(http), _policy), StatusCodes.Status200OK, null, null);
        }
        catch (ApiFault fault)
        {
            var wait = int.TryParse(fault.Headers.GetValueOrDefault("Retry-After"), CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
            return new(null, fault.Status, fault.Message, wait);
        }
    }
}

/// <summary>Who asks, or the refusal that a call of his would get.</summary>
/// <param name="Caller">Who; null: he is refused.</param>
/// <param name="Status">The HTTP status; 401: nobody who is known.</param>
/// <param name="Message">The refusal's reason.</param>
/// <param name="RetryAfter">After how long it may be tried again.</param>
public sealed record CallerAnswer(KnownCaller? Caller, int Status, string? Message, TimeSpan? RetryAfter);

/// <summary>A caller whom the API knows.</summary>
public sealed class KnownCaller
{
    private readonly Identity _identity;
    private readonly PolicyTable _policy;

    internal KnownCaller(Identity identity, PolicyTable policy) => (_identity, _policy) = (identity, policy);

    /// <summary>The user.</summary>
    public string User => _identity.User.Value;

    /// <summary>The project that he acts in.</summary>
    public string Project => _identity.Project.Value;

    /// <summary>The name of the highest of his roles.</summary>
    public string Role => _identity.Standing.ToString().ToLowerInvariant();

    /// <summary>Whether a rule of the policy lets him.</summary>
    /// <param name="rule">Its name in <c>policy.txt</c>.</param>
    public bool May(string rule) => _identity.Standing >= _policy.Get(rule).Least;
}
