using System.Net.Http.Headers;
using System.Text;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>How a client says who it is.</summary>
public abstract class ClientAuth
{
    private protected ClientAuth()
    {
    }

    /// <summary>It does not: for services that ask nobody.</summary>
    public static ClientAuth None { get; } = new HeaderAuth(null);

    /// <summary>A token that somebody else has issued.</summary>
    public static ClientAuth Token(string token) => new HeaderAuth(h => h.Add("X-Auth-Token", token));

    /// <summary>A name and a password with each request.</summary>
    public static ClientAuth Basic(string user, string password)
    {
        var text = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        return new HeaderAuth(h => h.Authorization = new AuthenticationHeaderValue("Basic", text));
    }

    /// <summary>A name and a password for a token of an identity service (<c>v3password</c>), which is renewed when it counts no more.</summary>
    /// <param name="identity">The identity service with its version: <c>http://127.0.0.1:8774/identity/v3</c>.</param>
    /// <param name="user">The user's name.</param>
    /// <param name="password">The user's password.</param>
    /// <param name="project">The project's name.</param>
    /// <param name="domain">The domain of both.</param>
    public static ClientAuth Password(Uri identity, string user, string password, string project, string domain = "Default") => new PasswordAuth(identity, user, password, project, domain);

    /// <summary>Says it in a request.</summary>
    internal abstract ValueTask ApplyAsync(HttpRequestMessage request, HttpClient http, CancellationToken cancellationToken);

    /// <summary>The compute API according to the catalogue, or null.</summary>
    internal virtual ValueTask<Uri?> FindEndpointAsync(HttpClient http, CancellationToken cancellationToken) => new((Uri?)null);

    /// <summary>What was said in a request counts no more; false: it would say the same again.</summary>
    /// <param name="refused">The request that was refused.</param>
    internal virtual bool Forget(HttpRequestMessage refused) => false;

    private sealed class HeaderAuth(Action<HttpRequestHeaders>? apply) : ClientAuth
    {
        internal override ValueTask ApplyAsync(HttpRequestMessage request, HttpClient http, CancellationToken cancellationToken)
        {
            apply?.Invoke(request.Headers);
            return default;
        }
    }
}
