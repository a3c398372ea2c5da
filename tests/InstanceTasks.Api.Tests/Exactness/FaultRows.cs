namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>What gets no answer, whatever the endpoint (nova-api §1.2, §1.5, §2.2).</summary>
internal static class FaultRows
{
    public static IEnumerable<Exchange> All => [.. General, .. Queries];

    private static IEnumerable<Exchange> General =>
    [
        new("GET nothing", "/v2.1/nothing") { Fault = 404 },
        new("GET servers", "/v2.1/0123-abc/servers") { Fault = 400 },
        new("GET servers", "/v2.1/servers") { Unversioned = true, Asks = "2.01", Fault = 400 },
        new("GET servers", "/v2.1/servers") { Unversioned = true, Asks = "2.999", Fault = 406 },
        new("POST servers", "/v2.1/servers", _ => "{}") { MediaType = "text/plain", Fault = 415 },
        new("POST servers/{id}/action os-stop", $"/v2.1/servers/{World.Active}/action", _ => """{"os-stop":null,"os-stop":null}""") { Fault = 400 },
        new("PATCH servers", "/v2.1/servers") { Fault = 405 },
        new("POST servers/detail", "/v2.1/servers/detail", _ => "{}") { Fault = 405 },
        new("DELETE os-keypairs", "/v2.1/os-keypairs") { Fault = 405 },
        new("POST servers", "/v2.1/servers", _ => "{}") { Fault = 400 },
        new("POST servers", "/v2.1/servers", _ => """{"server":{"name":""}}""") { Fault = 400 },
        new("POST servers", "/v2.1/servers", _ => $$"""{"server":"{{new string('x', 120_000)}}"}""") { Fault = 413, Only = [1, 79, 96] },
        new("GET servers/{id}", $"/v2.1/servers/{World.Active}") { Fault = 500, Arrange = api => api.Cloud.Broken = new InvalidDataException("broken") },
    ];

    private static IEnumerable<Exchange> Queries =>
    [
        new("GET servers", "/v2.1/servers?limit=-1") { Fault = 400 },
        new("GET servers", "/v2.1/servers?limit=x") { Fault = 400 },
        new("GET servers", "/v2.1/servers?marker=x") { Fault = 400 },
        new("GET servers", $"/v2.1/servers?marker={World.Nowhere}") { Fault = 400 },
        new("GET servers", "/v2.1/servers?sort_dir=up") { Fault = 400 },
        new("GET servers", "/v2.1/servers?changes-since=yesterday") { Fault = 400 },
        new("GET servers", "/v2.1/servers?changes-since=2026-02-01T00:00:00Z&changes-before=2026-01-01T00:00:00Z") { From = 66, Fault = 400 },
        new("GET servers", "/v2.1/servers?_hidden=1") { Fault = 400 },
        new("GET servers", "/v2.1/servers?status=dancing") { To = 37 },
        new("GET servers", "/v2.1/servers?status=dancing") { From = 38, Fault = 400 },
        new("GET servers", "/v2.1/servers?status=deleted") { Allowed = Allowed.Administrators },
        new("GET servers", "/v2.1/servers?unknown=1") { To = 74 },
        new("GET servers", "/v2.1/servers?unknown=1") { From = 75, Fault = 400 },
        new("GET servers", "/v2.1/servers?all_tenants=1") { Allowed = Allowed.Administrators },
    ];
}
