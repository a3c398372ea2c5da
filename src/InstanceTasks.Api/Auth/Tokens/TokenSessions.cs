using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>A token that counts, and whose it is.</summary>
internal sealed record TokenSession(AccessToken Token, UserEntry User, Membership Membership)
{
    public Identity Who => User.As(Membership);
}

/// <summary>Issues tokens to users of the users file, and says which ones count.</summary>
internal sealed class TokenSessions(AccessTokens tokens, UsersFile users, IRevokedTokens revoked, TimeProvider time, IOptions<ApiOptions> options)
{
    /// <summary>Null: it counts for nothing, or no more.</summary>
    public async ValueTask<TokenSession?> FindAsync(string text, CancellationToken cancellationToken)
    {
        if (tokens.Open(text) is not { } token || token.ExpiresAt <= time.GetUtcNow() || users.Current.Find(token.User) is not { } user
            || token.Fingerprint != tokens.Fingerprint(user.PasswordHash) || user.In(token.Project) is not { } membership)
        {
            return null;
        }

        // One read each time: what was taken back at one process is so at all of them.
        return await revoked.IsTokenRevokedAsync(token.Id, cancellationToken) ? null : new(token, user, membership);
    }

    /// <summary>A new token. One that was made from another does not live longer than that.</summary>
    public (string Text, TokenSession Session) Issue(UserEntry user, Membership membership, IReadOnlyList<string> methods, AccessToken? from)
    {
        var now = time.GetUtcNow();
        var token = new AccessToken(AccessTokens.NewId(), user.Name, membership.Project, methods, now, from?.ExpiresAt ?? now + options.Value.TokenLifetime, tokens.Fingerprint(user.PasswordHash), from?.Id);
        return (tokens.Seal(token), new(token, user, membership));
    }

    public Task RevokeAsync(TokenSession session, CancellationToken cancellationToken) => revoked.RevokeTokenAsync(session.Token.Id, session.Token.ExpiresAt, cancellationToken);
}
