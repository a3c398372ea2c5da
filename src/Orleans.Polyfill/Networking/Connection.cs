using System.Threading.Channels;

namespace Orleans.Polyfill;

/// <summary>A connection after its greeting: sends what waits in its queue, hands on what arrives, until either side ends it.</summary>
internal sealed class Connection
{
    /// <summary>So much is gathered before it is sent, if there is more than one record.</summary>
    private const int BatchSize = 64 * 1024;

    private readonly RecordLink link;
    private readonly OutgoingQueue queue;
    private readonly TimeSpan endLimit;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource closing = new();

    public Connection(RecordLink link, OutgoingQueue queue, TimeSpan endLimit, TimeProvider clock)
    {
        (this.endLimit, this.clock) = (endLimit, clock);
        this.link = link;
        this.queue = queue;
    }

    /// <summary>Ended from here, after all that waited was sent and the other side had read it.</summary>
    public bool IsFinished { get; private set; }

    public bool TrySend(byte[] record) => queue.TryAdd(record);

    public void Close() => closing.Cancel();

    /// <summary>Returns when the connection has ended, with the reason if that was not on purpose.</summary>
    public async Task<Exception?> RunAsync(Action<byte[]> received)
    {
        var reading = ReadAsync(received);
        var writing = WriteAsync();
        var first = await Task.WhenAny(reading, writing);
        queue.Close();
        if (writing.IsCompletedSuccessfully)
        {
            // The other side ends its own direction once it has read everything; one that stands still is not waited for.
            link.End();
            await reading.WaitAsync(endLimit, clock).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            IsFinished = first == writing && reading.IsCompletedSuccessfully && !closing.IsCancellationRequested;
        }

        await closing.CancelAsync();
        await link.DisposeAsync();
        await Task.WhenAll(reading, writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return first.Exception?.InnerException;
    }

    private async Task ReadAsync(Action<byte[]> received)
    {
        while (!closing.IsCancellationRequested && await link.ReadAsync(closing.Token) is { } record)
        {
            received(record);
        }
    }

    private async Task WriteAsync()
    {
        while (await queue.WaitAsync(closing.Token))
        {
            var (waiting, taken) = (0, 0L);
            while (waiting < BatchSize && queue.TryTake(out var record))
            {
                waiting = link.Append(record);
                taken += record.Length;
            }

            await link.FlushAsync(closing.Token);
            queue.Sent(taken);
        }
    }
}

/// <summary>What waits to be sent, bounded in number and in bytes: a slow or dead receiver must not fill the sender's memory.</summary>
internal sealed class OutgoingQueue(int records, long bytes)
{
    private readonly Channel<byte[]> waiting = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(records) { SingleReader = true });
    private long size;

    public bool TryAdd(byte[] record)
    {
        // A record larger than all that may wait is sent when nothing else waits.
        if (Interlocked.Add(ref size, record.Length) is var now && (now <= bytes || now == record.Length) && waiting.Writer.TryWrite(record))
        {
            return true;
        }

        Interlocked.Add(ref size, -record.Length);
        return false;
    }

    public ValueTask<bool> WaitAsync(CancellationToken token) => waiting.Reader.WaitToReadAsync(token);

    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out byte[]? record) => waiting.Reader.TryRead(out record);

    /// <summary>So many bytes that were taken are sent.</summary>
    public void Sent(long taken) => Interlocked.Add(ref size, -taken);

    /// <summary>Nothing waits, or is being sent.</summary>
    public bool IsEmpty => Interlocked.Read(ref size) == 0;

    public bool IsClosed { get; private set; }

    /// <summary>Nothing more is taken; what waits may still be sent.</summary>
    public void Close()
    {
        IsClosed = true;
        waiting.Writer.TryComplete();
    }
}
