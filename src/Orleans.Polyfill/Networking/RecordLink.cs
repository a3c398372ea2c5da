using System.Buffers;
using System.Buffers.Binary;

namespace Orleans.Polyfill;

/// <summary>Records in both directions within one HTTP/2 stream: the request's body is what the caller sends, the response's is what the callee sends.</summary>
internal sealed class RecordLink(Stream stream, int limit, IRecordLinkEnds ends) : IAsyncDisposable
{
    private const int LengthSize = 4;

    private readonly ArrayBufferWriter<byte> outgoing = new(16 * 1024);
    private readonly byte[] head = new byte[LengthSize];
    private bool ended;

    /// <summary>Adds a record to what <see cref="FlushAsync"/> sends; says how much waits there.</summary>
    public int Append(ReadOnlySpan<byte> record)
    {
        BinaryPrimitives.WriteInt32LittleEndian(outgoing.GetSpan(LengthSize), record.Length);
        outgoing.Advance(LengthSize);
        outgoing.Write(record);
        return outgoing.WrittenCount;
    }

    public async Task FlushAsync(CancellationToken token)
    {
        await stream.WriteAsync(outgoing.WrittenMemory, token);
        await stream.FlushAsync(token);
        outgoing.ResetWrittenCount();
    }

    /// <summary>The next record; null when the other side has ended between two.</summary>
    public async Task<byte[]?> ReadAsync(CancellationToken token)
    {
        var got = await stream.ReadAtLeastAsync(head, LengthSize, throwOnEndOfStream: false, token);
        if (got == 0)
        {
            ended = true;
            return null;
        }

        var size = got == LengthSize ? BinaryPrimitives.ReadInt32LittleEndian(head) : throw new EndOfStreamException("The connection ended within a record.");
        if (size < 0 || size > limit)
        {
            throw new ConnectionRefusedException($"a record of {size} bytes is not taken");
        }

        var record = new byte[size];
        await stream.ReadExactlyAsync(record, token);
        return record;
    }

    /// <summary>Nothing more will be written; what is still on its way arrives.</summary>
    public void End() => ends.End();

    /// <summary>Ends both directions at once.</summary>
    public ValueTask DisposeAsync() => ends.CloseAsync(ended);
}

/// <summary>How the two ends of a <see cref="RecordLink"/> differ.</summary>
internal interface IRecordLinkEnds
{
    /// <summary>Nothing more will be written.</summary>
    void End();

    /// <summary>Ends both directions; <paramref name="ended"/>: the other side has ended its own.</summary>
    ValueTask CloseAsync(bool ended);
}
