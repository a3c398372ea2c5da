using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Dashboard.Sessions;

/// <summary>What somebody has typed in.</summary>
internal sealed record SignInForm(string User, string Password, string? Project, string Address);

/// <summary>What came of it: a credential, or why not.</summary>
internal sealed record SignInResult(Credential? Credential, string? Refusal);

/// <summary>Turns a name and a password into what the API accepts, by asking it, or the identity service, the way every client does.</summary>
internal sealed partial class SignIn(IDashboardApi api, ApiCalls calls, ILogger<SignIn> log) : IDisposable
{
    private readonly HttpClient _outside = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(5) }) { Timeout = TimeSpan.FromSeconds(15) };

    public async Task<SignInResult> TryAsync(SignInForm form, CancellationToken cancellationToken)
    {
        try
        {
            return api.Mode == SignInMode.Password ? await ByPasswordAsync(form, cancellationToken) : await ByTokenAsync(form, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new(null, "The identity service cannot be reached. Try again in a moment.");
        }
    }

    /// <summary>Makes a token count no more, where there is one. Signing out does not fail for that: the cookie is gone in any case.</summary>
    public async Task RevokeAsync(Credential? credential, CancellationToken cancellationToken)
    {
        if (api.Mode != SignInMode.Token || credential is null)
        {
            return;
        }

        try
        {
            using var inside = api.Identity is null ? new HttpClient(calls.HandlerOf(credential)) : null;
            using var request = new HttpRequestMessage(HttpMethod.Delete, TokensUrl);
            request.Headers.TryAddWithoutValidation("X-Subject-Token", credential.Value);
            if (inside is null)
            {
                request.Headers.TryAddWithoutValidation(credential.Header, credential.Value);
            }

            using var answer = await (inside ?? _outside).SendAsync(request, cancellationToken);
            // One that counts no more already is what is wanted.
            if (!answer.IsSuccessStatusCode && (int)answer.StatusCode is not (401 or 404))
            {
                LogNotRevoked(log, null, (int)answer.StatusCode);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            LogNotRevoked(log, e, 0);
        }
    }

    public void Dispose() => _outside.Dispose();

    private string TokensUrl => $"{api.Identity?.AbsoluteUri.TrimEnd('/') ?? "http://dashboard.invalid/identity/v3"}/auth/tokens";

    private async Task<SignInResult> ByPasswordAsync(SignInForm form, CancellationToken cancellationToken)
    {
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{form.User}:{form.Password}"));
        var credential = new Credential("Authorization", $"Basic {text}", form.Address);
        using var client = new HttpClient(calls.HandlerOf(credential));
        using var answer = await client.GetAsync("http://dashboard.invalid/v2.1/limits", cancellationToken);
        return answer.IsSuccessStatusCode ? new(credential, null) : new(null, await RefusalAsync(answer, cancellationToken));
    }

    private async Task<SignInResult> ByTokenAsync(SignInForm form, CancellationToken cancellationToken)
    {
        using var inside = api.Identity is null ? new HttpClient(calls.HandlerOf(new("", "", form.Address))) : null;
        // With its length: Keystone behind uwsgi finds no body in one that comes in chunks.
        using var body = new StringContent(BodyOf(form).ToJsonString(), Encoding.UTF8, "application/json");
        using var answer = await (inside ?? _outside).PostAsync($"{TokensUrl}?nocatalog", body, cancellationToken);
        return answer.IsSuccessStatusCode && answer.Headers.TryGetValues("X-Subject-Token", out var tokens)
            ? new(new("X-Auth-Token", tokens.First(), form.Address), null)
            : new(null, await RefusalAsync(answer, cancellationToken));
    }

    private static JsonObject BodyOf(SignInForm form)
    {
        var domain = new JsonObject { ["id"] = "default" };
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = form.User, ["password"] = form.Password, ["domain"] = domain.DeepClone() } },
            },
        };
        if (form.Project is { Length: > 0 } project)
        {
            auth["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = project, ["domain"] = domain } };
        }

        return new() { ["auth"] = auth };
    }

    private static async Task<string> RefusalAsync(HttpResponseMessage answer, CancellationToken cancellationToken) => (int)answer.StatusCode switch
    {
        401 => "The name, the password or the project is not right.",
        429 => $"Too many wrong passwords. Try again in {answer.Headers.RetryAfter?.Delta?.TotalSeconds ?? 5:0} s.",
        _ => MessageOf(await answer.Content.ReadAsStringAsync(cancellationToken)) ?? $"It was refused ({(int)answer.StatusCode}).",
    };

    private static string? MessageOf(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject body && body.FirstOrDefault().Value is JsonObject fault ? (string?)fault["message"] : null;
        }
        catch (JsonException)
        {
            // A proxy's page, perhaps: the status must do.
            return null;
        }
    }
}
