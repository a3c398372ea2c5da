using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill;

/// <summary>Where a client finds gateways.</summary>
internal interface IGatewayList
{
    Task<IReadOnlyList<SiloAddress>> ReadAsync(CancellationToken token);
}

/// <summary>The gateways of the active silos in the membership table.</summary>
internal sealed class AdoNetGateways(AdoNetClusterTable table) : IGatewayList, IAsyncDisposable
{
    private bool open;

    public async Task<IReadOnlyList<SiloAddress>> ReadAsync(CancellationToken token)
    {
        if (!open)
        {
            await table.OpenForGatewaysAsync(token);
            open = true;
        }

        return await table.ReadGatewaysAsync(token);
    }

    public ValueTask DisposeAsync() => table.DisposeAsync();
}

/// <summary>How often and how long a client tries to connect when it starts.</summary>
internal sealed class ConnectionRetry
{
    public Func<Exception, CancellationToken, Task<bool>>? Filter { get; set; }
}

/// <summary>A process without grains: its calls go through the gateways of silos.</summary>
internal sealed class ClientHub : WireHub, IHostedService, IAsyncDisposable
{
    // Sockets live in the time of the machine, whatever the client's clock is in a test.
    private static readonly TimeProvider SocketTime = TimeProvider.System;

    private readonly IServiceProvider services;
    private readonly TimeProvider clock;
    private readonly IGatewayList list;
    private readonly Transport network;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim reading = new(1, 1);
    private readonly CancellationTokenSource closing = new();
    private readonly HashSet<SiloAddress> leaving = [];
    private volatile SiloAddress[] gateways = [];
    private CallSender? sender;
    private ITimer? refresh;

    public ClientHub(IServiceProvider services, TimeProvider clock, IGatewayList list, IOptions<ClusterOptions> cluster, IOptions<PolyfillClusterOptions> secret, IOptions<ConnectionOptions> connections, Microsoft.Extensions.Logging.ILogger<SiloRuntime> logger)
        : base(services.GetService<SharedForTests>()?.Faults)
    {
        this.services = services;
        this.clock = clock;
        this.list = list;
        Log = new(logger);
        var own = connections.Value;
        network = new(new(cluster.Value.ClusterId, null, secret.Value.ClusterSecret, own.OpenConnectionTimeout, own.ConnectionRetryDelay), this, SocketTime, Log);
    }

    public override IReadOnlyList<SiloAddress> Active => gateways;

    public override MemoryStores Memory => throw new NotSupportedException("A client stores nothing.");

    protected override SiloAddress? Self => null;

    protected override Transport Network => network;

    protected override GrainFactory Grains => services.GetRequiredService<GrainFactory>();

    protected override SiloLog Log { get; }

    protected override int View => 0;

    private CallSender Sender => sender ??= services.GetRequiredService<CallSender>();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        ClusterSecret.Check(services.GetRequiredService<IOptions<PolyfillClusterOptions>>().Value.ClusterSecret);
        var filter = services.GetRequiredService<ConnectionRetry>().Filter;
        while (true)
        {
            try
            {
                await ReadGatewaysAsync(cancellationToken);
                if (gateways.Length > 0)
                {
                    break;
                }

                throw new SiloUnavailableException("Could not find any gateway in the membership table: no silo with a gateway is active.");
            }
            catch (Exception error) when (filter is not null && error is not OperationCanceledException)
            {
                if (!await filter(error, cancellationToken))
                {
                    throw;
                }
            }
        }

        var period = services.GetRequiredService<IOptions<GatewayOptions>>().Value.GatewayListRefreshPeriod;
        refresh = clock.CreateTimer(_ => _ = TryReadGatewaysAsync(), null, period, period);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (refresh is not null)
        {
            await refresh.DisposeAsync();
        }

        Sender.Close("The client has stopped.");
        await network.DrainAsync(TimeSpan.FromSeconds(1));
        await closing.CancelAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await network.DisposeAsync();
    }

    public override void Deliver(Message message)
    {
        var tried = new List<SiloAddress>();
        while (Choose(message.Target, tried) is { } gateway)
        {
            try
            {
                SendRequest(message, gateway, 0, pinned: false);
                return;
            }
            catch (SiloUnavailableException)
            {
                tried.Add(gateway); // it was not sent, so another may get it
            }
        }

        _ = TryReadGatewaysAsync();
        throw new SiloUnavailableException($"Message {message} was not sent: no gateway can be reached.");
    }

    public override void Lost(SiloAddress silo, Exception? why, bool connected)
    {
        _ = TryReadGatewaysAsync();
        if (connected)
        {
            base.Lost(silo, why, connected);
            return;
        }

        foreach (var call in TakeBack(silo).OfType<LocalCall>())
        {
            SendAgain(call);
        }
    }

    public override bool IsDead(SiloAddress silo) => false;

    public override void TakenForDead()
    {
        // a client is never declared dead
    }

    public override string? NameOf(SiloAddress address) => null;

    public override Task SetStatusAsync(SiloRuntime silo, SiloStatus status, CancellationToken token) => throw NoSilo();

    public override void Kill(SiloRuntime silo) => throw NoSilo();

    public override void DeclareDead(SiloAddress silo) => throw NoSilo();

    public override bool Register(Message message, SiloAddress silo) => throw NoSilo();

    public override void Unregister(GrainId grain, SiloAddress silo) => throw NoSilo();

    public override ValueTask<SiloAddress?> LookupAsync(GrainId grain) => throw NoSilo();

    public override Task<int> CountAsync() => throw NoSilo();

    public override Task<SimpleGrainStatistic[]> StatisticsAsync() => throw NoSilo();

    public override Task CollectAsync(SiloAddress address, TimeSpan age) => throw NoSilo();

    public override Task TellReminderAsync(SiloAddress owner, ReminderEntry entry, bool ended) => throw NoSilo();

    protected override void Read(SiloAddress? from, Connection connection, WireReader reader)
    {
        var start = reader.Rest;
        if ((FrameKind)start.Span[0] != FrameKind.Leaving)
        {
            base.Read(from, connection, reader);
            return;
        }

        lock (gate)
        {
            leaving.Add(from!);
        }

        _ = LeaveAsync(from!);
    }

    private static NotSupportedException NoSilo() => new("A client is no silo.");

    /// <summary>The same gateway for the same grain, as long as the gateways are the same, so that its calls keep their order.</summary>
    private SiloAddress? Choose(GrainId grain, List<SiloAddress> tried)
    {
        lock (gate)
        {
            var usable = gateways.Where(g => !leaving.Contains(g) && !tried.Contains(g)).ToList();
            return usable.Count == 0 ? null : Placer.Rendezvous(usable, grain.GetUniformHashCode());
        }
    }

    /// <summary>A gateway that is stopping waits until its clients have their answers and are gone.</summary>
    private async Task LeaveAsync(SiloAddress gateway)
    {
        while (Waiting.Any(w => w.Target.Equals(gateway)) && !closing.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), SocketTime);
        }

        network.Finish(gateway);
    }

    private void SendAgain(LocalCall call)
    {
        try
        {
            if (call.Message.Reply is { IsCompleted: false })
            {
                Deliver(call.Message);
            }
        }
        catch (Exception error)
        {
            call.Fail(error);
        }
    }

    private async Task ReadGatewaysAsync(CancellationToken token)
    {
        await reading.WaitAsync(token);
        try
        {
            var read = await list.ReadAsync(token);
            lock (gate)
            {
                leaving.IntersectWith(read);
                gateways = [.. read.Order()];
            }
        }
        finally
        {
            reading.Release();
        }
    }

    private async Task TryReadGatewaysAsync()
    {
        try
        {
            await ReadGatewaysAsync(closing.Token);
        }
        catch (OperationCanceledException) when (closing.IsCancellationRequested)
        {
            // the client ends
        }
        catch (Exception error)
        {
            Log.TableFailed(error);
        }
    }
}
