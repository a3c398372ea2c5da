using System.Net;
using System.Text;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Auth;

/// <summary><c>auth: http_basic</c>: name and password of the users file with each request; the project is the user's first.</summary>
internal sealed class BasicAuth(PasswordCheck passwords) : IAuthenticator
{
    private const string Scheme = "Basic ";

    // Both parts as they are on the wire: whether they are UTF-8 or Latin-1 is said by nobody, and UTF-8 is what clients send.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public async ValueTask<Identity> AuthenticateAsync(HttpContext http)
    {
        var (name, password) = Read(http.Request.Headers.Authorization.ToString()) ?? throw Refused();
        var user = await passwords.FindAsync(name, password, http.Connection.RemoteIpAddress ?? IPAddress.None, http.RequestAborted) ?? throw Refused();
        return user.As(user.Default);
    }

    private static (string Name, string Password)? Read(string header)
    {
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var text = Strict.GetString(Convert.FromBase64String(header[Scheme.Length..].Trim()));
            return text.Split(':', 2) is [var name, var password] ? (name, password) : null;
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }

    private static ApiFault Refused() => ApiFault.Unauthorized("Basic realm=\"InstanceTasks\", charset=\"UTF-8\"");
}
