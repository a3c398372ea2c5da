using InstanceTasks.Client;
using Microsoft.AspNetCore.Components.Authorization;

namespace InstanceTasks.Dashboard.Sessions;

/// <summary>Who looks at this page, and his client of the API. One per circuit.</summary>
internal sealed class Session(ApiCalls calls, AuthenticationStateProvider states, TimeProvider time) : IDisposable
{
    // A circuit lives as long as its tab: a role that is taken away must not last that long.
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(10);

    private ComputeClient? _client;
    private Viewer? _viewer;
    private long _asked;

    /// <summary>Somebody who looks has become somebody else: has another role, say.</summary>
    public event EventHandler? Changed;

    /// <summary>Who looks.</summary>
    public Viewer Viewer => _viewer ?? throw new InvalidOperationException("Nobody is known to look yet.");

    /// <summary>His client.</summary>
    public ComputeClient Api => _client ?? throw new InvalidOperationException("Nobody is known to look yet.");

    /// <summary>Finds out who looks.</summary>
    public async Task<Identification> OpenAsync(CancellationToken cancellationToken = default)
    {
        var credential = SessionCookie.CredentialOf((await states.GetAuthenticationStateAsync()).User);
        var found = await calls.IdentifyAsync(credential, cancellationToken);
        if (found.Viewer is { } viewer)
        {
            _client ??= calls.ClientOf(credential);
            (var before, _viewer, _asked) = (_viewer, viewer, time.GetTimestamp());
            if (before is not null && before != viewer)
            {
                Changed?.Invoke(this, EventArgs.Empty);
            }
        }

        return found;
    }

    /// <summary>Who looks, for what no call of the API decides; found out anew when that was a while ago.</summary>
    /// <exception cref="ApiException">Nobody who is known any more, or it cannot be said now.</exception>
    public async Task<Viewer> KnowAsync(CancellationToken cancellationToken)
    {
        if (_viewer is { } known && time.GetElapsedTime(_asked) < KnownFor)
        {
            return known;
        }

        return await OpenAsync(cancellationToken) switch
        {
            { Viewer: { } viewer } => viewer,
            { Refusal: { } refusal } => throw new ApiException(KindOf(refusal.Status), refusal.Message) { Status = refusal.Status, RetryAfter = refusal.RetryAfter },
            _ => throw new ApiException(ProblemKind.Unauthorized, "The session is over."),
        };
    }

    public void Dispose() => _client?.Dispose();

    private static ProblemKind KindOf(int status) => status switch { 403 => ProblemKind.Forbidden, 429 => ProblemKind.TooMany, 503 => ProblemKind.Unavailable, _ => ProblemKind.Other };
}
