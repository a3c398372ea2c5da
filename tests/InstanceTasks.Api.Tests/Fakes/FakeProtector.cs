using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks.Api.Tests.Fakes;

internal sealed class FakeProtector : ISecretProtector
{
    public byte[] Protect(Guid owner, string name, string text) => [.. Encoding.UTF8.GetBytes($"{owner}/{name}/{text}").Select(b => (byte)(b ^ 0x5a))];

    public string? Unprotect(Guid owner, string name, byte[] ciphertext)
    {
        var text = Encoding.UTF8.GetString([.. ciphertext.Select(b => (byte)(b ^ 0x5a))]);
        return text.StartsWith($"{owner}/{name}/", StringComparison.Ordinal) ? text[$"{owner}/{name}/".Length..] : null;
    }

    public byte[] Hash(ReadOnlySpan<byte> data) => HMACSHA256.HashData("key"u8, data);
}
