namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Flavors, key pairs, zones, limits and quotas (nova-api §6).</summary>
internal static class NeighbourRows
{
    private const string NewFlavor = """{"flavor":{"name":"new","ram":512,"vcpus":1,"disk":1""";

    public static IEnumerable<Exchange> All => [.. Flavors, .. FlavorChanges, .. ExtraSpecs, .. KeyPairs, .. Rest];

    private static IEnumerable<Exchange> Flavors =>
    [
        new("GET flavors", "/v2.1/flavors"),
        new("GET flavors", "/v2.1/flavors?limit=1"),
        new("GET flavors", "/v2.1/flavors?is_public=None"),
        new("GET flavors/detail", "/v2.1/flavors/detail"),
        new("GET flavors/detail", "/v2.1/flavors/detail?limit=2&marker=1"),
        new("GET flavors/detail", "/v2.1/flavors/detail?is_public=None"),
        new("GET flavors", "/v2.1/flavors?marker=none") { Fault = 400 },
        new("GET flavors/{flavor}", "/v2.1/flavors/1"),
        new("GET flavors/{flavor}", "/v2.1/flavors/3"),
        new("GET flavors/{flavor}", "/v2.1/flavors/p") { FaultForMembers = 404 },
        new("GET flavors/{flavor}", "/v2.1/flavors/m1.tiny") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> FlavorChanges =>
    [
        new("POST flavors", "/v2.1/flavors", _ => NewFlavor + "}}") { Allowed = Allowed.Administrators },
        new("POST flavors", "/v2.1/flavors", _ => NewFlavor + ""","id":"n","swap":128,"rxtx_factor":2,"OS-FLV-EXT-DATA:ephemeral":3,"os-flavor-access:is_public":false}}""") { Allowed = Allowed.Administrators },
        new("POST flavors", "/v2.1/flavors", _ => NewFlavor + ""","description":"d"}}""") { Allowed = Allowed.Administrators, From = 55 },
        new("POST flavors", "/v2.1/flavors", _ => NewFlavor + "}}") { Allowed = Allowed.Administrators, Headers = [("Idempotency-Key", "k1")] },
        new("POST flavors", "/v2.1/flavors", _ => NewFlavor + ""","id":"1"}}""") { Allowed = Allowed.Administrators, Fault = 409 },
        new("POST flavors", "/v2.1/flavors", _ => """{"flavor":{"name":"new"}}""") { Allowed = Allowed.Administrators, Fault = 400 },
        new("PUT flavors/{flavor}", "/v2.1/flavors/1", _ => """{"flavor":{"description":"d"}}""") { Allowed = Allowed.Administrators },
        new("DELETE flavors/{flavor}", "/v2.1/flavors/1") { Allowed = Allowed.Administrators },
        new("DELETE flavors/{flavor}", "/v2.1/flavors/none") { Allowed = Allowed.Administrators, Fault = 404 },
        new("GET flavors/{flavor}/os-flavor-access", "/v2.1/flavors/p/os-flavor-access") { Allowed = Allowed.AskedByAdministrators },
        new("GET flavors/{flavor}/os-flavor-access", "/v2.1/flavors/1/os-flavor-access") { Allowed = Allowed.Administrators, Fault = 404 },
    ];

    private static IEnumerable<Exchange> ExtraSpecs =>
    [
        new("GET flavors/{flavor}/os-extra_specs", "/v2.1/flavors/1/os-extra_specs"),
        new("GET flavors/{flavor}/os-extra_specs", "/v2.1/flavors/4/os-extra_specs"),
        new("POST flavors/{flavor}/os-extra_specs", "/v2.1/flavors/1/os-extra_specs", _ => """{"extra_specs":{"hw:numa_nodes":"1"}}""") { Allowed = Allowed.Administrators },
        new("GET flavors/{flavor}/os-extra_specs/{key}", "/v2.1/flavors/1/os-extra_specs/hw:cpu_policy"),
        new("GET flavors/{flavor}/os-extra_specs/{key}", "/v2.1/flavors/1/os-extra_specs/none") { Fault = 404 },
        new("PUT flavors/{flavor}/os-extra_specs/{key}", "/v2.1/flavors/1/os-extra_specs/hw:cpu_policy", _ => """{"hw:cpu_policy":"dedicated"}""") { Allowed = Allowed.Administrators },
        new("DELETE flavors/{flavor}/os-extra_specs/{key}", "/v2.1/flavors/1/os-extra_specs/hw:cpu_policy") { Allowed = Allowed.Administrators },
    ];

    private static IEnumerable<Exchange> KeyPairs =>
    [
        new("GET os-keypairs", "/v2.1/os-keypairs"),
        new("GET os-keypairs", "/v2.1/os-keypairs?limit=1") { From = 35 },
        new("GET os-keypairs", "/v2.1/os-keypairs?user_id=somebody") { From = 10, Allowed = Allowed.Administrators },
        new("GET os-keypairs/{name}", "/v2.1/os-keypairs/k"),
        new("GET os-keypairs/{name}", "/v2.1/os-keypairs/other%20key"),
        new("GET os-keypairs/{name}", "/v2.1/os-keypairs/none") { Fault = 404 },
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => $$$"""{"keypair":{"name":"n","public_key":"{{{World.PublicKey}}}"}}"""),
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => $$$"""{"keypair":{"name":"n","type":"ssh","public_key":"{{{World.PublicKey}}}"}}""") { From = 2 },
        // A key is made: that takes its time, and its shape changes at these versions only.
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => """{"keypair":{"name":"n"}}""") { Only = [1, 2, 10, 79, 91] },
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => """{"keypair":{"name":"n"}}""") { From = 92, Fault = 400 },
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => $$$"""{"keypair":{"name":"k","public_key":"{{{World.PublicKey}}}"}}""") { Fault = 409 },
        new("POST os-keypairs", "/v2.1/os-keypairs", _ => """{"keypair":{"name":"n","public_key":"no key"}}""") { Fault = 400 },
        new("DELETE os-keypairs/{name}", "/v2.1/os-keypairs/k"),
        new("DELETE os-keypairs/{name}", "/v2.1/os-keypairs/none") { Fault = 404 },
    ];

    private static IEnumerable<Exchange> Rest =>
    [
        new("GET os-availability-zone", "/v2.1/os-availability-zone"),
        new("GET os-availability-zone/detail", "/v2.1/os-availability-zone/detail") { Allowed = Allowed.Administrators },
        new("GET extensions", "/v2.1/extensions"),
        new("GET extensions/{alias}", "/v2.1/extensions/os-keypairs") { Fault = 404 },
        new("GET limits", "/v2.1/limits"),
        new("GET limits", "/v2.1/limits?tenant_id=other-project") { Allowed = Allowed.Administrators },
        new("GET os-quota-sets/{project}", "/v2.1/os-quota-sets/demo-project"),
        new("GET os-quota-sets/{project}", "/v2.1/os-quota-sets/other-project") { Allowed = Allowed.Administrators },
        new("GET os-quota-sets/{project}/defaults", "/v2.1/os-quota-sets/demo-project/defaults"),
    ];
}

/// <summary>The image façade and the old proxy (nova-api §6.9, §6.11).</summary>
internal static class ImageRows
{
    public static IEnumerable<Exchange> All => [.. Proxy, .. Facade("v2/images", "/v2.1/v2/images"), .. Once(Facade("image/v2/images", "/image/v2/images")), .. Once(Discovery)];

    private static IEnumerable<Exchange> Proxy =>
    [
        new("GET images", "/v2.1/images"),
        new("GET images", "/v2.1/images?name=saved"),
        new("GET images/detail", "/v2.1/images/detail"),
        new("GET images/{image}", $"/v2.1/images/{World.SavedImage}"),
        new("GET images/{image}", $"/v2.1/images/{World.SavingImage}"),
        new("GET images/{image}", $"/v2.1/images/{Fakes.Sample.ImageId}"),
        new("GET images/{image}", $"/v2.1/images/{World.Nowhere}") { Fault = 404 },
        new("DELETE images/{image}", $"/v2.1/images/{World.SavedImage}"),
        new("GET images", "/v2.1/images") { Unversioned = true, As = "GET images without a version" },
        new("GET images/{image}", $"/v2.1/images/{World.SavedImage}") { Unversioned = true, As = "GET images/{image} without a version" },
    ];

    private static IEnumerable<Exchange> Discovery => [new("GET image", "/image"), new("GET image/versions", "/image/versions"), new("GET image/v2", "/image/v2/")];

    private static IEnumerable<Exchange> Facade(string template, string path) =>
    [
        new($"GET {template}", path),
        new($"GET {template}", $"{path}?name=saved&limit=1"),
        new($"GET {template}/{{image}}", $"{path}/{World.SavedImage}"),
        new($"GET {template}/{{image}}", $"{path}/{Fakes.Sample.ImageId}"),
        new($"GET {template}/{{image}}", $"{path}/{World.Nowhere}") { Fault = 404 },
        new($"DELETE {template}/{{image}}", $"{path}/{World.SavedImage}"),
        new($"DELETE {template}/{{image}}", $"{path}/{Fakes.Sample.ImageId}") { Fault = 403 },
        new($"DELETE {template}/{{image}}", $"{path}/{World.SavingImage}") { Fault = 409 },
    ];

    private static IEnumerable<Exchange> Once(IEnumerable<Exchange> rows) => rows.Select(r => r with { Unversioned = true });
}
