using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace InstanceTasks.Api.Auth;

/// <summary>What a token says. Roles are not in it: those of the users file at the time of use count.</summary>
/// <param name="Id">Its public id, by which it can be taken back.</param>
/// <param name="User">The user.</param>
/// <param name="Project">The project.</param>
/// <param name="Methods">How he has shown that it is him.</param>
/// <param name="IssuedAt">When.</param>
/// <param name="ExpiresAt">Until when it counts.</param>
/// <param name="Fingerprint">Of the password that the user had: a changed one ends the token.</param>
/// <param name="From">The id of the token that it was made from.</param>
internal sealed record AccessToken(string Id, string User, string Project, IReadOnlyList<string> Methods, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, string Fingerprint, string? From);

/// <summary>Makes and reads tokens: signed with a key from the store's, so that each process on the store knows those of the others.</summary>
internal sealed class AccessTokens(ISecretProtector secrets)
{
    private const string Version = "it1";
    private const int Longest = 4096;

    // Made when it is needed: the store has no key before it is open.
    private readonly Lazy<byte[]> _key = new(() => secrets.Hash("instancetasks: the key that access tokens are signed with"u8));

    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public string Fingerprint(string passwordHash) => Base64Url.EncodeToString(Mac("password", passwordHash).AsSpan(0, 12));

    public string Seal(AccessToken token)
    {
        var payload = Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(token));
        return $"{Version}.{payload}.{Base64Url.EncodeToString(Mac(Version, payload))}";
    }

    /// <summary>Null: it was not made here. Whether its time is over is another question.</summary>
    public AccessToken? Open(string text)
    {
        if (text.Length > Longest || text.Split('.') is not [Version, var payload, var mac] || !Base64Url.IsValid(mac) || !Base64Url.IsValid(payload))
        {
            return null;
        }

        return CryptographicOperations.FixedTimeEquals(Base64Url.DecodeFromChars(mac), Mac(Version, payload))
            ? JsonSerializer.Deserialize<AccessToken>(Base64Url.DecodeFromChars(payload))
            : null;
    }

    private byte[] Mac(string purpose, string text) => HMACSHA256.HashData(_key.Value, Encoding.UTF8.GetBytes($"{purpose}\n{text}"));
}
