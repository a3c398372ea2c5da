using System.Net;

namespace InstanceTasks.Api.Auth;

/// <summary>Without authentication the API may be reached from its own machine only.</summary>
public static class LoopbackOnly
{
    /// <summary>The first address that is not on loopback, or null when all are. Wildcards (<c>*</c>, <c>+</c>, <c>0.0.0.0</c>, <c>[::]</c>) are not on loopback.</summary>
    /// <param name="urls">Addresses as the server was told or reports them, such as <c>http://127.0.0.1:8774</c>.</param>
    public static string? FindOther(IEnumerable<string> urls) => urls.FirstOrDefault(url => !IsLoopback(url));

    /// <summary>Checks the addresses that the server is bound to.</summary>
    /// <param name="options">The options; only <see cref="AuthMode.None"/> is restricted.</param>
    /// <param name="urls">The bound addresses.</param>
    /// <exception cref="InvalidOperationException">An address is not on loopback and there is no authentication.</exception>
    public static void Check(ApiOptions options, IEnumerable<string> urls)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Auth == AuthMode.None && FindOther(urls) is { } other)
        {
            throw new InvalidOperationException($"auth: none is for loopback addresses only, but the API would listen on {other}. Use http://127.0.0.1:PORT or configure authentication.");
        }
    }

    private static bool IsLoopback(string url)
    {
        if (url.StartsWith("http://unix:", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        return Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && (string.Equals(uri.Host, "localhost", StringComparison.OrdinalIgnoreCase)
                || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));
    }
}
