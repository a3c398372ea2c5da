using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>Whose a token is, and until when it counts.</summary>
internal sealed record KeystoneToken(Identity Who, DateTimeOffset ExpiresAt);

/// <summary>Keystone cannot be asked: what a token is worth is not known.</summary>
#pragma warning disable CA1032 // internal, always with its cause
internal sealed class KeystoneException(string message, Exception? inner = null) : Exception(message, inner);
#pragma warning restore CA1032

/// <summary>Asks a Keystone about tokens, as a service user whose own token is renewed before it ends.</summary>
internal sealed class KeystoneClient : IDisposable
{
    private const string AuthToken = "X-Auth-Token";
    private const string SubjectToken = "X-Subject-Token";
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    private readonly KeystoneOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Lock _gate = new();
    private readonly Uri _tokens;
    private ServiceToken? _own;
    private Task<ServiceToken>? _login;

    public KeystoneClient(IOptions<ApiOptions> options, TimeProvider time)
    {
        (_options, _time) = (options.Value.Keystone, time);
        _tokens = new($"{_options.Url!.TrimEnd('/')}/auth/tokens");
        // Not through a proxy of the environment: tokens go to Keystone and to nobody else.
        _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = _options.Timeout };
    }

    /// <summary>Null: it counts for nothing, or no more.</summary>
    /// <exception cref="KeystoneException">Keystone cannot be asked.</exception>
    public async Task<KeystoneToken?> FindAsync(string token)
    {
        try
        {
            var own = await OwnAsync(null);
            var answer = await AskAsync(token, own);
            // Taken back, or Keystone has forgotten its keys: once more with a new one of our own.
            return answer.Refused ? (await AskAsync(token, await OwnAsync(own))).Certain() : answer.Certain();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException or InvalidOperationException or FormatException or IOException)
        {
            throw new KeystoneException($"Keystone at {_tokens.Authority} cannot be asked: {e.Message}", e);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
    }

    private async Task<Answer> AskAsync(string token, ServiceToken own)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_tokens, "?nocatalog"));
        request.Headers.TryAddWithoutValidation(AuthToken, own.Text);
        request.Headers.TryAddWithoutValidation(SubjectToken, token);
        using var response = await _http.SendAsync(request);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => new(Read(await response.Content.ReadFromJsonAsync<JsonObject>()), Refused: false),
            HttpStatusCode.NotFound => new(null, Refused: false),
            HttpStatusCode.Unauthorized => new(null, Refused: true),
            var status => throw new HttpRequestException($"it answered {(int)status} about a token."),
        };
    }

    private static KeystoneToken Read(JsonObject? body)
    {
        var token = body?["token"]?.AsObject() ?? throw new JsonException("a token without a token.");
        var roles = token["roles"]?.AsArray().Select(r => (string)r!["name"]!) ?? [];
        var who = new Identity(new((string)token["user"]!["id"]!), new((string?)token["project"]?["id"] ?? ""), [.. roles]);
        return new(who, DateTimeOffset.Parse((string)token["expires_at"]!, System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>The service user's token; another one than the one that was refused.</summary>
    private async Task<ServiceToken> OwnAsync(ServiceToken? refused)
    {
        if (Usable(_own, refused) is { } known)
        {
            return known;
        }

        // All who wait wait for one login: should Keystone hang, nobody waits for the time-outs of those before him.
        Task<ServiceToken> login;
        lock (_gate)
        {
            login = Usable(_own, refused) is { } other ? Task.FromResult(other)
                : _login is { IsCompleted: false } under ? under
                : _login = LogInAndKeepAsync();
        }

        return await login;
    }

    private async Task<ServiceToken> LogInAndKeepAsync() => _own = await LogInAsync();

    private ServiceToken? Usable(ServiceToken? token, ServiceToken? refused) => token is not null && token != refused && token.RenewAt > _time.GetUtcNow() ? token : null;

    private async Task<ServiceToken> LogInAsync()
    {
        // With its length said: Keystone often runs where a body in chunks is no body.
        using var body = new StringContent(LogInBody().ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.PostAsync(_tokens, body);
        if (response.StatusCode != HttpStatusCode.Created || !response.Headers.TryGetValues(SubjectToken, out var values))
        {
            throw new HttpRequestException($"it answered {(int)response.StatusCode} to the service user '{_options.Username}'.");
        }

        var expires = Read(await response.Content.ReadFromJsonAsync<JsonObject>()).ExpiresAt;
        var life = expires - _time.GetUtcNow();
        return new(values.First(), expires - (life > Slack * 4 ? Slack : life / 4));
    }

    private JsonObject LogInBody() => new()
    {
        ["auth"] = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject
                {
                    ["user"] = new JsonObject { ["name"] = _options.Username, ["password"] = _options.Password, ["domain"] = new JsonObject { ["name"] = _options.UserDomain } },
                },
            },
            ["scope"] = new JsonObject
            {
                ["project"] = new JsonObject { ["name"] = _options.Project, ["domain"] = new JsonObject { ["name"] = _options.ProjectDomain } },
            },
        },
    };

    private sealed record ServiceToken(string Text, DateTimeOffset RenewAt);

    /// <param name="Token">What it says; null: it counts for nothing.</param>
    /// <param name="Refused">The service user was refused, so that nothing is known.</param>
    private sealed record Answer(KeystoneToken? Token, bool Refused)
    {
        public KeystoneToken? Certain() => Refused ? throw new HttpRequestException("it refuses the service user's new token.") : Token;
    }
}
