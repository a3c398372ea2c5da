using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>Flavors, key pairs, images, limits, zones.</summary>
public sealed class NeighbourTests : ApiTest
{
    private const string PublicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDZNhFsbxdNMBe/Qfif5uzmgAWOawTSBqSK1vjT4fm3N me@example";

    [Theory]
    [InlineData(1, "", new string[0])]
    [InlineData(55, "", new[] { "description" })]
    [InlineData(61, "", new[] { "description", "extra_specs" })]
    [InlineData(75, 0, new[] { "description", "extra_specs" })]
    public async Task Flavor_Fields_ByMicroversion(int minor, object swap, string[] more)
    {
        var flavor = (await Api.GetAsync("/v2.1/flavors/1", $"2.{minor}"))["flavor"];

        string[] fields = ["id", "name", "links", "ram", "disk", "vcpus", "swap", "OS-FLV-EXT-DATA:ephemeral", "OS-FLV-DISABLED:disabled", "os-flavor-access:is_public", "rxtx_factor", .. more];
        Assert.Equal(fields.Order(StringComparer.Ordinal), flavor.Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(swap.ToString(), flavor["swap"]!.ToString());
        Assert.Equal(64, (int)(await Api.GetAsync("/v2.1/flavors/3", $"2.{minor}"))["flavor"]["swap"]!);
    }

    [Fact]
    public async Task Flavors_List_FilterSortPage()
    {
        Assert.Equal(["1", "2", "3"], await FlavorsAsync(""));
        Assert.Equal(["1", "2", "3", "p"], await FlavorsAsync("?is_public=None"));
        Assert.Equal(["p"], await FlavorsAsync("?is_public=False"));
        Assert.Equal(["2", "3"], await FlavorsAsync("?minRam=1024"));
        Assert.Equal(["3"], await FlavorsAsync("?minDisk=21"));
        Assert.Equal(["2", "3"], await FlavorsAsync("?sort_key=name&sort_dir=desc&limit=2&marker=1"));
        Assert.Equal(["3", "2", "1"], await FlavorsAsync("?sort_key=memory_mb&sort_dir=desc"));
        Assert.Equal(["2", "3"], await FlavorsAsync("?marker=1"));
        Assert.Equal(400, (await Api.GetAsync("/v2.1/flavors?marker=x")).Status);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/flavors?is_public=maybe")).Status);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/flavors?sort_key=x")).Status);
        var page = await Api.GetAsync("/v2.1/flavors/detail?limit=1");
        Assert.Equal($"{Api.BaseUrl}/v2.1/flavors/detail?limit=1&marker=1", (string)page.List("flavors_links")[0]!["href"]!);
        Assert.Equal(404, (await Api.GetAsync("/v2.1/flavors/m1.tiny")).Status);
    }

    [Fact]
    public async Task Flavor_Create_AsTheClientSendsIt()
    {
        const string Body = """{"flavor":{"name":"m1.nano","rxtx_factor":1.0,"disk":1,"ram":64,"vcpus":1,"swap":0,"id":null,"os-flavor-access:is_public":true,"OS-FLV-EXT-DATA:ephemeral":0}}""";

        var answer = await Api.PostAsync("/v2.1/flavors", Body, "2.61");
        var again = await Api.PostAsync("/v2.1/flavors", Body, "2.61");

        Assert.Equal((200, 409), (answer.Status, again.Status));
        var id = (string)answer["flavor"]["id"]!;
        Assert.True(Guid.TryParse(id, out _));
        Assert.Equal(202, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/flavors/{id}", null)).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/flavors/{id}", null)).Status);
    }

    [Theory]
    [InlineData("""{"flavor":{"name":"x","ram":0,"vcpus":1,"disk":1}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":1,"vcpus":1}}""")]
    [InlineData("""{"flavor":{"name":" x","ram":1,"vcpus":1,"disk":1}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":1,"vcpus":1,"disk":1,"id":" y"}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":1.5,"vcpus":1,"disk":1}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":3000000000,"vcpus":1,"disk":1}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":1,"vcpus":1,"disk":1,"rxtx_factor":0}}""")]
    [InlineData("""{"flavor":{"name":"x","ram":1,"vcpus":1,"disk":1,"description":"d"}}""")]
    public async Task Flavor_Create_Bad400(string body) => Assert.Equal(400, (await Api.PostAsync("/v2.1/flavors", body)).Status);

    [Fact]
    public async Task Flavor_Manage_ForAdministratorsOnly()
    {
        await using var api = await ApiHost.StartAsync(admin: false);

        Assert.Equal(403, (await api.PostAsync("/v2.1/flavors", """{"flavor":{"name":"x","ram":1,"vcpus":1,"disk":1}}""")).Status);
        Assert.Equal(403, (await api.SendAsync(HttpMethod.Delete, "/v2.1/flavors/1", null)).Status);
        Assert.Equal(403, (await api.PostAsync("/v2.1/flavors/1/os-extra_specs", """{"extra_specs":{"a":"b"}}""")).Status);
        Assert.Equal(404, (await api.GetAsync("/v2.1/flavors/p")).Status);
    }

    [Fact]
    public async Task FlavorAccess_OfPrivateFlavors_Empty()
    {
        Assert.Equal("""{"flavor_access":[]}""", (await Api.GetAsync("/v2.1/flavors/p/os-flavor-access")).Body!.ToJsonString());
        Assert.Equal(404, (await Api.GetAsync("/v2.1/flavors/1/os-flavor-access")).Status);
    }

    [Fact]
    public async Task ExtraSpecs_AllCalls()
    {
        const string Path = "/v2.1/flavors/1/os-extra_specs";

        Assert.Equal("""{"extra_specs":{"hw:a":"1","b":"2"}}""", (await Api.PostAsync(Path, """{"extra_specs":{"hw:a":1,"b":"2"}}""")).Body!.ToJsonString());
        Assert.Equal("""{"b":"3"}""", (await Api.SendAsync(HttpMethod.Put, $"{Path}/b", """{"b":"3"}""")).Body!.ToJsonString());
        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Put, $"{Path}/b", """{"c":"3"}""")).Status);
        Assert.Equal("""{"hw:a":"1"}""", (await Api.GetAsync($"{Path}/hw:a")).Body!.ToJsonString());
        Assert.Equal(200, (await Api.SendAsync(HttpMethod.Delete, $"{Path}/hw:a", null)).Status);
        Assert.Equal(404, (await Api.GetAsync($"{Path}/hw:a")).Status);
        Assert.Equal("""{"extra_specs":{"b":"3"}}""", (await Api.GetAsync(Path)).Body!.ToJsonString());
        Assert.Equal(404, (await Api.GetAsync("/v2.1/flavors/none/os-extra_specs")).Status);
    }

    [Theory]
    [InlineData("2.1", 200, 202)]
    [InlineData("2.2", 201, 204)]
    public async Task KeyPair_Codes_ByMicroversion(string version, int created, int deleted)
    {
        var answer = await Api.PostAsync("/v2.1/os-keypairs", $$$"""{"keypair":{"name":"k","public_key":"{{{PublicKey}}}"}}""", version);
        var again = await Api.PostAsync("/v2.1/os-keypairs", $$$"""{"keypair":{"name":"k","public_key":"{{{PublicKey}}}"}}""", version);

        Assert.Equal((created, 409), (answer.Status, again.Status));
        Assert.Matches("^([0-9a-f]{2}:){15}[0-9a-f]{2}$", (string)answer["keypair"]["fingerprint"]!);
        Assert.Equal(version == "2.2", answer["keypair"].ContainsKey("type"));
        Assert.False(answer["keypair"].ContainsKey("private_key"));
        Assert.Equal(deleted, (await Api.SendAsync(HttpMethod.Delete, "/v2.1/os-keypairs/k", null, version)).Status);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, "/v2.1/os-keypairs/k", null, version)).Status);
    }

    [Fact]
    public async Task KeyPair_Generated_PrivateKeyFitsThePublicOneAndIsNotKept()
    {
        var pair = (await Api.PostAsync("/v2.1/os-keypairs", """{"keypair":{"name":"k"}}""", "2.10"))["keypair"];

        using var rsa = System.Security.Cryptography.RSA.Create();
        rsa.ImportFromPem((string)pair["private_key"]!);
        var blob = Convert.FromBase64String(((string)pair["public_key"]!).Split(' ')[1]);
        Assert.True(blob.AsSpan().EndsWith(rsa.ExportParameters(false).Modulus));
        var shown = (await Api.GetAsync("/v2.1/os-keypairs/k", "2.10"))["keypair"];
        Assert.Equal(
            new[] { "created_at", "deleted", "deleted_at", "fingerprint", "id", "name", "public_key", "type", "updated_at", "user_id" },
            shown.Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("2.1", """{"keypair":{"name":"k","public_key":"nonsense"}}""")]
    [InlineData("2.1", """{"keypair":{"name":"k","public_key":"ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA"}}""")]
    [InlineData("2.1", """{"keypair":{"name":"k","type":"ssh"}}""")]
    [InlineData("2.2", """{"keypair":{"name":"k","type":"x509"}}""")]
    [InlineData("2.9", """{"keypair":{"name":"k","user_id":"u"}}""")]
    [InlineData("2.92", """{"keypair":{"name":"k"}}""")]
    public async Task KeyPair_Bad_400(string version, string body) => Assert.Equal(400, (await Api.PostAsync("/v2.1/os-keypairs", body, version)).Status);

    [Fact]
    public async Task KeyPairs_List_OwnAndPaged()
    {
        foreach (var (name, user) in new[] { ("b", "demo-user"), ("a", "demo-user"), ("c", "other") })
        {
            Api.Catalog.Pairs.Add(new(new(user), name, PublicKey, "f", "ssh", Sample.Time));
        }

        Assert.Equal(["a", "b"], Names(await Api.GetAsync("/v2.1/os-keypairs")));
        Assert.Equal(["c"], Names(await Api.GetAsync("/v2.1/os-keypairs?user_id=other", "2.10")));
        var page = await Api.GetAsync("/v2.1/os-keypairs?limit=1", "2.35");
        Assert.Equal(["a"], Names(page));
        Assert.Equal(["b"], Names(await Api.GetAsync((string)page.List("keypairs_links")[0]!["href"]!, "2.35")));

        static IEnumerable<string> Names(Answer answer) => answer.List("keypairs").Select(k => (string)k!["keypair"]!["name"]!);
    }

    [Theory]
    [InlineData("/image/v2/images")]
    [InlineData("/v2.1/images")]
    public async Task Images_ForImageClients_GlanceShape(string path)
    {
        var list = await Api.GetAsync($"{path}?name=tiny");
        var one = await Api.GetAsync($"{path}/{Sample.ImageId}");

        Assert.Equal(["images", "first", "schema"], list.Body!.Select(p => p.Key));
        Assert.Equal("active", (string)Assert.Single(list.List("images"))!["status"]!);
        Assert.Equal("tiny", (string)one.Body!["name"]!);
        Assert.Empty((await Api.GetAsync($"{path}?name=other")).List("images"));
        Assert.Single((await Api.GetAsync($"{path}?id=in:x,{Sample.ImageId}")).List("images"));
        Assert.Equal(404, (await Api.GetAsync($"{path}/tiny")).Status);
    }

    [Fact]
    public async Task Images_ForComputeClients_NovasProxyUntil35()
    {
        Assert.Equal(["id", "name", "links"], Assert.Single((await Api.GetAsync("/v2.1/images", "2.35")).List("images"))!.AsObject().Select(p => p.Key));
        Assert.Equal("ACTIVE", (string)(await Api.GetAsync($"/v2.1/images/{Sample.ImageId}", "2.1"))["image"]["status"]!);
        Assert.Equal("ACTIVE", (string)(await Api.GetAsync("/v2.1/images/detail", "2.1")).List("images")[0]!["status"]!);
        Assert.Equal(404, (await Api.GetAsync($"/v2.1/images/{Sample.ImageId}", "2.36")).Status);
    }

    [Fact]
    public async Task Image_Versions_AtTheRootOfTheService() =>
        Assert.Equal($"{Api.BaseUrl}/image/v2/", (string)(await Api.GetAsync("/image")).List("versions")[0]!["links"]![0]!["href"]!);

    [Theory]
    [InlineData(1, 19)]
    [InlineData(36, 14)]
    [InlineData(39, 13)]
    [InlineData(57, 11)]
    public async Task Limits_Fields_ByMicroversion(int minor, int count)
    {
        var absolute = (await Api.GetAsync("/v2.1/limits", $"2.{minor}"))["limits"]["absolute"]!.AsObject();

        Assert.Equal(count, absolute.Count);
        Assert.Equal((3, 5, 700, -1), ((int)absolute["totalInstancesUsed"]!, (int)absolute["totalCoresUsed"]!, (int)absolute["totalRAMUsed"]!, (int)absolute["maxTotalCores"]!));
    }

    [Fact]
    public async Task Zones_FromHosts()
    {
        var brief = (await Api.GetAsync("/v2.1/os-availability-zone")).List("availabilityZoneInfo");
        var detail = (await Api.GetAsync("/v2.1/os-availability-zone/detail")).List("availabilityZoneInfo");

        Assert.Equal(["far", "nova"], brief.Select(z => (string)z!["zoneName"]!));
        Assert.Equal([false, true], brief.Select(z => (bool)z!["zoneState"]!["available"]!));
        Assert.Null(brief[0]!["hosts"]);
        Assert.True((bool)detail[1]!["hosts"]!["host-1"]!["nova-compute"]!["active"]!);
    }

    [Theory]
    [InlineData("/v2.1/extensions", """{"extensions":[]}""")]
    public async Task Extensions_Empty(string path, string body) => Assert.Equal(body, (await Api.GetAsync(path)).Body!.ToJsonString());

    private async Task<IEnumerable<string>> FlavorsAsync(string query)
    {
        var answer = await Api.GetAsync($"/v2.1/flavors{query}");
        Assert.Equal(200, answer.Status);
        return answer.List("flavors").Select(f => (string)f!["id"]!);
    }
}
