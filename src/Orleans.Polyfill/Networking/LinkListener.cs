using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Orleans.Polyfill;

/// <summary>
/// Takes connections: whoever connects proves first that it has the secret, and only what is sealed from then on is read as HTTP/2. Each request's two bodies are one <see cref="RecordLink"/>.
/// </summary>
internal sealed class LinkListener(ClusterSecret secret, TransportSettings settings, TimeProvider clock, SiloLog log, Func<RecordLink, string, Task> serve) : IHttpApplication<IFeatureCollection>, IAsyncDisposable
{
    private readonly ConcurrentDictionary<ConnectionContext, bool> connections = new();
    private KestrelServer? server;
    private int strangers;
    private volatile bool closed;

    public async Task StartAsync(IPEndPoint endpoint, CancellationToken token)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        (options.Limits.MaxRequestBodySize, options.Limits.MinRequestBodyDataRate, options.Limits.MinResponseDataRate) = (null, null, null);
        // Runs only while there is no request: who proves himself must ask for something.
        options.Limits.KeepAliveTimeout = settings.OpenTimeout;
        (options.Limits.Http2.InitialConnectionWindowSize, options.Limits.Http2.InitialStreamWindowSize) = (8 * 1024 * 1024, 4 * 1024 * 1024);
        options.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.Use(next => connection => SealAsync(connection, next));
        });

        // What a connection ends with is said here; the server's own log would say it again.
        var logs = NullLoggerFactory.Instance;
        server = new(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), logs), logs);
        await server.StartAsync(this, token);
    }

    /// <summary>Takes nothing more, and ends all connections.</summary>
    public void Cut()
    {
        closed = true;
        foreach (var connection in connections.Keys)
        {
            connection.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        if (server is not null)
        {
            // Cancelled: what has not ended by now is not waited for.
            await server.StopAsync(new CancellationToken(canceled: true)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            server.Dispose();
        }
    }

    IFeatureCollection IHttpApplication<IFeatureCollection>.CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    void IHttpApplication<IFeatureCollection>.DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    async Task IHttpApplication<IFeatureCollection>.ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Method != HttpMethods.Post || request.Path != LinkCaller.Path)
        {
            context.GetRequiredFeature<IHttpResponseFeature>().StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var response = context.GetRequiredFeature<IHttpResponseBodyFeature>();
        await response.StartAsync();
        await response.Stream.FlushAsync();
        var ends = new Ends(context.GetRequiredFeature<IHttpRequestLifetimeFeature>(), context.Get<IConnectionLifetimeFeature>());
        await serve(new(new JoinedStream(request.Body, response.Stream), TransportSettings.MaxRecord, ends), CallerOf(context.GetRequiredFeature<IHttpConnectionFeature>()));
    }

    private static string CallerOf(IHttpConnectionFeature connection) => connection.RemoteIpAddress is { } address ? new IPEndPoint(address, connection.RemotePort).ToString() : "?";

    private async Task SealAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        connections[connection] = true;
        try
        {
            if (!closed && await GreetAsync(connection) is { } channel)
            {
                await using var stream = new SealedStream(channel);
                await HandOnAsync(connection, stream, next);
            }
        }
        finally
        {
            connections.TryRemove(connection, out _);
        }
    }

    private static async Task HandOnAsync(ConnectionContext connection, SealedStream stream, ConnectionDelegate next)
    {
        var raw = connection.Transport;
        connection.Transport = new Pipes(
            PipeReader.Create(stream, new(bufferSize: SealedStream.MaxRecord, leaveOpen: true)),
            PipeWriter.Create(stream, new(minimumBufferSize: SealedStream.MaxRecord, leaveOpen: true)));
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = raw;
        }
    }

    /// <summary>The proofs of the secret; null when there are none.</summary>
    private async Task<SecureChannel?> GreetAsync(ConnectionContext connection)
    {
        if (Interlocked.Increment(ref strangers) > settings.MaxStrangers)
        {
            Interlocked.Decrement(ref strangers);
            connection.Abort();
            log.TooManyStrangers(settings.MaxStrangers);
            return null;
        }

        try
        {
            using var limit = new CancellationTokenSource(settings.OpenTimeout, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed);
            var raw = new JoinedStream(connection.Transport.Input.AsStream(leaveOpen: true), connection.Transport.Output.AsStream(leaveOpen: true));
            return await SecureChannel.AcceptAsync(raw, secret, SealedStream.MaxRecord + SecureChannel.TagSize, either.Token);
        }
        catch (Exception error)
        {
            connection.Abort();
            log.StrangerRefused(connection.RemoteEndPoint?.ToString() ?? "?", error.Message);
            return null;
        }
        finally
        {
            Interlocked.Decrement(ref strangers);
        }
    }

    private sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }

    /// <summary>The response ends when the request has been served; one that the other side still writes to is ended for both, with its connection: there is one request in each.</summary>
    private sealed class Ends(IHttpRequestLifetimeFeature request, IConnectionLifetimeFeature? connection) : IRecordLinkEnds
    {
        public void End()
        {
        }

        public ValueTask CloseAsync(bool ended)
        {
            if (!ended)
            {
                request.Abort();
                connection?.Abort();
            }

            return default;
        }
    }
}
