using System.Collections.ObjectModel;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Polyfill;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>What is particular to one silo of a test cluster.</summary>
public sealed class InProcessTestSiloSpecificOptions
{
    public string SiloName { get; set; } = "";

    public int SiloPort { get; set; }

    public int GatewayPort { get; set; }
}

/// <summary>What all silos of a test cluster share.</summary>
public sealed class InProcessTestClusterOptions
{
    public string ClusterId { get; set; } = "";

    public string ServiceId { get; set; } = "";

    public short InitialSilosCount { get; set; }

    /// <summary>Not null: the silos are joined by sockets and this table, as processes are, instead of by memory.</summary>
    internal SocketTestOptions? Sockets { get; set; }

    internal List<Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder>> SiloHostConfigurationDelegates { get; } = [];

    internal List<Action<IHostApplicationBuilder>> ClientHostConfigurationDelegates { get; } = [];
}

/// <summary>Builds a cluster of silos within the test's process.</summary>
public sealed class InProcessTestClusterBuilder
{
    public InProcessTestClusterBuilder() : this(2)
    {
    }

    public InProcessTestClusterBuilder(short initialSilosCount)
    {
        var name = $"TestCluster-{Guid.NewGuid():N}";
        Options = new() { InitialSilosCount = initialSilosCount, ClusterId = name, ServiceId = name };
    }

    public InProcessTestClusterOptions Options { get; }

    public InProcessTestCluster Build() => new(Options);

    public InProcessTestClusterBuilder ConfigureHost(Action<IHostApplicationBuilder> configureDelegate)
    {
        ConfigureSiloHost((_, host) => configureDelegate(host));
        ConfigureClientHost(configureDelegate);
        return this;
    }

    public InProcessTestClusterBuilder ConfigureSiloHost(Action<InProcessTestSiloSpecificOptions, IHostApplicationBuilder> configureSiloHostDelegate)
    {
        Options.SiloHostConfigurationDelegates.Add(configureSiloHostDelegate);
        return this;
    }

    public InProcessTestClusterBuilder ConfigureClientHost(Action<IHostApplicationBuilder> configureHostDelegate)
    {
        Options.ClientHostConfigurationDelegates.Add(configureHostDelegate);
        return this;
    }

    public InProcessTestClusterBuilder ConfigureSilo(Action<InProcessTestSiloSpecificOptions, ISiloBuilder> configureSiloDelegate) =>
        ConfigureSiloHost((options, host) => host.UseOrleans(silo => configureSiloDelegate(options, silo)));

    public InProcessTestClusterBuilder ConfigureClient(Action<IClientBuilder> configureClientDelegate) =>
        ConfigureClientHost(host => configureClientDelegate(new ClientBuilder(host.Services, host.Configuration)));
}

/// <summary>One silo of a test cluster.</summary>
public sealed class InProcessSiloHandle : IDisposable, IAsyncDisposable
{
    internal InProcessSiloHandle(string name, short number, IHost host)
    {
        Name = name;
        InstanceNumber = number;
        SiloHost = host;
        SiloAddress = Runtime.SiloAddress;
        GatewayAddress = Runtime.GatewayAddress!;
    }

    public string Name { get; }

    public short InstanceNumber { get; }

    public SiloAddress SiloAddress { get; }

    public SiloAddress GatewayAddress { get; }

    public IHost SiloHost { get; }

    public IServiceProvider ServiceProvider => SiloHost.Services;

    public bool IsActive { get; private set; } = true;

    private SiloRuntime Runtime => SiloHost.Services.GetRequiredService<SiloRuntime>();

    public async Task StopSiloAsync(bool stopGracefully)
    {
        if (!IsActive)
        {
            return;
        }

        IsActive = false;
        if (!stopGracefully)
        {
            Runtime.Kill();
        }

        using var limit = new CancellationTokenSource();
        if (!stopGracefully)
        {
            await limit.CancelAsync();
        }

        try
        {
            await SiloHost.StopAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!stopGracefully)
        {
            // a killed host does not get to stop anything
        }
    }

    public void Dispose() => SiloHost.Dispose();

    public async ValueTask DisposeAsync()
    {
        if (IsActive)
        {
            await StopSiloAsync(stopGracefully: true);
        }

        if (SiloHost is IAsyncDisposable host)
        {
            await host.DisposeAsync();
        }
    }
}

/// <summary>A cluster of silos within the test's process, joined by memory.</summary>
public sealed class InProcessTestCluster : IDisposable, IAsyncDisposable
{
    private static int lastPort = 20000;

    private readonly Lock gate = new();
    private readonly InProcessTestClusterOptions options;
    private readonly MemoryHub hub = new();
    private readonly List<InProcessSiloHandle> silos = [];
    private readonly List<InProcessSiloHandle> all = [];
    private IHost? clientHost;
    private short started;

    internal InProcessTestCluster(InProcessTestClusterOptions options) => this.options = options;

    public ReadOnlyCollection<InProcessSiloHandle> Silos
    {
        get
        {
            lock (gate)
            {
                return new([.. silos]);
            }
        }
    }

    public InProcessTestClusterOptions Options => options;

    public IClusterClient Client => clientHost?.Services.GetRequiredService<IClusterClient>() ?? throw new InvalidOperationException("The cluster has not been deployed.");

    public IEnumerable<InProcessSiloHandle> GetActiveSilos() => Silos;

    public InProcessSiloHandle? GetSiloForAddress(SiloAddress siloAddress) => Silos.FirstOrDefault(s => s.SiloAddress.Equals(siloAddress));

    public IServiceProvider GetSiloServiceProvider(SiloAddress? silo = null) =>
        (silo is null ? Silos[0] : GetSiloForAddress(silo) ?? throw new ArgumentException($"The target silo {silo} is not known.", nameof(silo))).ServiceProvider;

    public async Task DeployAsync()
    {
        if (options.InitialSilosCount > 0)
        {
            await StartSilosAsync(options.InitialSilosCount);
        }

        await InitializeClientAsync();
    }

    public async Task<List<InProcessSiloHandle>> StartSilosAsync(int silosToStart)
    {
        var handles = new List<InProcessSiloHandle>();
        for (var i = 0; i < silosToStart; i++)
        {
            handles.Add(await StartAdditionalSiloAsync());
        }

        return handles;
    }

    public async Task<InProcessSiloHandle> StartAdditionalSiloAsync()
    {
        var number = started++;
        var specific = new InProcessTestSiloSpecificOptions { SiloName = $"Silo_{number}", SiloPort = Interlocked.Increment(ref lastPort), GatewayPort = Interlocked.Increment(ref lastPort) };
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, ApplicationName = "TestCluster", EnvironmentName = Environments.Development });
        Join(builder, specific);
        builder.UseOrleans(silo => silo
            .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ServiceId))
            .Configure<SiloOptions>(o => o.SiloName = specific.SiloName)
            .Configure<EndpointOptions>(o => (o.AdvertisedIPAddress, o.SiloPort, o.GatewayPort) = (IPAddress.Loopback, specific.SiloPort, specific.GatewayPort)));
        options.SiloHostConfigurationDelegates.ForEach(configure => configure(specific, builder));
        var host = builder.Build();
        await host.StartAsync();
        var handle = new InProcessSiloHandle(specific.SiloName, number, host);
        lock (gate)
        {
            silos.Add(handle);
            all.Add(handle);
        }

        return handle;
    }

    private void Join(HostApplicationBuilder builder, InProcessTestSiloSpecificOptions specific)
    {
        if (options.Sockets is not { } sockets)
        {
            builder.Services.AddSingleton<ClusterHub>(hub);
            return;
        }

        (specific.SiloPort, specific.GatewayPort) = (FreePort(), FreePort());
        builder.Services.AddSingleton(sockets.Shared);
        builder.Services.AddSingleton(sockets.TableFor());
        builder.Services.AddSingleton<IFatalErrorHandler>(sockets);
        builder.UseOrleans(silo => silo.UseSockets().Configure<ClusterMembershipOptions>(o =>
            (o.ProbeTimeout, o.NumMissedProbesLimit, o.TableRefreshTimeout) = (TimeSpan.FromSeconds(0.3), 2, TimeSpan.FromSeconds(1))));
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void AddClient(HostApplicationBuilder builder)
    {
        if (options.Sockets is { } sockets)
        {
            builder.Services.AddSingleton(sockets.Shared);
            builder.Services.AddSingleton(sockets.GatewaysFor());
            builder.UseOrleansClient(client => client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (options.ClusterId, options.ServiceId))
                .Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromSeconds(1)));
            return;
        }

        builder.Services.AddSingleton(s =>
        {
            var clock = s.GetService<TimeProvider>() ?? TimeProvider.System;
            var sender = new CallSender(hub, null, clock, s.GetRequiredService<IOptions<ClientMessagingOptions>>().Value, s.GetServices<IOutgoingGrainCallFilter>());
            hub.Join(sender);
            return new GrainFactory(new TypeManifest(s.GetRequiredService<IOptions<ManifestOptions>>().Value.ExtraTypes), sender, s);
        });
        builder.Services.AddSingleton<IClusterClient>(s => s.GetRequiredService<GrainFactory>());
        builder.Services.AddSingleton<IGrainFactory>(s => s.GetRequiredService<GrainFactory>());
    }

    public Task InitializeClientAsync()
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, ApplicationName = "TestClusterClient", EnvironmentName = Environments.Development });
        builder.Services.AddOptions();
        options.ClientHostConfigurationDelegates.ForEach(configure => configure(builder));
        AddClient(builder);
        clientHost = builder.Build();
        return clientHost.StartAsync();
    }

    public Task StopSiloAsync(InProcessSiloHandle instance) => RemoveAsync(instance, stopGracefully: true);

    public Task KillSiloAsync(InProcessSiloHandle instance) => RemoveAsync(instance, stopGracefully: false);

    public async Task<InProcessSiloHandle?> RestartSiloAsync(InProcessSiloHandle instance)
    {
        await StopSiloAsync(instance);
        return await StartAdditionalSiloAsync();
    }

    public async Task StopSilosAsync()
    {
        foreach (var silo in Silos.Reverse())
        {
            await StopSiloAsync(silo);
        }
    }

    public async Task StopAllSilosAsync()
    {
        if (clientHost is { } client)
        {
            await client.StopAsync();
        }

        await StopSilosAsync();
    }

    // Joined by memory, silos know each other's status at once, so there is nothing to wait for.
    public async Task WaitForLivenessToStabilizeAsync(bool didKill = false)
    {
        while (options.Sockets is not null && !Silos.All(s => s.ServiceProvider.GetRequiredService<ClusterHub>().Active.Order().SequenceEqual(Silos.Select(o => o.SiloAddress).Order())))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        await StopAllSilosAsync();
        foreach (var silo in all)
        {
            await silo.DisposeAsync();
        }

        if (clientHost is IAsyncDisposable client)
        {
            await client.DisposeAsync();
        }
    }

    private async Task RemoveAsync(InProcessSiloHandle instance, bool stopGracefully)
    {
        await instance.StopSiloAsync(stopGracefully);
        lock (gate)
        {
            silos.Remove(instance);
        }
    }
}

/// <summary>How the silos of a test cluster find each other over sockets.</summary>
internal sealed class SocketTestOptions(Func<IClusterTable> table, Func<IGatewayList> gateways) : IFatalErrorHandler
{
    public SharedForTests Shared { get; } = new(new(), new());

    public Func<IClusterTable> TableFor { get; } = table;

    public Func<IGatewayList> GatewaysFor { get; } = gateways;

    /// <summary>Why silos ended that in a process of their own would have ended it.</summary>
    public System.Collections.Concurrent.ConcurrentQueue<string> Fatal { get; } = new();

    public void OnFatal(string reason) => Fatal.Enqueue(reason);
}
