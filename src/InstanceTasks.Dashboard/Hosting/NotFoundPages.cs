using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Dashboard.Hosting;

/// <summary>Shows a page to whoever opens an address that nothing answers.</summary>
internal sealed class NotFoundPages(RequestDelegate next)
{
    private const string Page = "/not-found";

    public async Task InvokeAsync(HttpContext http)
    {
        await next(http);
        if (!IsMissingPage(http))
        {
            return;
        }

        var path = http.Request.Path;
        http.SetEndpoint(null);
        http.Request.RouteValues.Clear();
        http.Request.Path = Page;
        // Pages leave an answer empty that is said to be missing already: it is said when the page begins to be written.
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.OnStarting(() =>
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        try
        {
            await next(http);
        }
        finally
        {
            http.Request.Path = path;
        }
    }

    // What a script or a style sheet asks for is no page.
    private static bool IsMissingPage(HttpContext http) =>
        http.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false } && HttpMethods.IsGet(http.Request.Method) && http.Request.Path != Page
        && !http.Request.Path.StartsWithSegments("/assets", StringComparison.Ordinal) && !http.Request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal)
        && !http.Request.Path.StartsWithSegments("/_framework", StringComparison.Ordinal);
}
