using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Tests.Fakes;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Api.Tests;

/// <summary><c>auth: identity</c>: the façade, and what its tokens are worth.</summary>
public sealed class IdentityTests : IAsyncLifetime, IDisposable
{
    private const string Tokens = "/identity/v3/auth/tokens";
    private const string Own = """{"project":{"name":"own","domain":{"id":"default"}}}""";

    private readonly UsersOfTest _users = new(UsersOfTest.OnePerRole);
    private readonly FakeTime _time = new();
    private readonly FakeTokens _revoked = new();
    private ApiHost _api = null!;

    public async Task InitializeAsync() => _api = await StartAsync();

    public async Task DisposeAsync() => await _api.DisposeAsync();

    public void Dispose() => _users.Dispose();

    [Fact]
    public async Task Versions_WithoutAToken_LeadToV3()
    {
        var list = await _api.GetAsync("/identity");
        var one = await _api.GetAsync("/identity/v3/");

        Assert.Equal(300, list.Status);
        Assert.Equal($"{_api.BaseUrl}/identity/v3/", (string?)list["versions"]["values"]![0]!["links"]![0]!["href"]);
        Assert.Equal((200, "stable"), (one.Status, (string?)one["version"]["status"]));
    }

    [Fact]
    public async Task Password_InAProject_GivesATokenWithRolesAndCatalogue()
    {
        var answer = await IssueAsync("member", UsersOfTest.Password, Own);

        var token = answer["token"];
        Assert.Equal(201, answer.Status);
        Assert.Equal(("member", "own", "default"), ((string?)token["user"]!["id"], (string?)token["project"]!["id"], (string?)token["project"]!["domain"]!["id"]));
        Assert.Equal(["member", "reader"], token["roles"]!.AsArray().Select(r => (string)r!["name"]!));
        Assert.Equal(("2030-01-01T00:00:00.000000Z", "2030-01-01T01:00:00.000000Z"), ((string?)token["issued_at"], (string?)token["expires_at"]));
        Assert.Equal(["compute", "image", "identity"], token["catalog"]!.AsArray().Select(s => (string)s!["type"]!));
        Assert.All(token["catalog"]!.AsArray(), s => Assert.StartsWith(_api.BaseUrl, (string)s!["endpoints"]![0]!["url"]!, StringComparison.Ordinal));
        Assert.Equal(200, (await UseAsync(_api, answer)).Status);
    }

    [Theory]
    [InlineData("admin", "other own second", "admin manager member other reader")]
    [InlineData("member", "own second", "member")]
    [InlineData("other", "other", "other")]
    public async Task Directory_OfProjectsAndUsers_IsWhatOneMayKnow(string name, string projects, string users)
    {
        var token = (await IssueAsync(name, UsersOfTest.Password, null)).Header("X-Subject-Token")!;

        Assert.Equal(projects, await NamesAsync("projects", token));
        Assert.Equal(users, await NamesAsync("users", token));
        Assert.Equal(name == "other" ? 404 : 200, (await LookAsync("projects/own", token)).Status);
        Assert.Equal(name == "admin" ? 200 : 404, (await LookAsync("users/reader", token)).Status);
        Assert.Equal(name == "other" ? 0 : 1, (await LookAsync("projects?name=own", token)).List("projects").Count);
    }

    [Theory]
    [InlineData("""{"project":{"id":"second"}}""", "second")]
    [InlineData("null-scope", "own")]
    [InlineData("\"unscoped\"", "own")]
    [InlineData("""{"project":{"name":"second","domain":{"name":"DEFAULT"}}}""", "second")]
    public async Task Password_Scopes_AreOfTheUsersProjects(string scope, string project)
    {
        var answer = await IssueAsync("member", UsersOfTest.Password, scope == "null-scope" ? null : scope);

        Assert.Equal(project, (string?)answer["token"]["project"]!["name"]);
    }

    [Theory]
    [InlineData("member", "wrong", Own)]
    [InlineData("nobody", UsersOfTest.Password, Own)]
    [InlineData("member", UsersOfTest.Password, """{"project":{"name":"other","domain":{"id":"default"}}}""")]
    [InlineData("member", UsersOfTest.Password, """{"project":{"name":"own","domain":{"id":"elsewhere"}}}""")]
    [InlineData("member", UsersOfTest.Password, """{"system":{"all":true}}""")]
    public async Task Password_Wrong_Is401AlikeInKeystonesShape(string name, string password, string scope)
    {
        var answer = await IssueAsync(name, password, scope);

        Assert.Equal(401, answer.Status);
        Assert.Equal("""{"code":401,"title":"Unauthorized","message":"The request you have made requires authentication."}""", answer["error"].ToJsonString());
        Assert.Equal($"Keystone uri=\"{_api.BaseUrl}/identity/v3\"", answer.Header("WWW-Authenticate"));
    }

    [Theory]
    [InlineData("{}", 400)]
    [InlineData("""{"auth":{"identity":{"methods":["password"]}}}""", 400)]
    [InlineData("""{"auth":{"identity":{"methods":[1]}}}""", 400)]
    [InlineData("""{"auth":{"identity":{"methods":["mapped"]}}}""", 401)]
    [InlineData("""{"auth":{"identity":{"methods":[]}}}""", 401)]
    [InlineData("[", 400)]
    public async Task Issue_BadBody_IsSaidInKeystonesShape(string body, int status)
    {
        var answer = await _api.PostAsync(Tokens, body);

        Assert.Equal((status, status), (answer.Status, (int)answer["error"]["code"]!));
    }

    [Fact]
    public async Task Token_MadeFromAToken_EndsWithItAndNamesIt()
    {
        var first = await IssueAsync("member", UsersOfTest.Password, Own);
        _time.Move(TimeSpan.FromMinutes(59));
        var second = await _api.PostAsync(Tokens, """{"auth":{"identity":{"methods":["token"],"token":{"id":"TOKEN"}},"scope":{"project":{"id":"second"}}}}""".Replace("TOKEN", first.Header("X-Subject-Token")));

        Assert.Equal((201, "second"), (second.Status, (string?)second["token"]["project"]!["id"]));
        Assert.Equal((string?)first["token"]["audit_ids"]![0], (string?)second["token"]["audit_ids"]![1]);
        _time.Move(TimeSpan.FromMinutes(1));
        Assert.Equal((401, 401), ((await UseAsync(_api, first)).Status, (await UseAsync(_api, second)).Status));
    }

    [Fact]
    public async Task Token_IsKnownAndTakenBackAtEveryProcessOnTheStore()
    {
        await using var second = await StartAsync();
        var token = await IssueAsync("member", UsersOfTest.Password, Own);
        Assert.Equal(200, (await UseAsync(second, token)).Status);
        var shown = await second.SendAsync(HttpMethod.Get, Tokens, null, null, ("X-Auth-Token", token.Header("X-Subject-Token")!), ("X-Subject-Token", token.Header("X-Subject-Token")!));
        Assert.Equal((string?)token["token"]["expires_at"], (string?)shown["token"]["expires_at"]);

        var revoked = await _api.SendAsync(HttpMethod.Delete, Tokens, null, null, ("X-Auth-Token", token.Header("X-Subject-Token")!), ("X-Subject-Token", token.Header("X-Subject-Token")!));

        Assert.Equal(204, revoked.Status);
        Assert.Equal((401, 401), ((await UseAsync(_api, token)).Status, (await UseAsync(second, token)).Status));
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 1, 0, 0, TimeSpan.Zero), Assert.Single(_revoked.Revoked).Value);
    }

    [Fact]
    public async Task Token_ChangedAnywhere_CountsForNothing()
    {
        var text = (await IssueAsync("member", UsersOfTest.Password, Own)).Header("X-Subject-Token")!;
        var session = _api.Services.GetRequiredService<TokenSessions>();
        Assert.NotNull(await session.FindAsync(text, default));
        string[] others = ["", "it1", "it1..", "it1.e30.e30", text + "A", text[..^1], "it2" + text[3..], new('x', 10_000)];

        Assert.All(others, other => Assert.Null(session.FindAsync(other, default).AsTask().GetAwaiter().GetResult()));
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == 'A' ? 'B' : 'A') + text[(i + 1)..];
            // The last character of either part holds bits that mean nothing.
            Assert.True(await session.FindAsync(changed, default) is null || text[(i + 1)..] is "" or ['.', ..], $"at {i}");
        }
    }

    [Fact]
    public async Task Token_EndsWithThePasswordTheProjectAndTheUser_AndRolesAreThoseOfNow()
    {
        var token = await IssueAsync("member", UsersOfTest.Password, Own);
        var other = PasswordHashes.Of("other");
        await ChangeAsync($"member:own:reader:{UsersOfTest.Hash}");
        Assert.Equal(200, (await UseAsync(_api, token)).Status);
        Assert.Equal(403, (await _api.SendAsync(HttpMethod.Post, "/v2.1/servers", "{}", null, ("X-Auth-Token", token.Header("X-Subject-Token")!))).Status);
        foreach (var line in new[] { $"member:own:member:{other}", $"member:second:member:{UsersOfTest.Hash}", $"admin:own:admin:{UsersOfTest.Hash}" })
        {
            await ChangeAsync(line);
            Assert.Equal(401, (await UseAsync(_api, token)).Status);
        }
    }

    [Fact]
    public async Task OtherModes_HaveNoFacade()
    {
        await using var api = await ApiHost.StartAsync();

        Assert.Contains("choices", (await api.PostAsync(Tokens, "{}")).Body!.Select(p => p.Key));
    }

    [Fact]
    public async Task Secrets_AreInNoLog()
    {
        await IssueAsync("member", "planted-password", Own);
        await _api.SendAsync(HttpMethod.Get, "/v2.1/servers", null, null, ("X-Auth-Token", "planted-token"));

        Assert.DoesNotContain(_api.Logs.Entries, e => e.Text.Contains("planted", StringComparison.Ordinal));
    }

    private static Task<Answer> UseAsync(ApiHost api, Answer token) => api.SendAsync(HttpMethod.Get, "/v2.1/servers", null, null, ("X-Auth-Token", token.Header("X-Subject-Token")!));

    private Task ChangeAsync(string line)
    {
        _users.Write(line);
        _time.Move(TimeSpan.FromSeconds(1));
        return Task.CompletedTask;
    }

    private Task<Answer> IssueAsync(string name, string password, string? scope)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = name, ["password"] = password, ["domain"] = new JsonObject { ["name"] = "Default" } } },
            },
        };
        if (scope is not null)
        {
            auth["scope"] = JsonNode.Parse(scope);
        }

        return _api.PostAsync(Tokens, new JsonObject { ["auth"] = auth }.ToJsonString());
    }

    private Task<ApiHost> StartAsync() => ApiHost.StartAsync(o => (o.Auth, o.UsersFile) = (AuthMode.Identity, _users.Path), time: _time, tokens: _revoked);

    private Task<Answer> LookAsync(string path, string token) => _api.SendAsync(HttpMethod.Get, $"/identity/v3/{path}", null, null, ("X-Auth-Token", token));

    private async Task<string> NamesAsync(string list, string token) => string.Join(' ', (await LookAsync(list, token)).List(list).Select(n => (string)n!["name"]!));
}
