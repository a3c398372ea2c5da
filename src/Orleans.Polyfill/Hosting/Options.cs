using System.Net;

namespace Orleans.Configuration;

/// <summary>Which cluster and which service.</summary>
public class ClusterOptions
{
    /// <summary>Silos with the same cluster id form a cluster. Default "default".</summary>
    public string ClusterId { get; set; } = "default";

    /// <summary>Part of every key in storage and reminder tables. Default "default".</summary>
    public string ServiceId { get; set; } = "default";
}

/// <summary>The silo's own name.</summary>
public class SiloOptions
{
    /// <summary>Default: "Silo_" and a random part.</summary>
    public string SiloName { get; set; } = "";
}

/// <summary>Where the silo listens.</summary>
public class EndpointOptions
{
    /// <summary>Default 11111.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Default 30000; 0: no gateway.</summary>
    public int GatewayPort { get; set; } = 30000;

    /// <summary>The address that others are told; null, as there, until somebody sets it.</summary>
    public IPAddress AdvertisedIPAddress { get; set; } = null!;

    /// <summary>Default: the advertised address and the port.</summary>
    public IPEndPoint? SiloListeningEndpoint { get; set; }

    /// <summary>Default: the advertised address and the port.</summary>
    public IPEndPoint? GatewayListeningEndpoint { get; set; }
}

/// <summary>How calls are made.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits. Default 30 s.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a caller waits when a debugger is attached. Default 30 min.</summary>
    public TimeSpan ResponseTimeoutWithDebugger { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Requests not begun when their caller has given up are dropped. Default true.</summary>
    public bool DropExpiredMessages { get; set; } = true;

    /// <summary>A caller's time-out fires the callee's token. Default false.</summary>
    public bool CancelRequestOnTimeout { get; set; }
}

/// <summary>How silos make calls.</summary>
public class SiloMessagingOptions : MessagingOptions
{
    /// <summary>How often a request is sent on. Default 2.</summary>
    public int MaxForwardCount { get; set; } = 2;
}

/// <summary>How external clients make calls.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>When idle activations end.</summary>
public class GrainCollectionOptions
{
    /// <summary>How long an activation may be idle. Default 15 min; must be more than <see cref="CollectionQuantum"/>.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for. Default 1 min.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Ages of single classes, by full name. Default empty.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];

    /// <summary>How long an activation may take to begin. Default 30 s.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may take to end. Default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How silos watch each other. The silos of one process that are joined by memory know each other at once.</summary>
public class ClusterMembershipOptions
{
    private TimeSpan? _maxProbeTimeout;

    /// <summary>Default 5 s.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest time that a probe is given. Here every probe is given <see cref="ProbeTimeout"/>, or this where it is shorter. Default: four times that.</summary>
    public TimeSpan MaxProbeTimeout
    {
        get => _maxProbeTimeout ?? 4 * ProbeTimeout;
        set => _maxProbeTimeout = value;
    }

    /// <summary>Whether a silo that is slow itself gives the others more time. Here none does. Default true.</summary>
    public bool ExtendProbeTimeoutDuringDegradation { get; set; } = true;

    /// <summary>Default 3.</summary>
    public int NumMissedProbesLimit { get; set; } = 3;

    /// <summary>Default 10.</summary>
    public int NumProbedSilos { get; set; } = 10;

    /// <summary>Default 2.</summary>
    public int NumVotesForDeathDeclaration { get; set; } = 2;

    /// <summary>Default 2 min.</summary>
    public TimeSpan DeathVoteExpirationTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Default 60 s.</summary>
    public TimeSpan TableRefreshTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Default 30 s.</summary>
    public TimeSpan IAmAliveTablePublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Default 3.</summary>
    public int NumMissedTableIAmAliveLimit { get; set; } = 3;

    /// <summary>How long a silo tries to join. Default 5 min.</summary>
    public TimeSpan MaxJoinAttemptTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether silos tell each other of changes, instead of waiting for the next look into the table. Default true.</summary>
    public bool UseLivenessGossip { get; set; } = true;

    /// <summary>Whether silos are suspected at all. Default true.</summary>
    public bool LivenessEnabled { get; set; } = true;

    /// <summary>Default 7 days.</summary>
    public TimeSpan DefunctSiloExpiration { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Default 1 h; null: never.</summary>
    public TimeSpan? DefunctSiloCleanupPeriod { get; set; } = TimeSpan.FromHours(1);
}

/// <summary>How processes connect.</summary>
public class ConnectionOptions
{
    /// <summary>How long a connection may take to open. Default 5 s.</summary>
    public TimeSpan OpenConnectionTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a silo that could not be reached is not tried again. Default 1 s.</summary>
    public TimeSpan ConnectionRetryDelay { get; set; } = TimeSpan.FromSeconds(1);
}

/// <summary>How clients find gateways.</summary>
public class GatewayOptions
{
    /// <summary>How often the list of gateways is read. Default 1 min.</summary>
    public TimeSpan GatewayListRefreshPeriod { get; set; } = TimeSpan.FromMinutes(1);
}
