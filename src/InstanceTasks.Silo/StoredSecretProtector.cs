using System.Security.Cryptography;
using System.Text;
using InstanceTasks.Api;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>Lets the API encrypt with the store's key.</summary>
internal sealed class StoredSecretProtector(SqliteStore store) : ISecretProtector
{
    private const string Name = "api";

    public byte[] Protect(string text) => store.Secrets.Seal(Guid.Empty, Name, Encoding.UTF8.GetBytes(text));

    public string? Unprotect(byte[] ciphertext)
    {
        try
        {
            return Encoding.UTF8.GetString(store.Secrets.Open(Guid.Empty, Name, ciphertext));
        }
        catch (CryptographicException)
        {
            // Made with another key, as after a restore without the key file: the answer leaves the field out.
            return null;
        }
    }

    public byte[] DeriveKey(string purpose) => store.Secrets.Hash(Encoding.UTF8.GetBytes(purpose));
}
