using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>A token for a password, asked for when it is needed.</summary>
internal sealed class PasswordAuth(Uri identity, string user, string password, string project, string domain) : ClientAuth
{
    private const string Header = "X-Auth-Token";
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(100);

    private readonly Lock _gate = new();
    private Task<Issued>? _issuing;

    internal override async ValueTask ApplyAsync(HttpRequestMessage request, HttpClient http, CancellationToken cancellationToken) =>
        request.Headers.Add(Header, (await GetAsync(http, cancellationToken)).Token);

    internal override async ValueTask<Uri?> FindEndpointAsync(HttpClient http, CancellationToken cancellationToken) => (await GetAsync(http, cancellationToken)).Compute;

    internal override bool Forget(HttpRequestMessage refused)
    {
        // Without a token it was the password that was refused: that is not tried again by itself, it counts as a guess.
        if (!refused.Headers.TryGetValues(Header, out var used))
        {
            return false;
        }

        lock (_gate)
        {
            // Several calls find out about one token: only the first of them drops it, the others wait for the new one.
            _issuing = _issuing is { IsCompletedSuccessfully: true } known && known.Result.Token == used.First() ? null : _issuing;
            return true;
        }
    }

    // Asked once for all who need it at that moment; nobody's cancelling ends it for the others.
    private Task<Issued> GetAsync(HttpClient http, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _issuing = _issuing is { IsFaulted: false, IsCanceled: false } ? _issuing : IssueAsync(http);
            return _issuing.WaitAsync(cancellationToken);
        }
    }

    // An identity service that never answers is asked again by who comes next.
    private async Task<Issued> IssueAsync(HttpClient http)
    {
        using var late = new CancellationTokenSource(AnswerTimeout);
        var cancellationToken = late.Token;
        using var answer = await http.PostAsJsonAsync($"{identity.AbsoluteUri.TrimEnd('/')}/auth/tokens", Body(), cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw await Problems.OfAsync(answer, cancellationToken);
        }

        var token = answer.Headers.TryGetValues("X-Subject-Token", out var values) ? values.First() : throw new ApiException(ProblemKind.Other, "The identity service gave no token.");
        return new(token, ComputeOf(await answer.Content.ReadFromJsonAsync<JsonObject>(cancellationToken)));
    }

    private JsonObject Body() => new()
    {
        ["auth"] = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = user, ["password"] = password, ["domain"] = new JsonObject { ["name"] = domain } } },
            },
            ["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = project, ["domain"] = new JsonObject { ["name"] = domain } } },
        },
    };

    private static Uri? ComputeOf(JsonObject? body) => body?["token"]?["catalog"]?.AsArray()
        .Where(s => (string?)s?["type"] == "compute")
        .SelectMany(s => s!["endpoints"]!.AsArray())
        .Where(e => (string?)e?["interface"] == "public")
        .Select(e => new Uri((string)e!["url"]!))
        .FirstOrDefault();

    private sealed record Issued(string Token, Uri? Compute);
}
