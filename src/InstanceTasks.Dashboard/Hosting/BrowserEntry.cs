using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace InstanceTasks.Dashboard.Hosting;

/// <summary>Leads whoever asks <c>/</c> for a page to the dashboard. Everybody else gets the version document there.</summary>
internal sealed class BrowserEntry(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (http.Request.Path != "/" || !(HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)))
        {
            return next(http);
        }

        http.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        if (!WantsPage(http.Request))
        {
            return next(http);
        }

        http.Response.Redirect($"{http.Request.PathBase}{DashboardHosting.Path}/");
        return Task.CompletedTask;
    }

    // Named, not covered by */*: that is what programs send.
    private static bool WantsPage(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals("text/html", StringComparison.OrdinalIgnoreCase) && a.Quality is null or > 0);
}
