using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;

namespace Orleans.Polyfill;

/// <summary>
/// Makes a connection: a socket, the proofs of the secret, and within what is sealed from then on HTTP/2 with one request, whose two bodies stay open. Not one byte of HTTP goes to somebody who has
/// not proved to belong here.
/// </summary>
internal sealed class LinkCaller : IRecordLinkEnds
{
    public const string Path = "/records";

    // Whom it is sent to is the socket's matter.
    private static readonly Uri Address = new("http://silo" + Path);

    private readonly HttpMessageInvoker invoker;
    private readonly OpenBody body = new();
    private HttpResponseMessage? response;
    private Stream? transport;

    private LinkCaller(IPEndPoint endpoint, ClusterSecret secret, TimeSpan limit, CancellationToken opening) => invoker = new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, given) =>
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(given, opening);
            return transport = await ConnectAsync(endpoint, secret, either.Token);
        },
        ConnectTimeout = limit,
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        InitialHttp2StreamWindowSize = 1024 * 1024,
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
    });

    /// <summary>Opens a link to the process that listens there.</summary>
    /// <exception cref="IOException">It could not be opened; a <see cref="ConnectionRefusedException"/> when the other side is not what it should be.</exception>
    public static async Task<RecordLink> OpenAsync(IPEndPoint endpoint, ClusterSecret secret, TimeSpan limit, CancellationToken token)
    {
        var caller = new LinkCaller(endpoint, secret, limit, token);
        try
        {
            return new(await caller.RequestAsync(token), TransportSettings.MaxRecord, caller);
        }
        catch (Exception error)
        {
            await caller.CloseAsync(ended: false);
            ExceptionDispatchInfo.Throw(CauseOf(error));
            throw;
        }
    }

    public void End() => body.End();

    public async ValueTask CloseAsync(bool ended)
    {
        body.End();
        response?.Dispose();
        invoker.Dispose();
        if (transport is not null)
        {
            await transport.DisposeAsync();
        }
    }

    private static async Task<Stream> ConnectAsync(IPEndPoint endpoint, ClusterSecret secret, CancellationToken token)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, token);
            return new SealedStream(await SecureChannel.ConnectAsync(new NetworkStream(socket, ownsSocket: true), secret, SealedStream.MaxRecord + SecureChannel.TagSize, token));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Exception CauseOf(Exception error) => error is HttpRequestException { InnerException: IOException or SocketException } ? error.InnerException : error;

    private async Task<Stream> RequestAsync(CancellationToken token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body,
        };
        response = await invoker.SendAsync(request, token);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new ConnectionRefusedException($"the other side answered {(int)response.StatusCode}");
        }

        return new JoinedStream(await response.Content.ReadAsStreamAsync(token), await body.Opened.WaitAsync(token));
    }

    /// <summary>A body that is written to until it is ended.</summary>
    private sealed class OpenBody : HttpContent
    {
        private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Opened => opened.Task;

        public void End() => ended.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            // The head would wait for the first bytes of the body, which wait for the answer to the head.
            await stream.FlushAsync();
            opened.TrySetResult(stream);
            await ended.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
