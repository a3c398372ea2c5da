using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;

namespace Orleans.Polyfill.Tests.Cluster;

/// <summary>Who may connect, and that nothing on the way can be read, changed or made up.</summary>
public sealed class TransportTests
{
    private const string Secret = "a secret that is long enough";
    private static readonly ClusterSecret Good = new(Secret, "c");

    [Fact]
    public async Task Record_BetweenHoldersOfTheSecret_Arrives_AndCannotBeReadOnTheWay()
    {
        await using var two = await Ends.OpenAsync();
        var (caller, callee) = await two.GreetAsync(Good, Good);
        caller.Append("the password is swordfish"u8);
        caller.Append("second"u8);
        await caller.FlushAsync(default);
        Assert.Equal("the password is swordfish", Encoding.UTF8.GetString((await callee.ReadAsync(default))!));
        Assert.Equal("second", Encoding.UTF8.GetString((await callee.ReadAsync(default))!));
        Assert.DoesNotContain("swordfish", Encoding.Latin1.GetString(two.Left.Written), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_OfTheCallerWrong_IsRefused_AndLearnsNothing()
    {
        await using var two = await Ends.OpenAsync();
        var calling = SecureChannel.ConnectAsync(two.Left, new("another secret, also long", "c"), 1000, default);
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => SecureChannel.AcceptAsync(two.Right, Good, 1000, default));
        await two.Right.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => calling);
        Assert.Equal(ClusterSecret.NonceSize, two.Right.Written.Length); // its number, and no proof
    }

    [Fact]
    public async Task Secret_OfTheCalleeWrong_IsRefused()
    {
        await using var two = await Ends.OpenAsync();
        var calling = SecureChannel.ConnectAsync(two.Left, Good, 1000, default);
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => SecureChannel.AcceptAsync(two.Right, new(Secret, "another cluster"), 1000, default));
        await two.Right.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => calling);
    }

    [Fact]
    public async Task Proof_OfTheCallerSentBack_IsNoProof()
    {
        await using var two = await Ends.OpenAsync();
        var calling = SecureChannel.ConnectAsync(two.Left, Good, 1000, default);
        var hello = new byte[4 + ClusterSecret.NonceSize];
        await two.Right.ReadExactlyAsync(hello);
        await two.Right.WriteAsync(hello.AsMemory(4));
        var proof = new byte[ClusterSecret.ProofSize];
        await two.Right.ReadExactlyAsync(proof);
        await two.Right.WriteAsync(proof);
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => calling);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-1)]
    public async Task Record_ChangedOnTheWay_EndsTheConnection(int place)
    {
        await using var two = await Ends.OpenAsync();
        var (caller, callee) = await two.GreetAsync(Good, Good);
        two.Left.Change = bytes => bytes[place < 0 ? ^-place : place] ^= 1;
        caller.Append("important"u8);
        await caller.FlushAsync(default);
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => callee.ReadAsync(default));
    }

    [Fact]
    public async Task Record_SentTwice_EndsTheConnection()
    {
        await using var two = await Ends.OpenAsync();
        var (caller, callee) = await two.GreetAsync(Good, Good);
        var before = two.Left.Written.Length;
        caller.Append("once"u8);
        await caller.FlushAsync(default);
        await two.Left.WriteAsync(two.Left.Written.AsMemory(before));
        Assert.Equal("once", Encoding.UTF8.GetString((await callee.ReadAsync(default))!));
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => callee.ReadAsync(default));
    }

    [Fact]
    public async Task Record_SaidToBeHuge_IsNotWaitedFor()
    {
        await using var two = await Ends.OpenAsync();
        var (_, callee) = await two.GreetAsync(Good, Good);
        await two.Left.WriteAsync((byte[])[255, 255, 255, 127]);
        await Assert.ThrowsAsync<ConnectionRefusedException>(() => callee.ReadAsync(default));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [InlineData("OPF2")]
    [InlineData("\0\0\0\0")]
    public async Task Garbage_OnTheSilosPort_IsClosed_AndTheSiloGoesOn(string text)
    {
        TestSilo.Topology.Value = new(2);
        await using var silo = await TestSilo.StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(silo.Cluster.Silos[0].SiloAddress.Endpoint);
        await socket.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text + new string('x', 200)));
        var buffer = new byte[1000];
        var got = 0;
        try
        {
            while (await socket.GetStream().ReadAsync(buffer.AsMemory(got)) is var read and > 0)
            {
                got += read;
            }
        }
        catch (IOException)
        {
            // closed hard, which is as good
        }

        Assert.InRange(got, 0, ClusterSecret.NonceSize);
        await silo.Grains.GetGrain<ITurnGrain>($"tr-{text.Length}").Note("still there");
    }

    [Fact]
    public async Task Port_OnceTheSecretIsProved_SpeaksHttp2_AndServesNothingElse()
    {
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), new Events());
        var endpoint = await ListenAsync(transport);
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(endpoint, token);
                return new SealedStream(await SecureChannel.ConnectAsync(new NetworkStream(socket, ownsSocket: true), Good, 1_000_000, token));
            },
        });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{endpoint}/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var answer = await client.SendAsync(request, default);

        Assert.Equal((HttpStatusCode.NotFound, HttpVersion.Version20), (answer.StatusCode, answer.Version));
    }

    [Fact]
    public async Task Records_OfAllSizes_ArriveInOrder_BeforeTheEnd()
    {
        var (server, client) = (new Events(), new Events());
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), server);
        var target = SiloAddress.New(await ListenAsync(transport), 1);
        await using var other = NewTransport(null, client);
        int[] sizes = [0, 1, SealedStream.MaxRecord - 4, SealedStream.MaxRecord, SealedStream.MaxRecord + 1, 30_000_000, 3];
        foreach (var size in sizes)
        {
            Assert.Equal(SendResult.Queued, other.Send(target, Pattern(size)));
        }

        other.Finish(target);
        Assert.Equal(SendResult.Queued, other.Send(target, [1, 2, 3, 4]));

        await Wait.Until(() => server.Received == sizes.Length + 1 && server.ClientsLost == 1, "everything has come, and the end of the first connection");
        Assert.Equal(sizes.Select(Pattern), server.Records.Where(r => r.Length != 4));
        Assert.Equal(0, client.Lost); // it ended on purpose: what the next one has under way may not fail for it
    }

    [Fact]
    public async Task Client_OfASiloThatIsStopping_IsSentAway_AlsoOneThatComesLater()
    {
        var server = new Events();
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), server);
        var target = SiloAddress.New(await ListenAsync(transport), 1);
        var (early, late) = (new Events(), new Events());
        await using var first = NewTransport(null, early);
        first.Send(target, [1]);
        await Wait.Until(() => server.Received == 1 && transport.ClientCount == 1, "the first is there");

        transport.SendClientsAway([7]);

        await Wait.Until(() => early.Received == 1, "it is told");
        await using var second = NewTransport(null, late);
        second.Send(target, [1]);
        await Wait.Until(() => late.Lost == 1, "the second is refused");
        Assert.Equal((false, 1), (late.WasConnected, server.Received));
    }

    /// <summary>
    /// The head of the request waited for the first bytes of its body, which waited for the answer to the head: about one connection in thirty was given up after its time, whenever no other frame
    /// happened to take the head along.
    /// </summary>
    [Fact]
    public async Task Connection_MadeAHundredTimes_IsMadeEveryTime()
    {
        var server = new Events();
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), server);
        var target = SiloAddress.New(await ListenAsync(transport), 1);
        for (var n = 1; n <= 100; n++)
        {
            await using var client = NewTransport(null, new Events());
            client.Send(target, [1]);
            await Wait.Until(() => server.Received == n, $"record {n} has come");
        }
    }

    private static byte[] Pattern(int size) => Enumerable.Range(0, size).Select(n => (byte)(n * 31)).ToArray();

    [Fact]
    public async Task Strangers_ThatSayNothing_AreClosed_AndTooManyAtOnce()
    {
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), new Events(), s => s with { OpenTimeout = TimeSpan.FromSeconds(1), MaxStrangers = 3 });
        var endpoint = await ListenAsync(transport);
        var silent = Enumerable.Range(0, 8).Select(_ => new TcpClient()).ToList();
        var closed = silent.ConvertAll(one => ConnectedUntilEndAsync(one, endpoint));
        await Wait.Until(() => closed.Count(c => c.IsCompleted) >= 5, "those above the limit are closed");
        await Wait.Until(() => closed.TrueForAll(c => c.IsCompleted), "the silent ones are closed, too");
        silent.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task Silo_TakenForDead_MayNotConnect_AndIsTold()
    {
        var dead = SiloAddress.New(IPAddress.Loopback, 2, 7);
        var server = new Events { Dead = dead };
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 1), server);
        var target = SiloAddress.New(await ListenAsync(transport), 1);
        var client = new Events();
        // Often: the refusal was dropped unread whenever its end came before it was read.
        for (var n = 1; n <= 50; n++)
        {
            await using var other = NewTransport(dead, client);
            Assert.Equal(SendResult.Queued, other.Send(target, [1]));
            await Wait.Until(() => client.Told == n && client.Lost == n, $"it is told ({n})");
        }

        Assert.Equal(0, server.Received);
    }

    [Fact]
    public async Task Generation_ThatIsGone_IsNotAnsweredByTheNext()
    {
        var server = new Events();
        await using var transport = NewTransport(SiloAddress.New(IPAddress.Loopback, 1, 2), server);
        var endpoint = await ListenAsync(transport);
        var client = new Events();
        await using var other = NewTransport(null, client);
        other.Send(SiloAddress.New(endpoint, 1), [1]);
        await Wait.Until(() => client.Lost == 1, "the earlier one is lost");
        other.Send(SiloAddress.New(endpoint, 2), [1]);
        await Wait.Until(() => server.Received == 1, "the present one is reached");
    }

    [Fact]
    public async Task Queue_OfASiloThatDoesNotRead_IsBounded()
    {
        using var deaf = new TcpListener(IPAddress.Loopback, 0);
        deaf.Start();
        await using var transport = NewTransport(null, new Events(), s => s with { QueuedRecords = 100, QueuedBytes = 10_000 });
        var target = SiloAddress.New((IPEndPoint)deaf.LocalEndpoint, 1);
        var results = Enumerable.Range(0, 200).Select(_ => transport.Send(target, new byte[10])).ToList();
        Assert.Equal((100, 100), (results.Count(r => r == SendResult.Queued), results.Count(r => r == SendResult.Full)));
    }

    [Fact]
    public async Task Silo_WithoutASecret_IsNotStartedWhereOthersCanConnect()
    {
        foreach (var (secret, says) in new[] { ("", "is not set"), ("short", "shorter than") })
        {
            var builder = new HostApplicationBuilder();
            builder.Services.AddSingleton<IClusterTable>(new MemoryClusterTable());
            builder.Configuration["Orleans:Polyfill:ClusterSecret"] = secret;
            builder.UseOrleans(silo => silo.UseSockets().ConfigureEndpoints(IPAddress.Loopback, FreePort(), 0, listenOnAnyHostAddress: true));
            using var host = builder.Build();
            Assert.Contains(says, (await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync())).Message, StringComparison.Ordinal);
        }
    }

    private static Transport NewTransport(SiloAddress? self, Events events, Func<TransportSettings, TransportSettings>? change = null)
    {
        var settings = new TransportSettings("c", self, Secret, TimeSpan.FromSeconds(20), TimeSpan.Zero);
        return new(change?.Invoke(settings) ?? settings, events, TimeProvider.System, Log);
    }

    private static SiloLog Log => new(NullLogger<SiloRuntime>.Instance);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task<IPEndPoint> ListenAsync(Transport transport)
    {
        var endpoint = new IPEndPoint(IPAddress.Loopback, FreePort());
        await transport.ListenAsync(endpoint, default);
        return endpoint;
    }

    private static async Task<bool> ConnectedUntilEndAsync(TcpClient client, IPEndPoint endpoint)
    {
        try
        {
            await client.ConnectAsync(endpoint);
            return await client.GetStream().ReadAsync(new byte[1]) == 0;
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            return true; // closed hard, perhaps before it was seen to be open
        }
    }

    private sealed class Events : ITransportEvents
    {
        private int received;
        private int lost;
        private int told;
        private int clientsLost;

        public SiloAddress? Dead { get; init; }

        public int Received => Volatile.Read(ref received);

        public int Lost => Volatile.Read(ref lost);

        public int Told => Volatile.Read(ref told);

        public int ClientsLost => Volatile.Read(ref clientsLost);

        public ConcurrentQueue<byte[]> Records { get; } = [];

        public bool? WasConnected { get; private set; }

        public bool IsDead(SiloAddress silo) => silo.Equals(Dead);

        void ITransportEvents.Received(SiloAddress? from, Connection connection, byte[] record)
        {
            Records.Enqueue(record);
            Interlocked.Increment(ref received);
        }

        void ITransportEvents.Lost(SiloAddress silo, Exception? why, bool connected)
        {
            WasConnected = connected;
            Interlocked.Increment(ref lost);
        }

        public void ClientLost(Connection connection) => Interlocked.Increment(ref clientsLost);

        public void TakenForDead() => Interlocked.Increment(ref told);
    }

    /// <summary>Both ends of a connection.</summary>
    private sealed class Ends(RecordingStream left, RecordingStream right) : IAsyncDisposable
    {
        public RecordingStream Left { get; } = left;

        public RecordingStream Right { get; } = right;

        public static async Task<Ends> OpenAsync()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var left = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await left.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
            return new(new(new NetworkStream(left, ownsSocket: true)), new(new NetworkStream(await listener.AcceptSocketAsync(), ownsSocket: true)));
        }

        public async Task<(SecureChannel Caller, SecureChannel Callee)> GreetAsync(ClusterSecret caller, ClusterSecret callee)
        {
            var accepting = SecureChannel.AcceptAsync(Right, callee, 1000, default);
            return (await SecureChannel.ConnectAsync(Left, caller, 1000, default), await accepting);
        }

        public async ValueTask DisposeAsync()
        {
            await Left.DisposeAsync();
            await Right.DisposeAsync();
        }
    }

    /// <summary>Keeps what is written, and can change it.</summary>
    private sealed class RecordingStream(Stream inner) : AsyncStream
    {
        private readonly MemoryStream written = new();

        public byte[] Written => written.ToArray();

        public Action<byte[]>? Change { get; set; }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var bytes = buffer.ToArray();
            Change?.Invoke(bytes);
            written.Write(bytes);
            return inner.WriteAsync(bytes, cancellationToken);
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            await base.DisposeAsync();
        }
    }
}
