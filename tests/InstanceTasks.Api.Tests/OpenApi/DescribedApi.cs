using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Tests.Exactness;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Api.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Api.Tests.OpenApi;

/// <summary>An API that serves everything, with its document and an administrator's token.</summary>
public sealed class DescribedApi : IAsyncLifetime, IDisposable
{
    private readonly UsersOfTest _users = new($"demo-user:demo-project:admin:{UsersOfTest.Hash}", $"reader:own:reader:{UsersOfTest.Hash}");
    private ApiHost? _api;

    internal ApiHost Api => _api!;

    internal CallDocs Docs { get; } = new();

    internal JsonObject Document { get; private set; } = [];

    internal IReadOnlyList<ApiRoute> Routes { get; private set; } = [];

    internal string Token { get; private set; } = "";

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(o => (o.Auth, o.UsersFile, o.Limits.RequestsPerSecond) = (AuthMode.Identity, _users.Path, 0));
        Routes = [.. Api.AllRoutes];
        Token = IssueToken();
        var answer = await Api.GetAsync("/openapi.json");
        Assert.True(answer.Status == 200, string.Join(Environment.NewLine, Api.Logs.Entries.Select(e => $"{e.Exception}")));
        Document = answer.Body!;
    }

    public async Task DisposeAsync() => await Api.DisposeAsync();

    public void Dispose() => _users.Dispose();

    /// <summary>Every request that the document gives as an example, and each call without a body.</summary>
    internal IEnumerable<DescribedRequest> Requests() => Docs.Calls.Values.Where(c => !c.IsUnrouted && !Docs.ActionsOf(c.Name).Any()).SelectMany(RequestsOf);

    /// <summary>The path, with the values of the document or of the example.</summary>
    internal string PathOf(CallDoc doc, JsonObject? values = null)
    {
        var template = RouteOf(doc).Template;
        var filled = string.Join('/', template.Split('/').Select(s => s[0] == '{' ? Uri.EscapeDataString((string)(values?[s[1..^1]] ?? doc.Path[s[1..^1]] ?? Docs.General["parameters"]![s[1..^1]]!["example"])!) : s));
        return (Api.Routes.Any(r => r.Name == doc.Call) ? "/v2.1/" : "/") + filled;
    }

    internal ApiRoute RouteOf(CallDoc doc) => Routes.First(r => r.Name == doc.Call);

    /// <summary>Sends a request into a fresh world.</summary>
    internal Task<Answer> SendAsync(DescribedRequest request, string query = "", JsonNode? body = null)
    {
        World.Plant(Api);
        return SendAsync(request.Method, request.Path + query, body ?? request.Body, request.Minor);
    }

    internal async Task<Answer> SendAsync(string method, string path, JsonNode? body, int minor)
    {
        using var message = new HttpRequestMessage(new(method), path);
        message.Headers.Add("X-Auth-Token", Token);
        message.Headers.Add("OpenStack-API-Version", $"compute 2.{minor}");
        if (path.StartsWith("/identity/v3/auth/tokens", StringComparison.Ordinal))
        {
            message.Headers.Add("X-Subject-Token", IssueToken());
        }

        if (body is not null)
        {
            message.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        }

        return await ApiHost.ReadAsync(await Api.Client.SendAsync(message));
    }

    internal string IssueToken()
    {
        var user = Api.Services.GetRequiredService<UsersFile>().Current.Find("demo-user")!;
        return Api.Services.GetRequiredService<TokenSessions>().Issue(user, user.Default, ["password"], null).Text;
    }

    private IEnumerable<DescribedRequest> RequestsOf(CallDoc doc)
    {
        var route = RouteOf(doc);
        var newest = Math.Min(route.To, ApiVersion.Max.Minor);
        return doc.Body is null
            ? [new(doc, route.Method, PathOf(doc), null, newest, null)]
            : doc.Examples.Select(e => new DescribedRequest(doc, route.Method, PathOf(doc, e!["path"] as JsonObject), e["body"], (int?)e["at"] ?? newest, (int?)e["status"]));
    }
}

/// <summary>A request that the document describes.</summary>
/// <param name="Doc">Its call.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path.</param>
/// <param name="Body">The body.</param>
/// <param name="Minor">The microversion.</param>
/// <param name="Refused">The status with which it is refused although it is well-formed; null: it is accepted.</param>
internal sealed record DescribedRequest(CallDoc Doc, string Method, string Path, JsonNode? Body, int Minor, int? Refused)
{
    public override string ToString() => $"{Doc.Name} at 2.{Minor} ({Path}) {Body?.ToJsonString()}";
}
