using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary><c>auth: identity</c>: <c>X-Auth-Token</c> with a token that <see cref="IdentityResource"/> has issued.</summary>
internal sealed class TokenAuth(TokenSessions sessions, IOptions<ApiOptions> options) : IAuthenticator
{
    public async ValueTask<Identity> AuthenticateAsync(HttpContext http) =>
        await sessions.FindAsync(http.Request.Headers["X-Auth-Token"].ToString(), http.RequestAborted) is { } session
            ? session.Who
            : throw ApiFault.Unauthorized($"Keystone uri=\"{ApiLinks.BaseOf(http.Request, options.Value)}/identity/v3\"");
}
