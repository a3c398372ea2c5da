namespace Orleans.Polyfill;

/// <summary>What HTTP/2 runs over: everything that is written goes out sealed, and what arrives is opened before anybody sees it.</summary>
internal sealed class SealedStream(SecureChannel channel) : AsyncStream
{
    /// <summary>The largest record; four of the frames that HTTP/2 sends.</summary>
    public const int MaxRecord = 64 * 1024;

    private ReadOnlyMemory<byte> opened;

    public override void Flush()
    {
        // What is written is sent at once.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

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
