namespace Orleans.Polyfill;

/// <summary>Two directions as one stream. Who made it ends what is below.</summary>
internal sealed class JoinedStream(Stream input, Stream output) : AsyncStream
{
    public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);
}
