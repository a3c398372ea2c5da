using System.Security.Cryptography;

namespace InstanceTasks.Storage;

/// <summary>
/// Encrypts what is stored beside a task or an instance (passwords, private keys, user data) with AES-256-GCM under a key that lies in a
/// file of its own (mode 0600), made at the first start. A ciphertext is bound to its owner and name: moved to another row it does not open.
/// </summary>
public sealed class SecretBox : IDisposable
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const byte FormatVersion = 1;

    // One cipher object must not be used by two threads at once; sealing is rare and short.
    private readonly Lock _lock = new();
    private readonly AesGcm _aes;
    private readonly byte[] _macKey;

    private SecretBox(byte[] key)
    {
        _aes = new(key, TagBytes);
        _macKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeyBytes, info: "idempotency"u8.ToArray());
    }

    /// <summary>Reads the key file, or makes it with a random key.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a key.</exception>
    public static SecretBox Open(string path)
    {
        if (!File.Exists(path))
        {
            WriteNewKey(path);
        }

        var key = File.ReadAllBytes(path);
        try
        {
            return key.Length == KeyBytes
                ? new(key)
                : throw new InvalidDataException($"{path} does not hold a key of {KeyBytes} bytes. Restore it from a backup: without it stored secrets cannot be read.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Encrypts for one owner and name.</summary>
    public byte[] Seal(Guid owner, string name, ReadOnlySpan<byte> plaintext)
    {
        var sealedBytes = new byte[1 + NonceBytes + TagBytes + plaintext.Length];
        sealedBytes[0] = FormatVersion;
        var nonce = sealedBytes.AsSpan(1, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        lock (_lock)
        {
            _aes.Encrypt(nonce, plaintext, sealedBytes.AsSpan(1 + NonceBytes + TagBytes), sealedBytes.AsSpan(1 + NonceBytes, TagBytes), Context(owner, name));
        }

        return sealedBytes;
    }

    /// <summary>Decrypts.</summary>
    /// <exception cref="CryptographicException">Changed, made with another key, or sealed for another owner or name.</exception>
    public byte[] Open(Guid owner, string name, ReadOnlySpan<byte> ciphertext)
    {
        if (ciphertext.Length < 1 + NonceBytes + TagBytes || ciphertext[0] != FormatVersion)
        {
            throw new CryptographicException("Not a sealed secret of a known format.");
        }

        var plaintext = new byte[ciphertext.Length - 1 - NonceBytes - TagBytes];
        lock (_lock)
        {
            _aes.Decrypt(ciphertext.Slice(1, NonceBytes), ciphertext[(1 + NonceBytes + TagBytes)..], ciphertext.Slice(1 + NonceBytes, TagBytes), plaintext, Context(owner, name));
        }

        return plaintext;
    }

    /// <summary>A keyed hash, for recognising a repeated request body without keeping it (design §4.6). The same for every process on this key.</summary>
    public byte[] Hash(ReadOnlySpan<byte> data) => HMACSHA256.HashData(_macKey, data);

    /// <inheritdoc/>
    public void Dispose()
    {
        _aes.Dispose();
        CryptographicOperations.ZeroMemory(_macKey);
    }

    private static byte[] Context(Guid owner, string name) => [.. owner.ToByteArray(), .. System.Text.Encoding.UTF8.GetBytes(name)];

    private static void WriteNewKey(string path)
    {
        // Written beside under a name of its own and moved, so that a crash never leaves half a key under the real name, and of several
        // processes that start at once one makes the key that all of them read.
        var fresh = $"{path}.{Guid.NewGuid():n}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(fresh, options))
        {
            file.Write(RandomNumberGenerator.GetBytes(KeyBytes));
            file.Flush(flushToDisk: true);
        }

        try
        {
            ExclusiveName.Give(fresh, path);
        }
        finally
        {
            File.Delete(fresh);
        }
    }
}
