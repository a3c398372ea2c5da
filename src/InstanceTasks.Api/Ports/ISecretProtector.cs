namespace InstanceTasks.Api;

/// <summary>Encrypts what must not be readable in the store: passwords and user data.</summary>
public interface ISecretProtector
{
    /// <summary>Encrypts a text.</summary>
    byte[] Protect(string text);

    /// <summary>Decrypts it; null when it cannot be read with the present key.</summary>
    string? Unprotect(byte[] ciphertext);

    /// <summary>A key for keyed hashes, at least 32 bytes: the same for the same purpose, also after a restart.</summary>
    byte[] DeriveKey(string purpose);
}
