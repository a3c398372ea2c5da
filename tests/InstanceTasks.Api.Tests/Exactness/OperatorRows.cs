using InstanceTasks.Api.Hosts;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Services, hypervisors, aggregates, groups, migrations, usage, quotas and access to flavors (nova-api §6).</summary>
internal static class OperatorRows
{
    private const string Service = """{"host":"host-1","binary":"nova-compute"}""";

    private static readonly Guid ServiceId = HostIds.Service(new("host-1"));
    private static readonly Guid HypervisorId = HostIds.Hypervisor(new("host-1"));

    public static IEnumerable<Exchange> All => [.. Services, .. Hypervisors, .. Aggregates, .. Groups, .. Accounts];

    private static Exchange Admin(string call, string path, string? body = null) =>
        new(call, "/v2.1/" + path, body is null ? null : _ => body) { Allowed = Allowed.Administrators };

    private static IEnumerable<Exchange> Services =>
    [
        Admin("GET os-services", "os-services"),
        Admin("GET os-services", "os-services?host=host-2&binary=nova-compute"),
        Admin("PUT os-services/enable", "os-services/enable", Service) with { To = 52 },
        Admin("PUT os-services/disable", "os-services/disable", Service) with { To = 52 },
        Admin("PUT os-services/disable-log-reason", "os-services/disable-log-reason", """{"host":"host-1","binary":"nova-compute","disabled_reason":"fan"}""") with { To = 52 },
        Admin("PUT os-services/force-down", "os-services/force-down", """{"host":"host-1","binary":"nova-compute","forced_down":true}""") with { To = 52 },
        Admin("PUT os-services/{service}", $"os-services/{ServiceId}", """{"status":"disabled","disabled_reason":"fan"}""") with { From = 53 },
        Admin("PUT os-services/{service}", $"os-services/{World.Hold}", """{"status":"enabled"}""") with { From = 53, Fault = 404 },
        Admin("DELETE os-services/{service}", $"os-services/{ServiceId}") with { From = 53, Fault = 409 },
    ];

    private static IEnumerable<Exchange> Hypervisors =>
    [
        Admin("GET os-hypervisors", "os-hypervisors"),
        Admin("GET os-hypervisors", "os-hypervisors?limit=1") with { From = 33 },
        Admin("GET os-hypervisors", "os-hypervisors?with_servers=1") with { From = 53 },
        Admin("GET os-hypervisors/detail", "os-hypervisors/detail"),
        Admin("GET os-hypervisors/statistics", "os-hypervisors/statistics") with { To = 87 },
        Admin("GET os-hypervisors/{hypervisor}", $"os-hypervisors/{HostIds.Number(HypervisorId)}") with { To = 52 },
        Admin("GET os-hypervisors/{hypervisor}", $"os-hypervisors/{HypervisorId}") with { From = 53 },
        Admin("GET os-hypervisors/{hypervisor}", $"os-hypervisors/{World.Hold}") with { From = 53, Fault = 404 },
        Admin("GET os-hypervisors/{hypervisor}/uptime", $"os-hypervisors/{HypervisorId}/uptime") with { From = 53, To = 87, Fault = 501 },
        Admin("GET os-hypervisors/{hypervisor}/search", "os-hypervisors/host-1/search"),
        Admin("GET os-hypervisors/{hypervisor}/servers", "os-hypervisors/host-1/servers"),
    ];

    private static IEnumerable<Exchange> Aggregates =>
    [
        Admin("GET os-aggregates", "os-aggregates"),
        Admin("POST os-aggregates", "os-aggregates", """{"aggregate":{"name":"new","availability_zone":"blue"}}"""),
        Admin("POST os-aggregates", "os-aggregates", """{"aggregate":{"name":"there"}}""") with { Fault = 409 },
        Admin("GET os-aggregates/{aggregate}", "os-aggregates/7"),
        Admin("GET os-aggregates/{aggregate}", "os-aggregates/8") with { Fault = 404 },
        Admin("PUT os-aggregates/{aggregate}", "os-aggregates/7", """{"aggregate":{"name":"other"}}"""),
        Admin("DELETE os-aggregates/{aggregate}", "os-aggregates/9"),
        Admin("DELETE os-aggregates/{aggregate}", "os-aggregates/7") with { Fault = 400 },
        Admin("POST os-aggregates/{aggregate}/action add_host", "os-aggregates/7/action", """{"add_host":{"host":"host-2"}}"""),
        Admin("POST os-aggregates/{aggregate}/action remove_host", "os-aggregates/7/action", """{"remove_host":{"host":"host-1"}}"""),
        Admin("POST os-aggregates/{aggregate}/action set_metadata", "os-aggregates/7/action", """{"set_metadata":{"metadata":{"a":"b","availability_zone":"blue"}}}"""),
        Admin("POST os-aggregates/{aggregate}/images", "os-aggregates/7/images", """{"cache":[]}""") with { From = 81, Fault = 501 },
    ];

    private static IEnumerable<Exchange> Groups =>
    [
        new("GET os-server-groups", "/v2.1/os-server-groups"),
        new("GET os-server-groups", "/v2.1/os-server-groups?all_projects=True"),
        new("GET os-server-groups/{group}", $"/v2.1/os-server-groups/{World.Group}"),
        new("GET os-server-groups/{group}", $"/v2.1/os-server-groups/{World.Hold}") { Fault = 404 },
        new("POST os-server-groups", "/v2.1/os-server-groups", minor => minor < 64
            ? """{"server_group":{"name":"new","policies":["anti-affinity"]}}"""
            : """{"server_group":{"name":"new","policy":"anti-affinity","rules":{"max_server_per_host":3}}}"""),
        new("POST os-server-groups", "/v2.1/os-server-groups", _ => """{"server_group":{"name":"new"}}""") { Fault = 400 },
        new("DELETE os-server-groups/{group}", $"/v2.1/os-server-groups/{World.Group}"),
    ];

    private static IEnumerable<Exchange> Accounts =>
    [
        Admin("GET os-migrations", "os-migrations"),
        Admin("GET os-migrations", "os-migrations?limit=1") with { From = 59 },
        Admin("GET servers/{id}/migrations", $"servers/{World.Active}/migrations"),
        Admin("GET servers/{id}/migrations/{migration}", $"servers/{World.Active}/migrations/1") with { From = 23, Fault = 404 },
        Admin("POST servers/{id}/migrations/{migration}/action", $"servers/{World.Active}/migrations/1/action", """{"force_complete":null}""") with { From = 22, Fault = 404 },
        Admin("DELETE servers/{id}/migrations/{migration}", $"servers/{World.Active}/migrations/1") with { From = 24, Fault = 404 },
        Admin("GET os-simple-tenant-usage", "os-simple-tenant-usage?start=2026-01-31T00:00:00&end=2026-02-01T00:00:00"),
        Admin("GET os-simple-tenant-usage", "os-simple-tenant-usage?start=2026-01-31T00:00:00&end=2026-02-01T00:00:00&detailed=1"),
        Admin("GET os-simple-tenant-usage", "os-simple-tenant-usage?start=2026-01-31T00:00:00&end=2026-02-01T00:00:00&limit=1") with { From = 40 },
        new("GET os-simple-tenant-usage/{project}", "/v2.1/os-simple-tenant-usage/demo-project?start=2026-01-31T00:00:00&end=2026-02-01T00:00:00"),
        new("GET os-quota-sets/{project}/detail", "/v2.1/os-quota-sets/demo-project/detail"),
        Admin("PUT os-quota-sets/{project}", "os-quota-sets/demo-project", """{"quota_set":{"instances":50}}"""),
        Admin("PUT os-quota-sets/{project}", "os-quota-sets/demo-project", """{"quota_set":{"instances":1}}""") with { Fault = 400 },
        Admin("DELETE os-quota-sets/{project}", "os-quota-sets/demo-project"),
        Admin("POST flavors/{flavor}/action addTenantAccess", "flavors/p/action", """{"addTenantAccess":{"tenant":"demo-project"}}""") with { Allowed = Allowed.AskedByAdministrators },
        Admin("POST flavors/{flavor}/action removeTenantAccess", "flavors/p/action", """{"removeTenantAccess":{"tenant":"other-project"}}""") with { Allowed = Allowed.AskedByAdministrators },
    ];
}

/// <summary>Tags and the small resources below a server (nova-api §2.7, §2.8).</summary>
internal static class PartRows
{
    private const string Server = "servers/{id}";

    public static IEnumerable<Exchange> All => [.. Tags, .. Parts];

    private static Exchange Of(string method, string part, string path, string? body = null) =>
        new($"{method} {Server}/{part}", $"/v2.1/servers/{World.Active}/{path}", body is null ? null : _ => body);

    private static IEnumerable<Exchange> Tags =>
    [
        Of("GET", "tags", "tags"),
        Of("PUT", "tags", "tags", """{"tags":["new","blue"]}"""),
        Of("PUT", "tags", "tags", """{"tags":["a/b"]}""") with { From = 26, Fault = 400 },
        Of("DELETE", "tags", "tags"),
        Of("GET", "tags/{tag}", "tags/blue"),
        Of("GET", "tags/{tag}", "tags/none") with { From = 26, Fault = 404 },
        Of("PUT", "tags/{tag}", "tags/new"),
        Of("PUT", "tags/{tag}", "tags/blue") with { As = "PUT servers/{id}/tags/{tag} that is there" },
        Of("DELETE", "tags/{tag}", "tags/blue"),
    ];

    private static IEnumerable<Exchange> Parts =>
    [
        Of("GET", "ips/{label}", "ips/private") with { Fault = 404 },
        Of("GET", "os-server-password", "os-server-password"),
        Of("DELETE", "os-server-password", "os-server-password"),
        Of("GET", "os-security-groups", "os-security-groups"),
        Of("GET", "topology", "topology"),
        Of("GET", "diagnostics", "diagnostics") with { Allowed = Allowed.Administrators, Fault = 501 },
        Of("POST", "remote-consoles", "remote-consoles", """{"remote_console":{"protocol":"vnc","type":"novnc"}}""") with { From = 6, Fault = 400 },
        Of("GET", "os-volume_attachments/{volume}", "os-volume_attachments/v") with { Fault = 404 },
        Of("POST", "os-volume_attachments", "os-volume_attachments", """{"volumeAttachment":{"volumeId":"v"}}""") with { Fault = 501 },
        Of("PUT", "os-volume_attachments/{volume}", "os-volume_attachments/v", """{"volumeAttachment":{"volumeId":"v"}}""") with { Fault = 404 },
        Of("DELETE", "os-volume_attachments/{volume}", "os-volume_attachments/v") with { Fault = 404 },
        Of("GET", "os-interface/{port}", "os-interface/p") with { Fault = 404 },
        Of("POST", "os-interface", "os-interface", """{"interfaceAttachment":{}}""") with { Fault = 501 },
        Of("DELETE", "os-interface/{port}", "os-interface/p") with { Fault = 404 },
    ];
}
