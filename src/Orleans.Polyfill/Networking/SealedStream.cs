namespace Orleans.Polyfill;

/// <summary>What HTTP/2 runs over: everything that is written goes out sealed, and what arrives is opened before anybody sees it.</summary>
internal sealed class SealedStream(SecureChannel channel) : Stream
{
    /// <summary>The largest record; four of the frames that HTTP/2 sends.</summary>
    public const int MaxRecord = 64 * 1024;

    private ReadOnlyMemory<byte> opened;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
        // What is written is sent at once.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        // Whoever reads nothing asks whether there is something.
        while (opened.IsEmpty)
        {
            if (await channel.ReadAsync(cancellationToken) is not { } record)
            {
                return 0;
            }

            opened = record;
        }

        var size = Math.Min(buffer.Length, opened.Length);
        opened[..size].CopyTo(buffer);
        opened = opened[size..];
        return size;
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var size = Math.Min(buffer.Length, MaxRecord);
            channel.Append(buffer.Span[..size]);
            buffer = buffer[size..];
            await channel.FlushAsync(cancellationToken);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        await base.DisposeAsync();
    }

    // Who disposes without waiting wants it closed all the same.
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            channel.Dispose();
        }

        base.Dispose(disposing);
    }
}
