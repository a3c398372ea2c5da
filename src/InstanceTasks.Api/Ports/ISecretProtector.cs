namespace InstanceTasks.Api;

/// <summary>Encrypts what must not be readable in the store, each value for one owner and name; and hashes with a key.</summary>
public interface ISecretProtector
{
    /// <summary>Encrypts a text for one owner (a task's or an instance's id) and name.</summary>
    byte[] Protect(Guid owner, string name, string text);

    /// <summary>Decrypts it; null when it cannot be read: another key, owner or name.</summary>
    string? Unprotect(Guid owner, string name, byte[] ciphertext);

    /// <summary>A keyed hash: the same for the same data, also after a restart and in every process on the same store.</summary>
    byte[] Hash(ReadOnlySpan<byte> data);
}
