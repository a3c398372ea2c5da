using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Dashboard.Hosting;

/// <summary>Lets in who is signed in; the others are led to the form, or told so where nobody would see one.</summary>
internal sealed class SignInGate(RequestDelegate next, IDashboardApi api)
{
    public async Task InvokeAsync(HttpContext http)
    {
        // A browser lets any page open a socket to anywhere, and a cookie that is for this site alone still comes with a page of another port or subdomain.
        // Forms have their token; where they send no referrer, browsers do not name their origin.
        if ((api.Mode == SignInMode.None || IsCircuit(http.Request)) && IsOfAnotherOrigin(http.Request))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (api.Mode == SignInMode.None)
        {
            http.User = SessionCookie.Everybody;
        }
        else if ((await http.AuthenticateAsync(SessionCookie.Scheme)).Principal is { } signedIn)
        {
            http.User = signedIn;
        }

        if (http.User.Identity?.IsAuthenticated == true || IsOpen(http.Request.Path))
        {
            await next(http);
        }
        else if (IsCircuit(http.Request) || http.Request.Path == SignInEndpoints.Probe || !HttpMethods.IsGet(http.Request.Method))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else
        {
            http.Response.Redirect(SignInEndpoints.PathFor(http, http.Request.Path + http.Request.QueryString));
        }
    }

    private static bool IsCircuit(HttpRequest request) => request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal);

    private static bool IsOfAnotherOrigin(HttpRequest request) =>
        request.Headers.Origin.ToString() is { Length: > 0 } origin && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && IsHost(request, from.Authority));

    // Behind a proxy the host that the browser knows comes in a header; a page of somebody else cannot set it.
    private static bool IsHost(HttpRequest request, string authority) =>
        string.Equals(authority, request.Host.Value, StringComparison.OrdinalIgnoreCase) || string.Equals(authority, request.Headers["X-Forwarded-Host"].ToString(), StringComparison.OrdinalIgnoreCase);

    private static bool IsOpen(PathString path) => path.StartsWithSegments("/assets", StringComparison.Ordinal) || path == SignInEndpoints.Path;
}
