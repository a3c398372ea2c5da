using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>
/// <c>auth: keystone</c>: <c>X-Auth-Token</c> with a token of a Keystone. Its answers are used again for a short time, known by a keyed hash; a
/// token is asked about once, however many requests bring it at once. Where Keystone cannot be asked nobody is refused as a stranger: 503.
/// </summary>
internal sealed partial class KeystoneAuth(KeystoneClient keystone, CallerLimits limits, TimeProvider time, IOptions<ApiOptions> options, ILogger<KeystoneAuth> log) : IAuthenticator
{
    private const int LongestToken = 8192;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly KeystoneOptions _options = options.Value.Keystone;
    private readonly ConcurrentDictionary<string, Lazy<Task<KeystoneToken?>>> _asking = new(StringComparer.Ordinal);
    private readonly ExpiringCache<KeystoneToken> _known = new(time, options.Value.Keystone.CacheSize);

    // In a place of their own: whoever sends rubbish cannot push out what is known of good ones.
    private readonly ExpiringCache<bool> _unknown = new(time, options.Value.Keystone.CacheSize);

    public async ValueTask<Identity> AuthenticateAsync(HttpContext http)
    {
        var text = http.Request.Headers["X-Auth-Token"].ToString();
        // What no token has in it could not even be sent on.
        if (text.Length is 0 or > LongestToken || !text.All(c => c is > ' ' and < '\x7f') || await FindAsync(http, text) is not { } token)
        {
            throw ApiFault.Unauthorized($"Keystone uri=\"{_options.PublicUrl ?? _options.Url}\"");
        }

        return token.Who.Project.Value.Length > 0 ? token.Who : throw new ApiFault(403, "The token is not for a project; ask for one that is.");
    }

    private async ValueTask<KeystoneToken?> FindAsync(HttpContext http, string text)
    {
        var key = Convert.ToBase64String(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(text)));
        if (_known.TryGet(key, out var known))
        {
            return known.ExpiresAt > time.GetUtcNow() ? known : null;
        }

        if (_unknown.TryGet(key, out _))
        {
            return null;
        }

        // Whoever makes tokens up asks Keystone no more than anybody may ask us.
        using var place = limits.Enter(http);
        return await AskOnceAsync(key, text);
    }

    private async Task<KeystoneToken?> AskOnceAsync(string key, string text)
    {
        var asking = _asking.GetOrAdd(key, _ => new(() => AskAsync(key, text)));
        try
        {
            return await asking.Value;
        }
        catch (KeystoneException e)
        {
            LogUnreachable(log, e.Message);
            throw new ApiFault(503, "The identity service cannot be asked whose the token is.") { Headers = { ["Retry-After"] = "5" } };
        }
        finally
        {
            _asking.TryRemove(KeyValuePair.Create(key, asking));
        }
    }

    // The time of an answer is that of the question: it may have been taken back while the answer was on its way.
    private async Task<KeystoneToken?> AskAsync(string key, string text)
    {
        // Between our look and our turn somebody else may have been told.
        if (_known.TryGet(key, out var known) && known.ExpiresAt > time.GetUtcNow())
        {
            return known;
        }

        var began = time.GetTimestamp();
        var token = await keystone.FindAsync(text);
        var keep = _options.CacheTime - time.GetElapsedTime(began);
        if (token is null)
        {
            _unknown.Set(key, true, keep);
        }
        else if (token.ExpiresAt > time.GetUtcNow())
        {
            _known.Set(key, token, keep);
        }

        return token;
    }

    [LoggerMessage(25, LogLevel.Error, "{Problem}")]
    private static partial void LogUnreachable(ILogger logger, string problem);
}
