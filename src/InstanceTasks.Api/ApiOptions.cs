namespace InstanceTasks.Api;

/// <summary>Settings of the HTTP API.</summary>
public sealed class ApiOptions
{
    /// <summary>Authentication. Default: <see cref="AuthMode.None"/>.</summary>
    public AuthMode Auth { get; set; } = AuthMode.None;

    /// <summary>The users file, for <see cref="AuthMode.HttpBasic"/> and <see cref="AuthMode.Identity"/>. Default: none.</summary>
    public string? UsersFile { get; set; }

    /// <summary>How long the tokens of <see cref="AuthMode.Identity"/> count. Default: one hour.</summary>
    public TimeSpan TokenLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The Keystone of <see cref="AuthMode.Keystone"/>. Default: none.</summary>
    public KeystoneOptions Keystone { get; set; } = new();

    /// <summary>How much one caller may ask for. Default: see there; without authentication no limit but those of sizes.</summary>
    public ApiLimits Limits { get; set; } = new();

    /// <summary>
    /// Allows plain HTTP on addresses that others reach, because a proxy before them speaks TLS with the clients. Passwords and tokens then cross
    /// the way from that proxy in the clear. Never for <see cref="AuthMode.None"/>. Default: false.
    /// </summary>
    public bool TlsTerminatedByProxy { get; set; }

    /// <summary>The user that everybody is without authentication. Default: <c>demo-user</c>. Letters, digits and <c>-</c> only.</summary>
    public string UserId { get; set; } = "demo-user";

    /// <summary>The project that everybody is in without authentication. Default: <c>demo-project</c>. Letters, digits and <c>-</c> only.</summary>
    public string ProjectId { get; set; } = "demo-project";

    /// <summary>The roles that everybody has without authentication. Default: admin, member, reader.</summary>
    public IList<string> Roles { get; set; } = [];

    // A configuration adds to a list that is not empty: with the default in it, nobody could ever have fewer roles.
    internal IEnumerable<string> EffectiveRoles => Roles.Count > 0 ? Roles : ["admin", "member", "reader"];

    /// <summary>The URL under which clients reach the API, without <c>/v2.1</c>. Default: null, the URL of each request.</summary>
    public string? PublicUrl { get; set; }

    /// <summary>Whether <c>X-Forwarded-Proto</c>, <c>-Host</c> and <c>-Prefix</c> decide about links. They change nothing else. Default: true.</summary>
    public bool UseForwardedHeaders { get; set; } = true;

    /// <summary>
    /// How long a task is asked for again, under its id, when the silo that was asked does not answer or is about to stop: so long may the engine be away
    /// without a failed request. Then it is made certain that it is not accepted any more, and the answer is 503. Longer than a call waits for its answer (<c>Cluster:CallTimeout</c>), or a call to a silo that was killed would not be asked again. Default: 15 s.
    /// </summary>
    public TimeSpan AskAgainFor { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long an unknown outcome is looked into before the answer is 503. Default: 30 s.</summary>
    public TimeSpan UnknownOutcomeTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Pause between two looks into an unknown outcome. Default: 250 ms.</summary>
    public TimeSpan UnknownOutcomePause { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Longest wait of a <c>?wait=</c> on a task. Default: 60 s.</summary>
    public TimeSpan MaxTaskWait { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How event streams are served. Default: see there.</summary>
    public EventStreamOptions Events { get; set; } = new();

    /// <summary>Most metadata items of a server. Default: 128, as Nova's quota.</summary>
    public int MaxMetadataItems { get; set; } = 128;

    /// <summary>Most key pairs of a user. Default: 100, as Nova's quota.</summary>
    public int MaxKeyPairs { get; set; } = 100;

    /// <summary>Whether <c>shelve</c> gives up the server's place on its host at once, as Nova with <c>shelved_offload_time = 0</c>; otherwise <c>shelveOffload</c> does. Default: true.</summary>
    public bool OffloadShelved { get; set; } = true;

    /// <summary>The uuid of the built-in image. Default: <c>6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60</c>.</summary>
    public string ImageId { get; set; } = "6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    /// <summary>The name of the built-in image. Default: <c>tiny</c>.</summary>
    public string ImageName { get; set; } = "tiny";

    /// <summary>What <c>/os-hypervisors</c> calls the type of the hypervisors. Default: <c>simulated</c>.</summary>
    public string HypervisorType { get; set; } = "simulated";

    /// <summary>Most server groups of a project. Default: 10, as Nova's quota.</summary>
    public int MaxServerGroups { get; set; } = 10;

    /// <summary>Most servers in a server group. Default: 10, as Nova's quota.</summary>
    public int MaxServerGroupMembers { get; set; } = 10;
}
