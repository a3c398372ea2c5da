using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Dashboard.Hosting;

/// <summary>Where the form is, and the end of a session. That, too, checks the form's token against other sites.</summary>
internal static class SignInEndpoints
{
    public const string Path = "/sign-in";

    /// <summary>Says to a page that has lost its connection whether it would be let in again.</summary>
    public const string Probe = "/session";

    public static string PathFor(HttpContext http, string back) => $"{http.Request.PathBase}{Path}?back={Uri.EscapeDataString(SafeBack(back))}";

    /// <summary>Only a place within the dashboard: nobody is led elsewhere by a link.</summary>
    public static string SafeBack(string? back) =>
        back is { Length: > 1 and < 2000 } && back[0] == '/' && back[1] is not ('/' or '\\') && !back.StartsWith(Path, StringComparison.Ordinal) && back.All(c => c is > ' ' and < '\x7f' and not '\\') ? back : "/";

    public static void MapSignOut(this IEndpointRouteBuilder endpoints) => endpoints.MapPost("sign-out", SignOutAsync).WithMetadata(new RequireAntiforgeryTokenAttribute());

    public static void MapProbe(this IEndpointRouteBuilder endpoints) => endpoints.MapGet(Probe, () => Results.NoContent());

    private static async Task SignOutAsync(HttpContext http)
    {
        if (http.Features.Get<IAntiforgeryValidationFeature>() is not { IsValid: true })
        {
            http.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        await http.RequestServices.GetRequiredService<SignIn>().RevokeAsync(SessionCookie.CredentialOf(http.User), http.RequestAborted);
        await http.SignOutAsync(SessionCookie.Scheme);
        http.Response.Redirect($"{http.Request.PathBase}{Path}?out=true");
    }
}
