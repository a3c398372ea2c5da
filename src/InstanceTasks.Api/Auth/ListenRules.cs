using System.Net;

namespace InstanceTasks.Api.Auth;

/// <summary>Where the API may listen: without authentication on loopback only, and without TLS on loopback only.</summary>
public static class ListenRules
{
    /// <summary>Checks the addresses that the server is going to be bound to.</summary>
    /// <param name="options">The options.</param>
    /// <param name="urls">Addresses such as <c>http://127.0.0.1:8774</c>. Wildcards (<c>*</c>, <c>+</c>, <c>0.0.0.0</c>, <c>[::]</c>) are not on loopback.</param>
    /// <exception cref="ListenAddressException">One of them is not allowed.</exception>
    public static void Check(ApiOptions options, IEnumerable<string> urls)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<string> others = [.. urls.Where(url => !IsLoopback(url))];
        if (options.Auth == AuthMode.None && others.Count > 0)
        {
            throw new ListenAddressException($"auth: none is for loopback addresses only, but the API would listen on {others[0]}. Use http://127.0.0.1:PORT or configure authentication.");
        }

        if (!options.TlsTerminatedByProxy && others.Find(url => !url.StartsWith("https:", StringComparison.OrdinalIgnoreCase)) is { } plain)
        {
            throw new ListenAddressException(
                $"The API would listen on {plain} without TLS: passwords and tokens would cross the network in the clear. Use an https address and a certificate, or set Api:TlsTerminatedByProxy if a proxy before it speaks TLS.");
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

/// <summary>The API must not listen on an address.</summary>
public sealed class ListenAddressException : InvalidOperationException
{
    /// <summary>Creates the exception.</summary>
    public ListenAddressException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public ListenAddressException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public ListenAddressException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
