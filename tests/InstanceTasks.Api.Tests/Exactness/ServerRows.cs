using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Servers and what is below them (nova-api §2, §5).</summary>
internal static class ServerRows
{
    private static readonly string One = $"/v2.1/servers/{World.Active}";

    public static IEnumerable<Exchange> All => [.. Lists, .. Shows, .. Creates, .. Changes, .. Metadata, .. Below];

    private static IEnumerable<Exchange> Lists =>
    [
        new("GET servers", "/v2.1/servers"),
        new("GET servers", "/v2.1/servers?limit=2"),
        new("GET servers", $"/v2.1/servers?limit=2&marker={World.Active}&sort_key=created_at&sort_dir=asc"),
        new("GET servers", "/v2.1/servers?limit=0"),
        new("GET servers", "/v2.1/servers?name=no-such-name"),
        new("GET servers", "/v2.1/demo-project/servers?limit=1"),
        new("GET servers/detail", "/v2.1/servers/detail"),
        new("GET servers/detail", "/v2.1/servers/detail?limit=3"),
        new("GET servers/detail", "/v2.1/servers/detail?status=ERROR"),
        new("GET servers/detail", "/v2.1/servers/detail?all_tenants=1") { Allowed = Allowed.Administrators },
        new("GET servers/detail", "/v2.1/servers/detail?deleted=true"),
        new("GET servers/detail", "/v2.1/servers/detail?changes-since=2026-01-01T00:00:00Z"),
    ];

    private static IEnumerable<Exchange> Shows =>
    [
        .. World.Visible.Select(id => new Exchange("GET servers/{id}", $"/v2.1/servers/{id}")),
        new("GET servers/{id}", $"/v2.1/demo-project/servers/{World.Active}"),
        new("GET servers/{id}", $"/v2.1/servers/{World.Others}") { FaultForMembers = 404 },
        new("GET servers/{id}", $"/v2.1/servers/{World.Deleted}") { Fault = 404 },
        new("GET servers/{id}", $"/v2.1/servers/{World.Nowhere}") { Fault = 404 },
        new("GET servers/{id}", "/v2.1/servers/a-name") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> Creates =>
    [
        new("POST servers", "/v2.1/servers", v => Server(v, "")),
        new("POST servers", "/v2.1/servers", v => Server(v, """
            ,"adminPass":"secret","metadata":{"k":"v"},"key_name":"k","availability_zone":"nova","user_data":"aGVsbG8=","config_drive":true,"OS-DCF:diskConfig":"AUTO","accessIPv4":"192.0.2.1",
            "accessIPv6":"2001:db8::1","security_groups":[{"name":"default"}]
            """)),
        new("POST servers", "/v2.1/servers", v => Server(v, ""","description":"d" """)) { From = 19 },
        new("POST servers", "/v2.1/servers", v => Server(v, ""","tags":["a"] """)) { From = 52 },
        new("POST servers", "/v2.1/servers", v => Server(v, ""","hostname":"guest" """)) { From = 90 },
        new("POST servers", "/v2.1/servers", v => Server(v, ""","min_count":2,"max_count":3""")),
        new("POST servers", "/v2.1/servers", v => Server(v, ""","min_count":2,"return_reservation_id":true""")),
        new("POST servers", "/v2.1/servers", v => Server(v, "")) { Headers = [("Idempotency-Key", "k1")] },
        new("POST servers", "/v2.1/servers?dry_run=true", v => Server(v, "")) { As = "dry run" },
        new("POST servers", "/v2.1/servers", v => Server(v, ""","unknown":1""")) { Fault = 400 },
        new("POST servers", "/v2.1/servers", v => Server(v, ""","max_count":3""")) { Fault = 403, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.Quota, "Quota exceeded for instances: Requested 3, but already used 3 of 5 instances") },
    ];

    private static IEnumerable<Exchange> Changes =>
    [
        .. World.Changed.Select(id => new Exchange("PUT servers/{id}", $"/v2.1/servers/{id}", _ => """{"server":{"name":"renamed"}}""")),
        new("PUT servers/{id}", One, _ => """{"server":{}}"""),
        new("PUT servers/{id}", One, _ => """{"server":{"description":null}}""") { From = 19 },
        new("PUT servers/{id}", One, _ => """{"server":{"hostname":"guest"}}""") { From = 90 },
        new("PUT servers/{id}", One, _ => """{"server":{"name":"renamed"}}""") { Headers = [("Idempotency-Key", "k1")] },
        new("PUT servers/{id}", One, _ => """{"server":{"name":" "}}""") { Fault = 400 },
        new("PUT servers/{id}", $"/v2.1/servers/{World.Nowhere}", _ => """{"server":{"name":"renamed"}}""") { Fault = 404 },
        new("DELETE servers/{id}", One),
        new("DELETE servers/{id}", $"/v2.1/servers/{World.Nowhere}") { Fault = 404 },
        new("DELETE servers/{id}", One) { Fault = 409, Arrange = api => api.Commands.Decide = _ => Refusing.With(RefusalKind.Locked, "Instance is locked") },
    ];

    private static IEnumerable<Exchange> Metadata =>
    [
        new("GET servers/{id}/metadata", $"{One}/metadata"),
        new("POST servers/{id}/metadata", $"{One}/metadata", _ => """{"metadata":{"new":"1"}}"""),
        new("PUT servers/{id}/metadata", $"{One}/metadata", _ => """{"metadata":{"only":"1"}}"""),
        new("PUT servers/{id}/metadata", $"{One}/metadata", _ => """{"metadata":{"only":"1"}}""") { Headers = [("Idempotency-Key", "k1")] },
        new("POST servers/{id}/metadata", $"{One}/metadata", _ => """{"metadata":{"!":"1"}}""") { Fault = 400 },
        new("GET servers/{id}/metadata/{key}", $"{One}/metadata/k"),
        new("GET servers/{id}/metadata/{key}", $"{One}/metadata/none") { Fault = 404 },
        new("PUT servers/{id}/metadata/{key}", $"{One}/metadata/k", _ => """{"meta":{"k":"2"}}"""),
        new("PUT servers/{id}/metadata/{key}", $"{One}/metadata/k", _ => """{"meta":{"other":"2"}}""") { Fault = 400 },
        new("DELETE servers/{id}/metadata/{key}", $"{One}/metadata/k"),
        new("DELETE servers/{id}/metadata/{key}", $"{One}/metadata/none") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> Below =>
    [
        new("GET servers/{id}/ips", $"{One}/ips"),
        new("GET servers/{id}/os-volume_attachments", $"{One}/os-volume_attachments"),
        new("GET servers/{id}/os-interface", $"{One}/os-interface"),
        new("GET servers/{id}/os-instance-actions", $"{One}/os-instance-actions"),
        new("GET servers/{id}/os-instance-actions", $"/v2.1/servers/{World.Building}/os-instance-actions"),
        new("GET servers/{id}/os-instance-actions", $"{One}/os-instance-actions?limit=1") { From = 58 },
        new("GET servers/{id}/os-instance-actions", $"/v2.1/servers/{World.Deleted}/os-instance-actions") { From = 21 },
        new("GET servers/{id}/os-instance-actions", $"/v2.1/servers/{World.Deleted}/os-instance-actions") { To = 20, Fault = 404 },
        new("GET servers/{id}/os-instance-actions", $"{One}/os-instance-actions?marker=nothing") { From = 58, Fault = 400 },
        new("GET servers/{id}/os-instance-actions/{request}", $"{One}/os-instance-actions/{World.Request(1)}"),
        new("GET servers/{id}/os-instance-actions/{request}", $"{One}/os-instance-actions/{World.Request(2)}"),
        new("GET servers/{id}/os-instance-actions/{request}", $"/v2.1/servers/{World.Building}/os-instance-actions/{World.Request(3)}"),
        new("GET servers/{id}/os-instance-actions/{request}", $"{One}/os-instance-actions/{World.Request(999)}") { Fault = 404 },
    ];

    /// <summary>The smallest body (nova-api §2.1) and more.</summary>
    private static string Server(int version, string more)
    {
        var networks = version >= 37 ? ""","networks":"none" """ : "";
        return $$$"""{"server":{"name":"made","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"{{{networks}}}{{{more}}}}}""";
    }
}

/// <summary>Refusals of the engine.</summary>
internal static class Refusing
{
    public static AcceptAnswer With(RefusalKind kind, string message, TaskId? running = null) =>
        new() { Verdict = AcceptVerdict.Refused, Refusal = new(kind, message) { RunningTask = running } };
}
