namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>All exchanges. A new endpoint or action needs a row here, and its shape in <c>Oracle/schemas</c>.</summary>
internal static class ExchangeTable
{
    /// <summary>Endpoints that never answer: what they refuse is in the table.</summary>
    public static readonly string[] AlwaysRefused =
    [
        "GET servers/{id}/ips/{label}", "GET servers/{id}/diagnostics", "POST servers/{id}/remote-consoles", "POST servers/{id}/os-volume_attachments",
        "GET servers/{id}/os-volume_attachments/{volume}", "PUT servers/{id}/os-volume_attachments/{volume}", "DELETE servers/{id}/os-volume_attachments/{volume}", "POST servers/{id}/os-interface",
        "GET servers/{id}/os-interface/{port}", "DELETE servers/{id}/os-interface/{port}", "DELETE os-services/{service}", "GET os-hypervisors/{hypervisor}/uptime",
        "POST os-aggregates/{aggregate}/images", "GET servers/{id}/migrations/{migration}", "POST servers/{id}/migrations/{migration}/action", "DELETE servers/{id}/migrations/{migration}",
        "GET extensions/{alias}",
    ];

    /// <summary>Nova's actions (nova-api §3): each is served, or its refusal is in the table.</summary>
    public static readonly string[] Actions =
    [
        "os-start", "os-stop", "reboot", "pause", "unpause", "suspend", "resume", "trigger_crash_dump", "lock", "unlock", "rebuild", "resize", "confirmResize", "revertResize", "migrate",
        "os-migrateLive", "evacuate", "createImage", "createBackup", "shelve", "shelveOffload", "unshelve", "rescue", "unrescue", "restore", "forceDelete", "os-getConsoleOutput", "changePassword",
        "os-resetState", "injectNetworkInfo", "resetNetwork", "addSecurityGroup", "removeSecurityGroup", "addFixedIp", "removeFixedIp", "addFloatingIp", "removeFloatingIp", "os-getVNCConsole",
        "os-getSPICEConsole", "os-getSerialConsole", "os-getRDPConsole",
    ];

    public static IReadOnlyList<Exchange> All { get; } =
        [.. VersionRows.All, .. ServerRows.All, .. PartRows.All, .. ActionRows.All, .. OperatorRows.All, .. NeighbourRows.All, .. ImageRows.All, .. TaskRows.All, .. FaultRows.All];
}

/// <summary>Discovery (nova-api §1.1).</summary>
internal static class VersionRows
{
    public static IEnumerable<Exchange> All =>
    [
        new("GET /", "/") { Unversioned = true },
        new("GET /v2.1", "/v2.1"),
        new("GET /v2.1", "/v2.1/"),
        new("GET /v2.1", "/v2.1/demo-project"),
        new("GET openapi.json", "/openapi.json") { Unversioned = true },
        new("GET /unversioned", "/servers") { Unversioned = true },
    ];
}
