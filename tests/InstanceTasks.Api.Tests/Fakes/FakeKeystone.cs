using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>As much of Keystone as is asked about tokens; what it is asked is counted.</summary>
internal sealed class FakeKeystone : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TimeProvider _time;
    private int _issued;

    private FakeKeystone(WebApplication app, TimeProvider time) => (_app, _time) = (app, time);

    public string Url => $"{_app.Urls.First()}/v3";

    public Dictionary<string, JsonObject> Tokens { get; } = [];

    public int Logins => _issued;

    public int Questions;

    /// <summary>The service tokens that it still knows.</summary>
    public HashSet<string> ServiceTokens { get; } = [];

    /// <summary>An answer to everything; 0: none.</summary>
    public int Broken { get; set; }

    /// <summary>How often somebody wanted to log in.</summary>
    public int LoginsAsked;

    /// <summary>Logins wait for it.</summary>
    public Task LoginGate { get; set; } = Task.CompletedTask;

    /// <summary>Questions wait for it.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public static async Task<FakeKeystone> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var keystone = new FakeKeystone(builder.Build(), time);
        keystone._app.MapPost("/v3/auth/tokens", keystone.IssueAsync);
        keystone._app.MapGet("/v3/auth/tokens", keystone.ShowAsync);
        await keystone._app.StartAsync();
        return keystone;
    }

    public void Add(string token, string? project = "own", params string[] roles) => Tokens[token] = TokenOf("user1", project, roles, TimeSpan.FromHours(1));

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task IssueAsync(HttpContext http)
    {
        Interlocked.Increment(ref LoginsAsked);
        await LoginGate;
        if (http.Request.ContentLength is null)
        {
            // As uWSGI, which many run Keystone with.
            http.Response.StatusCode = 400;
            return;
        }

        var body = await JsonNode.ParseAsync(http.Request.Body);
        var user = body!["auth"]!["identity"]!["password"]!["user"]!;
        if (Broken != 0 || (string?)user["name"] != "service" || (string?)user["password"] != "s3")
        {
            http.Response.StatusCode = Broken != 0 ? Broken : 401;
            return;
        }

        var token = $"service-{Interlocked.Increment(ref _issued)}";
        ServiceTokens.Add(token);
        http.Response.StatusCode = 201;
        http.Response.Headers["X-Subject-Token"] = token;
        await http.Response.WriteAsJsonAsync(new JsonObject { ["token"] = TokenOf("service", "service", ["service"], TimeSpan.FromMinutes(20)) });
    }

    private async Task ShowAsync(HttpContext http)
    {
        Interlocked.Increment(ref Questions);
        await Gate;
        var token = Tokens.GetValueOrDefault(http.Request.Headers["X-Subject-Token"].ToString());
        http.Response.StatusCode = Broken != 0 ? Broken : !ServiceTokens.Contains(http.Request.Headers["X-Auth-Token"].ToString()) ? 401 : token is null ? 404 : 200;
        if (http.Response.StatusCode == 200)
        {
            await http.Response.WriteAsJsonAsync(new JsonObject { ["token"] = token!.DeepClone() });
        }
    }

    private JsonObject TokenOf(string user, string? project, string[] roles, TimeSpan life) => new()
    {
        ["user"] = new JsonObject { ["id"] = user },
        ["project"] = project is null ? null : new JsonObject { ["id"] = project },
        ["roles"] = new JsonArray([.. roles.Select(r => new JsonObject { ["name"] = r })]),
        ["expires_at"] = (_time.GetUtcNow() + life).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
    };
}
