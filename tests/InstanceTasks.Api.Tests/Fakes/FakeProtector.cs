using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks.Api.Tests.Fakes;

internal sealed class FakeProtector : ISecretProtector
{
    public byte[] Protect(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => (byte)(b ^ 0x5a))];

    public string? Unprotect(byte[] ciphertext) => Encoding.UTF8.GetString([.. ciphertext.Select(b => (byte)(b ^ 0x5a))]);

    public byte[] DeriveKey(string purpose) => SHA256.HashData(Encoding.UTF8.GetBytes(purpose));
}
