using System.Net;
using System.Net.Sockets;
using System.Text;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>An answer as it came.</summary>
/// <param name="Status">The status; 0: the connection was closed without an answer.</param>
/// <param name="Headers">The headers, by names in small letters.</param>
/// <param name="Body">The body.</param>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public static readonly RawAnswer Closed = new(0, new Dictionary<string, string>(), []);

    public override string ToString() => $"{Status} {Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 500)))}";
}

/// <summary>Sends bytes over one connection after the other, each for as long as the other side keeps it.</summary>
internal sealed class RawClient(Uri server, TimeSpan patience) : IDisposable
{
    private TcpClient? _connection;
    private BufferedStream? _stream;

    /// <exception cref="TimeoutException">Nothing came in time: it hangs.</exception>
    public async Task<RawAnswer> SendAsync(RawRequest request)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            return await ExchangeAsync(request, limit.Token);
        }
        catch (OperationCanceledException e)
        {
            Dispose();
            throw new TimeoutException($"No answer within {patience.TotalSeconds} s.", e);
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _connection?.Dispose();
        (_stream, _connection) = (null, null);
    }

    private async Task<RawAnswer> ExchangeAsync(RawRequest request, CancellationToken limit)
    {
        var isReused = _stream is not null;
        var answer = await TryAsync(request, limit);
        if (answer.Status == 0 && isReused && !request.IsCutShort)
        {
            // It was closed after the answer before, which is not this request's fault.
            Dispose();
            answer = await TryAsync(request, limit);
        }

        if (answer.Status == 0 || request.IsCutShort || request.Version != "HTTP/1.1" || (answer.Headers.TryGetValue("connection", out var connection) && connection == "close"))
        {
            Dispose();
        }

        return answer;
    }

    private async Task<RawAnswer> TryAsync(RawRequest request, CancellationToken limit)
    {
        try
        {
            var stream = await ConnectedAsync(limit);
            await WriteAsync(stream, request, limit);
            return await ReadAsync(stream, request.Method == "HEAD", limit);
        }
        catch (IOException)
        {
            return RawAnswer.Closed;
        }
    }

    private async Task<BufferedStream> ConnectedAsync(CancellationToken limit)
    {
        if (_stream is null)
        {
            _connection = new() { NoDelay = true };
            await _connection.ConnectAsync(IPAddress.Loopback, server.Port, limit);
            _stream = new(_connection.GetStream());
        }

        return _stream;
    }

    // The other side may refuse and close before everything is sent: what it said until then is read all the same.
    private async Task WriteAsync(BufferedStream stream, RawRequest request, CancellationToken limit)
    {
        try
        {
            await _connection!.GetStream().WriteAsync(request.ToBytes(), limit);
            if (request.IsCutShort)
            {
                _connection.Client.Shutdown(SocketShutdown.Send);
            }
        }
        catch (IOException) when (stream.CanRead)
        {
            // What was said is read next, and if nothing was, that says so.
        }
    }

    private static async Task<RawAnswer> ReadAsync(BufferedStream stream, bool isHead, CancellationToken limit)
    {
        while (true)
        {
            if (await LineAsync(stream, limit) is not { Length: > 0 } first || !int.TryParse(first.Split(' ').ElementAtOrDefault(1), out var status))
            {
                return RawAnswer.Closed;
            }

            var headers = new Dictionary<string, string>(StringComparer.Ordinal);
            while (await LineAsync(stream, limit) is { Length: > 0 } line)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                headers[line[..colon].ToLowerInvariant()] = line[(colon + 1)..].Trim();
            }

            if (status != 100)
            {
                return new(status, headers, isHead || status is 204 or 304 ? [] : await BodyAsync(stream, headers, limit));
            }
        }
    }

    private static async Task<byte[]> BodyAsync(BufferedStream stream, Dictionary<string, string> headers, CancellationToken limit)
    {
        if (!headers.TryGetValue("content-length", out var length))
        {
            throw new InvalidDataException($"An answer without a length: {string.Join(", ", headers)}");
        }

        var body = new byte[int.Parse(length)];
        await stream.ReadExactlyAsync(body, limit);
        return body;
    }

    /// <summary>Null: the connection is closed.</summary>
    private static async Task<string?> LineAsync(BufferedStream stream, CancellationToken limit)
    {
        var (line, one) = (new List<byte>(), new byte[1]);
        while (await stream.ReadAsync(one, limit) == 1)
        {
            if (one[0] == '\n')
            {
                return Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
            }

            line.Add(one[0]);
        }

        return null;
    }
}
