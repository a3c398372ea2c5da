using System.Net;
using Orleans.Configuration;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>The section <c>Cluster</c>: several silos on one PostgreSQL. Without an id the silo is alone.</summary>
internal sealed class ClusterSettings
{
    private static readonly TimeSpan ConnectAgain = TimeSpan.FromMilliseconds(500);

    /// <summary>Silos of one id form a cluster.</summary>
    public string? Id { get; set; }

    /// <summary>What people see of this silo in the membership table and beside its leases; without it a made-up one.</summary>
    public string? Name { get; set; }

    /// <summary>The address at which the other silos reach this one.</summary>
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The port for other silos; 0: a free one.</summary>
    public int SiloPort { get; set; }

    /// <summary>The port for clients without grains; 0: none.</summary>
    public int GatewayPort { get; set; }

    /// <summary>What the polyfill's silos prove to each other, at least 16 characters; needed where not all is on loopback. The real packages do not use it.</summary>
    public string? Secret { get; set; }

    /// <summary>That nobody but silos and frontends reaches the ports at <see cref="Address"/>. Must be set where that is not loopback.</summary>
    public bool TrustedNetwork { get; set; }

    /// <summary>How long a silo waits for the answer to a probe. After three missed ones it is voted on, so this bounds how long its grains are away.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a frontend looks for silos that have come.</summary>
    public TimeSpan GatewayRefresh { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a frontend waits for a silo's answer.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Reads the section.</summary>
    /// <exception cref="SettingsException">It cannot be.</exception>
    public static ClusterSettings Of(IConfiguration configuration)
    {
        var settings = configuration.GetSection("Cluster").Get<ClusterSettings>() ?? new();
        if (settings.Id is null)
        {
            return settings;
        }

        if (!StoreWiring.UsesPostgres(configuration))
        {
            throw new SettingsException("Cluster:Id is set, but a cluster needs Storage:Provider postgres: a SQLite file has one silo.");
        }

        return IPAddress.TryParse(settings.Address, out var address)
            ? settings.Trusted(address)
            : throw new SettingsException($"Cluster:Address is '{settings.Address}'; set it to the IP address of this machine.");
    }

    // Orleans' own connections are neither authenticated nor encrypted: whoever reaches the port is a silo.
    private ClusterSettings Trusted(IPAddress address) => IPAddress.IsLoopback(address) || TrustedNetwork
        ? this
        : throw new SettingsException(
            $"Cluster:Address is {address}: silos talk to each other in the clear, and whoever reaches that port commands the cluster. Keep the network to the silos (a private network, a firewall, WireGuard) and say so with Cluster:TrustedNetwork true.");

    /// <summary>Joins the cluster.</summary>
    public void Configure(ISiloBuilder silo)
    {
        silo.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (Id!, Id!));
        silo.Configure<SiloOptions>(o => o.SiloName = Name ?? o.SiloName);
        silo.ConfigureEndpoints(IPAddress.Parse(Address), SiloPort == 0 ? FreePorts.Next() : SiloPort, GatewayPort);
        silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (OrleansPostgres.Invariant, silo.Configuration["Storage:ConnectionString"] ?? ""));
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            // A dead silo's grains are away until it is voted dead; its tasks go on by the lease, which is as short. A slow machine may
            // stretch that, but not to four times and more, as the defaults would.
            o.ProbeTimeout = ProbeTimeout;
            o.MaxProbeTimeout = 2 * ProbeTimeout;
            o.ExtendProbeTimeoutDuringDegradation = false;
            o.TableRefreshTimeout = 5 * ProbeTimeout;
            // After all silos have been killed at once, the first one back tries to reach the others until three of these have been missed.
            o.IAmAliveTablePublishTimeout = 5 * ProbeTimeout;
        });
    }

    /// <summary>Makes the process a client of the cluster.</summary>
    public void Configure(IClientBuilder client)
    {
        client.Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = (Id!, Id!));
        client.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (OrleansPostgres.Invariant, client.Configuration["Storage:ConnectionString"] ?? ""));
        client.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = GatewayRefresh);
        // A call to a silo that is killed meanwhile waits this long, and is then asked again under the same id.
        client.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = CallTimeout);
        client.UseConnectionRetryFilter(async (_, stop) =>
        {
            await Task.Delay(ConnectAgain, TimeProvider.System, stop);
            return true;
        });
    }
}
