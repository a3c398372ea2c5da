using System.Net;
using System.Security.Cryptography;
using System.Text;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>
/// What the processes of a cluster know and nobody else. In the configuration it is <c>Orleans:Polyfill:ClusterSecret</c>; the real packages
/// have no such setting and ignore it.
/// </summary>
public sealed class PolyfillClusterOptions
{
    /// <summary>The shortest secret that is taken.</summary>
    public const int MinimumSecretLength = 16;

    /// <summary>The secret; empty only where everything listens on loopback.</summary>
    public string ClusterSecret { get; set; } = "";
}

/// <summary>Proofs and keys that are made of the cluster's secret.</summary>
internal sealed class ClusterSecret
{
    public const int NonceSize = 32;
    public const int ProofSize = 32;
    private const int KeySize = 32;

    private readonly byte[] root;

    public ClusterSecret(string secret, string cluster) =>
        root = HKDF.Extract(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"orleans-polyfill/1/{cluster}"));

    /// <summary>Refuses what would let strangers in.</summary>
    /// <exception cref="OrleansConfigurationException">There is no secret, or a short one, where others than this machine can connect.</exception>
    public static void Check(string secret, params IEnumerable<IPAddress> addresses)
    {
        if (secret.Length is > 0 and < PolyfillClusterOptions.MinimumSecretLength)
        {
            throw new OrleansConfigurationException($"Orleans:Polyfill:ClusterSecret is shorter than {PolyfillClusterOptions.MinimumSecretLength} characters.");
        }

        if (secret.Length == 0 && addresses.FirstOrDefault(a => !IPAddress.IsLoopback(a)) is { } open)
        {
            throw new OrleansConfigurationException($"Orleans:Polyfill:ClusterSecret is not set, and the silo can be reached at {open}: without it only loopback is served.");
        }
    }

    /// <summary>What only a holder of the secret can say about these two numbers.</summary>
    public byte[] Proof(string side, byte[] caller, byte[] callee) => HMACSHA256.HashData(Derive("proof", [], KeySize), (byte[])[.. Encoding.UTF8.GetBytes(side), .. caller, .. callee]);

    /// <summary>The key for what one side sends on one connection.</summary>
    public byte[] Key(string side, byte[] caller, byte[] callee) => Derive(side, [.. caller, .. callee], KeySize);

    private byte[] Derive(string purpose, byte[] numbers, int size) => HKDF.Expand(HashAlgorithmName.SHA256, root, size, [.. Encoding.UTF8.GetBytes(purpose), .. numbers]);
}
