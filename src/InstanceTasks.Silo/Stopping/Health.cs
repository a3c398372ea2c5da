using System.Reflection;
using System.Text.Json.Nodes;
using InstanceTasks.Engine;

namespace InstanceTasks.Silo;

/// <summary>
/// <c>/health/live</c> and <c>/health/ready</c>, for load balancers and supervisors. Neither looks at the database or at other processes: what all
/// need and none has must not take all of them out, since each still answers with what it knows, or with a 503 that says when to come back.
/// </summary>
internal static class Health
{
    private static readonly string Version =
        typeof(Health).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "(unknown)";

    /// <summary>Serves both, and closes connections while the process drains.</summary>
    public static void MapHealth(this WebApplication app, ProcessRole role)
    {
        var drain = app.Services.GetRequiredService<DrainSignal>();
        var lifetime = app.Services.GetRequiredService<IHostApplicationLifetime>();
        app.Use((http, next) =>
        {
            // A connection that a proxy keeps could be used in the very moment in which it is closed: it must be gone before.
            if (drain.HasBegun)
            {
                http.Response.Headers.Connection = "close";
            }

            return next(http);
        });
        app.MapGet("/health/live", http => AnswerAsync(http, 200, "alive", role));
        app.MapGet("/health/ready", http => drain.HasBegun ? AnswerAsync(http, 503, "draining", role)
            : lifetime.ApplicationStarted.IsCancellationRequested ? AnswerAsync(http, 200, "ready", role) : AnswerAsync(http, 503, "starting", role));
    }

    private static async Task AnswerAsync(HttpContext http, int code, string status, ProcessRole role)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        var body = new JsonObject { ["status"] = status, ["role"] = role.ToString().ToLowerInvariant(), ["version"] = Version };
        await http.Response.WriteAsync(body.ToJsonString(), http.RequestAborted);
    }
}
