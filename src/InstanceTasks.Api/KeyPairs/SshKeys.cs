using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks.Api.KeyPairs;

/// <summary>SSH public keys in the one-line form.</summary>
internal static class SshKeys
{
    private const int RsaBits = 2048;

    private static readonly string[] Types =
    [
        "ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ];

    /// <summary>The fingerprint; null when the text is no public key.</summary>
    public static string? FingerprintOf(string publicKey)
    {
        var words = publicKey.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 2 || !Types.Contains(words[0]))
        {
            return null;
        }

        var blob = new byte[words[1].Length];
        return Convert.TryFromBase64String(words[1], blob, out var length) && NamesType(blob.AsSpan(0, length), words[0])
            ? Fingerprint(blob.AsSpan(0, length))
            : null;
    }

    /// <summary>A new RSA pair; the private key in PEM is shown once and never kept.</summary>
    public static (string PrivateKey, string PublicKey) Generate()
    {
        using var rsa = RSA.Create(RsaBits);
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        using var blob = new MemoryStream();
        WritePart(blob, Encoding.ASCII.GetBytes("ssh-rsa"));
        WritePart(blob, Positive(parameters.Exponent!));
        WritePart(blob, Positive(parameters.Modulus!));
        return (rsa.ExportRSAPrivateKeyPem() + "\n", $"ssh-rsa {Convert.ToBase64String(blob.ToArray())} Generated-by-InstanceTasks");
    }

    /// <summary>The blob begins with its own type, so that a key under a wrong name is noticed.</summary>
    private static bool NamesType(ReadOnlySpan<byte> blob, string type) =>
        blob.Length > 4 + type.Length
        && BinaryPrimitives.ReadUInt32BigEndian(blob) == type.Length
        && blob.Slice(4, type.Length).SequenceEqual(Encoding.ASCII.GetBytes(type));

    [SuppressMessage("Security", "CA5351", Justification = "The fingerprint on Nova's wire is MD5; nothing is protected by it.")]
    private static string Fingerprint(ReadOnlySpan<byte> blob) => string.Join(':', MD5.HashData(blob).Select(b => b.ToString("x2")));

    private static void WritePart(MemoryStream stream, byte[] part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, part.Length);
        stream.Write(length);
        stream.Write(part);
    }

    /// <summary>An mpint is signed: a leading one bit needs a zero byte before it.</summary>
    private static byte[] Positive(byte[] number) => (number[0] & 0x80) == 0 ? number : [0, .. number];
}
