using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>
/// Records on a connection between two holders of the cluster's secret. Each proves first that it has the secret, for two numbers made for this
/// connection; everything after that is sealed (AES-GCM) with keys of this connection, one per direction, and numbered, so that nothing can be
/// read, changed, left out or repeated on the way. Nothing is parsed before its sender has proved itself.
/// </summary>
internal sealed class SecureChannel : IAsyncDisposable, IDisposable
{
    public const int TagSize = 16;
    private const int LengthSize = 4;
    private static readonly byte[] Magic = "OPF2"u8.ToArray();

    private readonly Stream stream;
    private readonly AesGcm sealing;
    private readonly AesGcm opening;
    private readonly int limit;
    private readonly byte[] sendNonce = new byte[12];
    private readonly byte[] receiveNonce = new byte[12];
    private readonly ArrayBufferWriter<byte> outgoing = new(16 * 1024);
    private readonly byte[] head = new byte[LengthSize];
    private ulong sent;
    private ulong received;

    private SecureChannel(Stream stream, byte[] sendKey, byte[] receiveKey, int limit)
    {
        this.stream = stream;
        this.limit = limit;
        sealing = new(sendKey, TagSize);
        opening = new(receiveKey, TagSize);
    }

    /// <summary>The side that connected.</summary>
    public static async Task<SecureChannel> ConnectAsync(Stream stream, ClusterSecret secret, int limit, CancellationToken token)
    {
        var mine = RandomNumberGenerator.GetBytes(ClusterSecret.NonceSize);
        await stream.WriteAsync((byte[])[.. Magic, .. mine], token);
        var theirs = await ReadAsync(stream, ClusterSecret.NonceSize, token);
        await stream.WriteAsync(secret.Proof("caller", mine, theirs), token);
        Require(await ReadAsync(stream, ClusterSecret.ProofSize, token), secret.Proof("callee", mine, theirs));
        return new(stream, secret.Key("caller", mine, theirs), secret.Key("callee", mine, theirs), limit);
    }

    /// <summary>The side that was connected to. It says nothing of its own secret before the other has proved to have it.</summary>
    public static async Task<SecureChannel> AcceptAsync(Stream stream, ClusterSecret secret, int limit, CancellationToken token)
    {
        if (!(await ReadAsync(stream, Magic.Length, token)).AsSpan().SequenceEqual(Magic))
        {
            throw new ConnectionRefusedException("what connected does not speak the silos' protocol");
        }

        var theirs = await ReadAsync(stream, ClusterSecret.NonceSize, token);
        var mine = RandomNumberGenerator.GetBytes(ClusterSecret.NonceSize);
        await stream.WriteAsync(mine, token);
        Require(await ReadAsync(stream, ClusterSecret.ProofSize, token), secret.Proof("caller", theirs, mine));
        await stream.WriteAsync(secret.Proof("callee", theirs, mine), token);
        return new(stream, secret.Key("callee", theirs, mine), secret.Key("caller", theirs, mine), limit);
    }

    /// <summary>Seals a record into the buffer that <see cref="FlushAsync"/> sends; says how much waits there.</summary>
    public int Append(ReadOnlySpan<byte> record)
    {
        var size = record.Length + TagSize;
        var span = outgoing.GetSpan(LengthSize + size);
        BinaryPrimitives.WriteInt32LittleEndian(span, size);
        BinaryPrimitives.WriteUInt64LittleEndian(sendNonce, sent++);
        sealing.Encrypt(sendNonce, record, span.Slice(LengthSize, record.Length), span.Slice(LengthSize + record.Length, TagSize), span[..LengthSize]);
        outgoing.Advance(LengthSize + size);
        return outgoing.WrittenCount;
    }

    public async Task FlushAsync(CancellationToken token)
    {
        await stream.WriteAsync(outgoing.WrittenMemory, token);
        outgoing.ResetWrittenCount();
    }

    /// <summary>The next record; null when the other side has closed the connection between two.</summary>
    public async Task<byte[]?> ReadAsync(CancellationToken token)
    {
        var got = await stream.ReadAtLeastAsync(head, LengthSize, throwOnEndOfStream: false, token);
        if (got == 0)
        {
            return null;
        }

        var size = got == LengthSize ? BinaryPrimitives.ReadInt32LittleEndian(head) : throw new EndOfStreamException("The connection ended within a record.");
        if (size < TagSize || size > limit)
        {
            throw new ConnectionRefusedException($"a record of {size} bytes is not taken");
        }

        var cipher = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            await stream.ReadExactlyAsync(cipher.AsMemory(0, size), token);
            return Open(cipher.AsSpan(0, size));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(cipher);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        sealing.Dispose();
        opening.Dispose();
    }

    /// <summary>For who cannot wait for the end.</summary>
    public void Dispose()
    {
        stream.Dispose();
        sealing.Dispose();
        opening.Dispose();
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int size, CancellationToken token)
    {
        var bytes = new byte[size];
        await stream.ReadExactlyAsync(bytes, token);
        return bytes;
    }

    private static void Require(byte[] given, byte[] expected)
    {
        if (!CryptographicOperations.FixedTimeEquals(given, expected))
        {
            throw new ConnectionRefusedException("the other side does not have this cluster's secret, or is of another cluster");
        }
    }

    private byte[] Open(ReadOnlySpan<byte> cipher)
    {
        var record = new byte[cipher.Length - TagSize];
        BinaryPrimitives.WriteUInt64LittleEndian(receiveNonce, received++);
        try
        {
            opening.Decrypt(receiveNonce, cipher[..^TagSize], cipher[^TagSize..], record, head);
        }
        catch (AuthenticationTagMismatchException error)
        {
            throw new ConnectionRefusedException("a record was changed on its way", error);
        }

        return record;
    }
}

/// <summary>The other side of a connection is not what it should be.</summary>
internal sealed class ConnectionRefusedException : IOException
{
    public ConnectionRefusedException(string why) : base($"A connection was refused: {why}.")
    {
    }

    public ConnectionRefusedException(string why, Exception inner) : base($"A connection was refused: {why}.", inner)
    {
    }
}
