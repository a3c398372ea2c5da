using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard.Sessions;

/// <summary>
/// The cookie of whoever is signed in: what he shows the API with each call, encrypted with the deployment's key. Scripts cannot read it, other
/// sites cannot have it sent.
/// </summary>
internal sealed class SessionCookie(IDashboardApi api, IOptions<DashboardOptions> options) : IConfigureNamedOptions<CookieAuthenticationOptions>
{
    public const string Scheme = "dashboard";

    private const string HeaderName = "header";
    private const string HeaderValue = "value";
    private const string Address = "address";

    /// <summary>Where nobody is asked who he is.</summary>
    public static ClaimsPrincipal Everybody { get; } = new(new ClaimsIdentity([new(ClaimTypes.Name, "everybody")], "none"));

    /// <summary>What the cookie holds.</summary>
    public static ClaimsPrincipal Of(string user, Credential credential) => new(new ClaimsIdentity(
        [new(ClaimTypes.Name, user), new(HeaderName, credential.Header), new(HeaderValue, credential.Value), new(Address, credential.Address)], Scheme));

    /// <summary>What somebody shows the API; null: nothing is asked for.</summary>
    public static Credential? CredentialOf(ClaimsPrincipal user) => user.FindFirst(HeaderName) is { } header
        ? new(header.Value, user.FindFirst(HeaderValue)!.Value, user.FindFirst(Address)!.Value)
        : null;

    public void Configure(CookieAuthenticationOptions options) => Configure(Scheme, options);

    public void Configure(string? name, CookieAuthenticationOptions cookie)
    {
        cookie.Cookie.Name = "instancetasks-session";
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Strict;
        cookie.Cookie.SecurePolicy = api.BehindTls ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = options.Value.SessionLifetime;
        cookie.SlidingExpiration = true;
    }
}

/// <summary>What is shown to the API with each call.</summary>
/// <param name="Header">The name of the header.</param>
/// <param name="Value">Its value: a secret.</param>
/// <param name="Address">The address of the browser, which limits are counted by.</param>
internal sealed record Credential(string Header, string Value, string Address);
