using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>One silo of a cluster of processes: joined by a membership table, reached over sockets.</summary>
internal sealed partial class SiloHub : WireHub, IMembershipPeers
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    // Sockets live in the time of the machine, whatever the silo's clock is in a test.
    private static readonly TimeProvider SocketTime = TimeProvider.System;

    private readonly IServiceProvider services;
    private readonly TimeProvider clock;
    private readonly Lazy<Transport> network;
    private readonly CancellationTokenSource ended = new();
    private readonly ConcurrentDictionary<(SiloAddress Caller, long Id), Message> running = new();
    private readonly MemoryStores? memory;
    private SiloRuntime? attached;
    private MembershipAgent? membership;
    private ITimer? rebalancing;
    private volatile SiloAddress[] active = [];
    private volatile int view = -1;

    public SiloHub(IServiceProvider services, TimeProvider clock) : base(services.GetService<SharedForTests>()?.Faults)
    {
        memory = services.GetService<SharedForTests>()?.Memory;
        this.services = services;
        this.clock = clock;
        network = new(MakeTransport);
    }

    public override IReadOnlyList<SiloAddress> Active => active;

    public MembershipAgent? Membership => membership;

    public override MemoryStores Memory => memory ?? throw new OrleansConfigurationException(
        "Memory storage and in-memory reminders live within one process: a cluster of processes needs the AdoNet providers.");

    protected override SiloAddress? Self => Runtime.SiloAddress;

    protected override Transport Network => network.Value;

    protected override GrainFactory Grains => Runtime.Factory;

    protected override SiloLog Log => Runtime.Log;

    protected override int View => view;

    private SiloRuntime Runtime => attached ??= services.GetRequiredService<SiloRuntime>();

    private bool IsOver => Runtime.IsKilled || ended.IsCancellationRequested;

    public override string? NameOf(SiloAddress address) => membership?.Current.Find(address)?.Name;

    public override bool IsDead(SiloAddress silo) => membership?.Current.Find(silo) is { Status: SiloStatus.Dead };

    public override async Task SetStatusAsync(SiloRuntime silo, SiloStatus status, CancellationToken token)
    {
        if (silo.Status == SiloStatus.Dead)
        {
            return;
        }

        silo.Status = status;
        switch (status)
        {
            case SiloStatus.Joining:
                await JoinAsync(silo, token);
                break;
            case SiloStatus.Dead:
                await LeaveAsync(token);
                break;
            default:
                await membership!.SetStatusAsync(status, token);
                if (status == SiloStatus.ShuttingDown)
                {
                    Network.SendClientsAway(Frame.Write(FrameKind.Leaving, _ => { }));
                    await KnownToAllAsync();
                }

                break;
        }
    }

    public override void Kill(SiloRuntime silo)
    {
        silo.Status = SiloStatus.Dead;
        ended.Cancel();
        rebalancing?.Dispose();
        membership?.Stop();
        Network.Cut();
    }

    public override void DeclareDead(SiloAddress silo) => _ = membership?.DeclareDeadAsync(silo, ended.Token);

    /// <summary>Another process has refused this silo as dead: the table says whether it is.</summary>
    public override void TakenForDead() => _ = membership?.TryRefreshAsync();

    public async Task ProbeAsync(SiloAddress silo, CancellationToken token) => await AskAsync(silo, Operations.Probe, null, token);

    public void Nudge(SiloAddress silo, int version) => Tell(silo, Operations.Nudge, version);

    public override void Lost(SiloAddress silo, Exception? why, bool connected)
    {
        base.Lost(silo, why, connected);
        if (!IsOver)
        {
            _ = membership?.TryRefreshAsync(); // a silo that went, or that took this one for dead, is in the table
        }
    }

    private Transport MakeTransport()
    {
        var secret = services.GetRequiredService<IOptions<PolyfillClusterOptions>>().Value.ClusterSecret;
        var connections = services.GetRequiredService<IOptions<ConnectionOptions>>().Value;
        return new(new(Runtime.ClusterId, Runtime.SiloAddress, secret, connections.OpenConnectionTimeout, connections.ConnectionRetryDelay), this, SocketTime, Runtime.Log);
    }

    private async Task JoinAsync(SiloRuntime silo, CancellationToken token)
    {
        var endpoints = services.GetRequiredService<IOptions<EndpointOptions>>().Value;
        var siloEndpoint = endpoints.SiloListeningEndpoint ?? silo.SiloAddress.Endpoint;
        var gatewayEndpoint = endpoints.GatewayPort == 0 ? null : endpoints.GatewayListeningEndpoint ?? silo.GatewayAddress.Endpoint;
        IEnumerable<IPAddress> reachable = gatewayEndpoint is null ? [siloEndpoint.Address] : [siloEndpoint.Address, gatewayEndpoint.Address];
        ClusterSecret.Check(services.GetRequiredService<IOptions<PolyfillClusterOptions>>().Value.ClusterSecret, reachable.Append(silo.SiloAddress.Endpoint.Address));
        var now = clock.GetUtcNow().UtcDateTime;
        var row = new Member(silo.SiloAddress, silo.Name, silo.DnsHostName, SiloStatus.Created, endpoints.GatewayPort, [], now, now);
        var options = services.GetRequiredService<IOptions<ClusterMembershipOptions>>().Value;
        if (services.GetService<IReminderTable>() is MemoryReminderTable)
        {
            _ = Memory;
        }

        membership = new(row, services.GetRequiredService<IClusterTable>(), this, options, clock, silo.Log);
        membership.Changed += OnChanged;
        membership.Evicted += OnEvicted;
        await Network.ListenAsync(siloEndpoint, token);
        if (gatewayEndpoint is not null && !gatewayEndpoint.Equals(siloEndpoint))
        {
            await Network.ListenAsync(gatewayEndpoint, token);
        }

        rebalancing = clock.CreateTimer(_ => Tidy(), null, TidyPeriod, TidyPeriod);
        try
        {
            await membership.JoinAsync(token);
        }
        catch
        {
            rebalancing.Dispose();
            await membership.DisposeAsync();
            await Network.DisposeAsync();
            throw;
        }
    }

    private async Task LeaveAsync(CancellationToken token)
    {
        rebalancing?.Dispose();
        await QuietAsync(); // first: the others take nothing from a silo once it is dead
        if (membership is { } agent)
        {
            try
            {
                await agent.SetStatusAsync(SiloStatus.Dead, token);
            }
            catch (Exception error)
            {
                Log.TableFailed(error); // the others will find out by themselves
            }
        }

        await Network.DrainAsync(DrainLimit);
        await ended.CancelAsync();
        FailAll($"Silo {Self} has stopped");
        await (membership?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Network.DisposeAsync();
    }

    /// <summary>
    /// The others have seen that this silo ends: they send it nothing new, and what they sent before has arrived, since it came the same way as
    /// their answer. At most for a while.
    /// </summary>
    private Task KnownToAllAsync() => Task.WhenAll(active.Where(a => !a.Equals(Self)).Select(a => AskAsync(a, Operations.Nudge, view, ended.Token)))
        .WaitAsync(DrainLimit, SocketTime).ContinueWith(static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    /// <summary>Clients that were told to go have gone, and what passes through is answered; at most for a while.</summary>
    private async Task QuietAsync()
    {
        var start = SocketTime.GetTimestamp();
        while ((Network.ClientCount > 0 || !running.IsEmpty || !relayed.IsEmpty || !Network.IsFlushed) && SocketTime.GetElapsedTime(start) < DrainLimit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), SocketTime);
        }
    }

    private void OnEvicted(string reason)
    {
        if (IsOver)
        {
            return;
        }

        Log.Evicted(reason);
        Runtime.Kill();
        services.GetRequiredService<IFatalErrorHandler>().OnFatal(reason);
    }

    private void OnChanged(ClusterSnapshot now, ClusterSnapshot before)
    {
        var previous = active;
        view = now.Version;
        active = [.. now.Members.Where(m => m.Status == SiloStatus.Active).Select(m => m.Address).Order()];
        var gone = before.Members.Where(m => now.Find(m.Address) is null && m.Status != SiloStatus.Dead).Select(m => m with { Status = SiloStatus.Dead });
        foreach (var member in now.Members.Where(m => before.Find(m.Address)?.Status != m.Status).Concat(gone))
        {
            if (member.Status == SiloStatus.Dead && !member.Address.Equals(Self))
            {
                Bury(member.Address);
            }

            Runtime.StatusOracle.Notify(member.Address, member.Status);
        }

        if (!previous.SequenceEqual(active))
        {
            HandOver(previous);
        }
    }

    private void Bury(SiloAddress dead)
    {
        Network.Drop(dead);
        Fail(dead, $"Silo {dead} was declared dead");
        Runtime.Sender.Lost(dead);
        memory?.Lose(dead);
    }
}

/// <summary>What silos that are in one process for a test share, though they are joined by sockets.</summary>
internal sealed record SharedForTests(PolyfillFaults Faults, MemoryStores Memory);

/// <summary>What happens when a silo can go on no longer.</summary>
internal interface IFatalErrorHandler
{
    void OnFatal(string reason);
}

/// <summary>The process ends: what it has in memory is not true any more, and somebody else goes on with its work.</summary>
internal sealed class ProcessEnd : IFatalErrorHandler
{
    public void OnFatal(string reason) => Environment.FailFast(reason);
}
