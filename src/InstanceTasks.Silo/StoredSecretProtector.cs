using System.Security.Cryptography;
using System.Text;
using InstanceTasks.Api;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>Lets the API encrypt and hash with the store's key.</summary>
internal sealed class StoredSecretProtector(IInstanceTasksStore store) : ISecretProtector
{
    public byte[] Protect(Guid owner, string name, string text) => store.Secrets.Seal(owner, name, Encoding.UTF8.GetBytes(text));

    public string? Unprotect(Guid owner, string name, byte[] ciphertext)
    {
        try
        {
            return Encoding.UTF8.GetString(store.Secrets.Open(owner, name, ciphertext));
        }
        catch (CryptographicException)
        {
            // Made with another key, as after a restore without the key file: the answer leaves the field out.
            return null;
        }
    }

    public byte[] Hash(ReadOnlySpan<byte> data) => store.Secrets.Hash(data);
}
