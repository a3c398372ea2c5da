using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>One silo.</summary>
internal sealed class SiloRuntime : IGrainRuntime, ILocalSiloDetails
{
    private readonly ClusterOptions cluster;
    private ITimer? collector;

    public SiloRuntime(IServiceProvider services, ClusterHub hub, TypeManifest manifest, IOptions<ClusterOptions> cluster, IOptions<SiloOptions> silo,
        IOptions<EndpointOptions> endpoint, IOptions<SiloMessagingOptions> messaging, IOptions<GrainCollectionOptions> collection, TimeProvider clock, ILogger<SiloRuntime> logger)
    {
        Services = services;
        Hub = hub;
        Manifest = manifest;
        Clock = clock;
        Log = new(logger);
        this.cluster = cluster.Value;
        MessagingOptions = messaging.Value;
        CollectionOptions = collection.Value;
        var ip = endpoint.Value.AdvertisedIPAddress ?? System.Net.IPAddress.Loopback;
        SiloAddress = SiloAddress.New(ip, endpoint.Value.SiloPort, SiloAddress.AllocateNewGeneration());
        GatewayAddress = endpoint.Value.GatewayPort == 0 ? null! : SiloAddress.New(ip, endpoint.Value.GatewayPort, 0);
        Name = string.IsNullOrEmpty(silo.Value.SiloName) ? $"Silo_{Guid.NewGuid().ToString("N")[..5]}" : silo.Value.SiloName;
        IncomingFilters = [.. services.GetServices<IIncomingGrainCallFilter>()];
        Sender = new(hub, this, clock, MessagingOptions, services.GetServices<IOutgoingGrainCallFilter>());
        Factory = new(manifest, Sender, services);
        Catalog = new(this);
        StatusOracle = new(this);
    }

    public IServiceProvider Services { get; }

    public ClusterHub Hub { get; }

    public TypeManifest Manifest { get; }

    public TimeProvider Clock { get; }

    public SiloLog Log { get; }

    public SiloMessagingOptions MessagingOptions { get; }

    public GrainCollectionOptions CollectionOptions { get; }

    public IIncomingGrainCallFilter[] IncomingFilters { get; }

    public CallSender Sender { get; }

    public GrainFactory Factory { get; }

    public Catalog Catalog { get; }

    public SiloStatusOracle StatusOracle { get; }

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress { get; }

    public string Name { get; }

    public string ClusterId => cluster.ClusterId;

    public string ServiceId => cluster.ServiceId;

    public string DnsHostName => System.Net.Dns.GetHostName();

    public SiloStatus Status { get; set; } = SiloStatus.Created;

    /// <summary>Nothing goes in or out any more, as if the process had died.</summary>
    public bool IsKilled { get; private set; }

    string IGrainRuntime.SiloIdentity => SiloAddress.ToString();

    IGrainFactory IGrainRuntime.GrainFactory => Factory;

    IServiceProvider IGrainRuntime.ServiceProvider => Services;

    TimeProvider IGrainRuntime.TimeProvider => Clock;

    public void DeactivateOnIdle(IGrainContext grainContext) =>
        grainContext.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));

    public void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan) => ((ActivationData)grainContext).DelayDeactivation(timeSpan);

    public TimeSpan CollectionAgeOf(Type type) => CollectionOptions.ClassSpecificCollectionAge.TryGetValue(type.FullName!, out var age) ? age : CollectionOptions.CollectionAge;

    public async Task BecomeActiveAsync(CancellationToken token)
    {
        await Hub.SetStatusAsync(this, SiloStatus.Active, token);
        var quantum = CollectionOptions.CollectionQuantum;
        collector = Clock.CreateTimer(_ => Catalog.CollectIdle(null), null, quantum, quantum);
        Log.Started(Name, SiloAddress.ToString());
    }

    public async Task DeactivateGrainsAsync(CancellationToken token)
    {
        collector?.Dispose();
        try
        {
            await Catalog.DeactivateAllAsync(new(DeactivationReasonCode.ShuttingDown, "This process is terminating."), token);
        }
        catch (OperationCanceledException error)
        {
            Log.DeactivationCutShort(error);
            Catalog.AbandonAll();
        }
    }

    public async Task LeaveAsync(CancellationToken token)
    {
        await Hub.SetStatusAsync(this, SiloStatus.Dead, token);
        Sender.Close($"Silo {SiloAddress} has stopped.");
        Log.Stopped(Name, SiloAddress.ToString());
    }

    public void Kill()
    {
        IsKilled = true;
        collector?.Dispose();
        Services.GetService<ReminderService>()?.Stop();
        Catalog.AbandonAll();
        Hub.Kill(this);
        Sender.Close($"Silo {SiloAddress} was killed.");
    }
}
