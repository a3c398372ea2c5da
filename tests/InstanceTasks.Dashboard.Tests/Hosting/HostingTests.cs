using InstanceTasks.Dashboard.Hosting;
using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Dashboard.Tests.Hosting;

public sealed class HostingTests
{
    [Theory]
    [InlineData("/tasks?state=failed", "/tasks?state=failed")]
    [InlineData("//evil.example/", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("/sign-in?out=true", "/")]
    [InlineData("/a\r\nSet-Cookie: x=y", "/")]
    [InlineData(null, "/")]
    public void SafeBack_OfALink_StaysInTheDashboard(string? back, string expected) => Assert.Equal(expected, SignInEndpoints.SafeBack(back));

    [Theory]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", true)]
    [InlineData("application/json", false)]
    [InlineData("*/*", false)]
    [InlineData("text/html;q=0", false)]
    [InlineData("", false)]
    public async Task BrowserEntry_AtTheRoot_LeadsThoseWhoNamePages(string accept, bool leads)
    {
        var (passed, http) = (false, new DefaultHttpContext());
        http.Request.Method = "GET";
        http.Request.Path = "/";
        http.Request.Headers.Accept = accept;

        await new BrowserEntry(PassAsync).InvokeAsync(http);

        Assert.Equal(leads, !passed);
        Assert.Equal(leads ? 302 : 200, http.Response.StatusCode);
        Assert.Equal("Accept", http.Response.Headers.Vary);

        Task PassAsync(HttpContext context)
        {
            passed = true;
            return Task.CompletedTask;
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:8774", 200)]
    [InlineData(null, 200)]
    [InlineData("http://evil.example", 403)]
    [InlineData("null", 403)]
    public async Task SignInGate_WhereNobodySignsIn_KeepsOtherSitesOut(string? origin, int status)
    {
        var http = new DefaultHttpContext();
        http.Request.Path = "/_blazor";
        http.Request.Host = new("127.0.0.1:8774");
        if (origin is not null)
        {
            http.Request.Headers.Origin = origin;
        }

        await new SignInGate(_ => Task.CompletedTask, new EchoApi { Mode = SignInMode.None }).InvokeAsync(http);

        Assert.Equal(status, http.Response.StatusCode);
    }

    /// <summary>Found in review: a page of another port of the same host is "the same site" for a cookie, and might have opened an administrator's circuit.</summary>
    [Theory]
    [InlineData("http://cloud.example:9000", null, 403)]
    [InlineData("https://evil.example", "cloud.example", 403)]
    [InlineData("https://cloud.example", "cloud.example", 401)]
    [InlineData("http://silo:8774", null, 401)]
    public async Task SignInGate_WhereOneSignsIn_KeepsOtherOriginsOut(string origin, string? forwarded, int status)
    {
        var http = new DefaultHttpContext { RequestServices = Unauthenticated() };
        http.Request.Path = "/_blazor";
        http.Request.Host = new("silo:8774");
        http.Request.Headers.Origin = origin;
        http.Request.Headers["X-Forwarded-Host"] = forwarded;

        await new SignInGate(_ => Task.CompletedTask, new EchoApi { Mode = SignInMode.Password }).InvokeAsync(http);

        Assert.Equal(status, http.Response.StatusCode);
    }

    private static IServiceProvider Unauthenticated()
    {
        var services = new ServiceCollection().AddLogging();
        services.AddAuthentication().AddCookie(SessionCookie.Scheme);
        return services.AddDataProtection().UseEphemeralDataProtectionProvider().Services.BuildServiceProvider();
    }

    [Fact]
    public void Assets_EachFile_IsThereUnderAnAddressOfItsContent()
    {
        var assets = new DashboardAssets();

        Assert.All(new[] { "app.css", "app.js", "blazor.web.js", "icon.svg" }, name =>
        {
            Assert.True(assets.Find(name)!.Bytes.Length > 100);
            Assert.Contains(assets.Find(name)!.Version, assets.Path(name), StringComparison.Ordinal);
        });
        Assert.Null(assets.Find("secret.key"));
    }

    [Fact]
    public async Task ApiCalls_WithACredential_GoThroughThePipelineAsItsOwner()
    {
        var api = new EchoApi();
        using var services = new ServiceCollection().BuildServiceProvider();
        var calls = new ApiCalls(api, services.GetRequiredService<IServiceScopeFactory>(), TimeProvider.System);
        using var client = calls.ClientOf(new("X-Auth-Token", "secret", "192.0.2.7"));

        var answer = await client.SendAsync(HttpMethod.Post, "servers/x/action?dry_run=true", new() { ["os-stop"] = null });

        Assert.Equal("POST /v2.1/servers/x/action?dry_run=true secret 192.0.2.7 {\"os-stop\":null}", (string)answer["seen"]!);
        Assert.Equal("compute 2.96", api.Version);
    }

    [Fact]
    public async Task ApiCalls_ThatAreRefused_SayWhy()
    {
        using var services = new ServiceCollection().BuildServiceProvider();
        var calls = new ApiCalls(new EchoApi { Status = 409 }, services.GetRequiredService<IServiceScopeFactory>(), TimeProvider.System);
        using var client = calls.ClientOf(null);

        var refused = await Assert.ThrowsAsync<Client.ApiException>(() => client.SendAsync(HttpMethod.Post, "tasks"));

        Assert.Equal(Client.ProblemKind.Conflict, refused.Kind);
    }

    /// <summary>Answers with what it has seen.</summary>
    private sealed class EchoApi : IDashboardApi
    {
        public int Status { get; init; } = 200;

        public string? Version { get; private set; }

        public SignInMode Mode { get; init; } = SignInMode.Token;

        public Uri? Identity => null;

        public bool BehindTls => false;

        public async Task InvokeAsync(HttpContext http)
        {
            Version = http.Request.Headers["OpenStack-API-Version"];
            using var body = new StreamReader(http.Request.Body);
            var seen = $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {http.Request.Headers["X-Auth-Token"]} {http.Connection.RemoteIpAddress} {await body.ReadToEndAsync()}";
            http.Response.StatusCode = Status;
            await http.Response.WriteAsJsonAsync(new { seen });
        }

        public Task<Identification> IdentifyAsync(HttpContext http) => Task.FromResult(new Identification(null));
    }
}
