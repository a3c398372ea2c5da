using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>The identity façade <c>/identity/v3</c>: as much of Keystone as clients with a password or a token need (nova-api §7.2).</summary>
internal sealed class IdentityResource(TokenSessions sessions, PasswordCheck passwords) : IApiResource
{
    private const string Tokens = "identity/v3/auth/tokens";
    private const string SubjectToken = "X-Subject-Token";

    public IEnumerable<ApiRoute> RootRoutes =>
    [
        new("GET", "identity", Versions),
        new("GET", "identity/v3", Version),
        new("POST", Tokens, IssueAsync),
        new("GET", Tokens, ShowAsync),
        new("DELETE", Tokens, RevokeAsync),
    ];

    private static Task<ApiAnswer> Versions(ApiCall call) =>
        Task.FromResult(new ApiAnswer(300, new JsonObject { ["versions"] = new JsonObject { ["values"] = new JsonArray(IdentityBodies.Version(call.Links)) } }));

    private static Task<ApiAnswer> Version(ApiCall call) => Task.FromResult(ApiAnswer.Ok(new JsonObject { ["version"] = IdentityBodies.Version(call.Links) }));

    private async Task<ApiAnswer> IssueAsync(ApiCall call)
    {
        var auth = (await call.BodyAsync()).Object("auth");
        var identity = auth.Object("identity");
        List<string> methods = [.. (identity.Array("methods") ?? []).Select(m => m.ValueKind == JsonValueKind.String ? m.GetString()! : throw ApiFault.BadRequest("methods must be texts."))];
        var (user, from) = methods switch
        {
            ["password"] => (await ByPasswordAsync(call, identity.Object("password").Object("user")), null),
            ["token"] => await ByTokenAsync(call, identity.Object("token").NeedText("id", Lexical.Any)),
            _ => throw Refused(call),
        };
        var membership = Scope(auth, user, from) ?? throw Refused(call);
        var (text, session) = sessions.Issue(user, membership, methods, from?.Token);
        return new ApiAnswer(201, IdentityBodies.Token(session, call.Links, !call.Query.Has("nocatalog"))).With(SubjectToken, text);
    }

    private async Task<UserEntry> ByPasswordAsync(ApiCall call, JsonInput input)
    {
        var name = input.Text("id", Lexical.Any) ?? (IsDefaultDomain(input) ? input.Text("name", Lexical.Any) : null) ?? throw Refused(call);
        return await passwords.FindAsync(name, input.NeedText("password", Lexical.Any), call.Http.Connection.RemoteIpAddress ?? IPAddress.None, call.Aborted) ?? throw Refused(call);
    }

    private async Task<(UserEntry User, TokenSession? From)> ByTokenAsync(ApiCall call, string text) =>
        await sessions.FindAsync(text, call.Aborted) is { } from ? (from.User, from) : throw Refused(call);

    /// <summary>The project that is asked for, or that of the token, or the user's first; null: he has no part in it.</summary>
    private static Membership? Scope(JsonInput auth, UserEntry user, TokenSession? from)
    {
        if (!auth.TryGet("scope", out var scope) || scope.ValueKind == JsonValueKind.String)
        {
            return from?.Membership ?? user.Default;
        }

        if (auth.Object("scope").OptionalObject("project") is not { } project)
        {
            return null;
        }

        var name = project.Text("id", Lexical.Any) ?? (IsDefaultDomain(project) ? project.Text("name", Lexical.Any) : null);
        return name is null ? null : user.In(name);
    }

    private static bool IsDefaultDomain(JsonInput input) =>
        input.OptionalObject("domain") is not { } domain
        || string.Equals(domain.Text("id", Lexical.Any) ?? domain.Text("name", Lexical.Any), "default", StringComparison.OrdinalIgnoreCase);

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var subject = await SubjectAsync(call);
        return ApiAnswer.Ok(IdentityBodies.Token(subject, call.Links, !call.Query.Has("nocatalog"))).With(SubjectToken, call.Header(SubjectToken)!);
    }

    private async Task<ApiAnswer> RevokeAsync(ApiCall call)
    {
        await sessions.RevokeAsync(await SubjectAsync(call), call.Aborted);
        return new(204);
    }

    private async Task<TokenSession> SubjectAsync(ApiCall call)
    {
        var subject = await sessions.FindAsync(call.Header(SubjectToken) ?? throw ApiFault.BadRequest($"The header {SubjectToken} is missing."), call.Aborted)
            ?? throw ApiFault.NotFound("Could not find token.");
        call.NeedUser(new(subject.User.Name));
        return subject;
    }

    private static ApiFault Refused(ApiCall call) => ApiFault.Unauthorized($"Keystone uri=\"{call.Links.BaseUrl}/identity/v3\"");
}
