using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class ServerShowTests : ApiTest
{
    private static readonly string[] Base =
    [
        "id", "name", "links", "status", "tenant_id", "user_id", "metadata", "hostId", "image", "flavor", "created", "updated", "addresses", "accessIPv4",
        "accessIPv6", "OS-DCF:diskConfig", "progress",
    ];

    private static readonly string[] Extended =
    [
        "OS-EXT-AZ:availability_zone", "config_drive", "key_name", "OS-SRV-USG:launched_at", "OS-SRV-USG:terminated_at", "OS-EXT-STS:task_state",
        "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state", "os-extended-volumes:volumes_attached", "security_groups",
    ];

    private static readonly string[] Admin = ["OS-EXT-SRV-ATTR:host", "OS-EXT-SRV-ATTR:instance_name", "OS-EXT-SRV-ATTR:hypervisor_hostname"];

    private static readonly string[] Admin3 =
    [
        "OS-EXT-SRV-ATTR:hostname", "OS-EXT-SRV-ATTR:kernel_id", "OS-EXT-SRV-ATTR:launch_index", "OS-EXT-SRV-ATTR:ramdisk_id", "OS-EXT-SRV-ATTR:reservation_id",
        "OS-EXT-SRV-ATTR:root_device_name", "OS-EXT-SRV-ATTR:user_data",
    ];

    private static readonly (int From, string Name)[] Versioned =
    [
        (9, "locked"), (19, "description"), (26, "tags"), (63, "trusted_image_certificates"), (71, "server_groups"), (73, "locked_reason"),
        (96, "pinned_availability_zone"),
    ];

    public static TheoryData<int> Boundaries => new(1, 2, 3, 8, 9, 15, 16, 18, 19, 25, 26, 46, 47, 62, 63, 70, 71, 72, 73, 74, 75, 89, 90, 95, 96);

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task Show_Administrator_ExactlyNovasFields(int minor)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.GetAsync($"/v2.1/servers/{server.Id}", $"2.{minor}");

        Assert.Equal(200, answer.Status);
        AssertFields([.. Base, .. Extended, .. Admin, .. minor >= 3 ? Admin3 : [], .. minor >= 16 ? ["host_status"] : Array.Empty<string>(), .. Since(minor)], answer["server"]);
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task Show_User_ExactlyNovasFields(int minor)
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var server = api.Add(Sample.Server());

        var answer = await api.GetAsync($"/v2.1/servers/{server.Id}", $"2.{minor}");

        string[] hostname = minor >= 90 ? ["OS-EXT-SRV-ATTR:hostname"] : [];
        AssertFields([.. Base, .. Extended, .. hostname, .. Since(minor)], answer["server"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(71)]
    [InlineData(96)]
    public async Task Detail_AsShowWithoutServerGroups(int minor)
    {
        Api.Add(Sample.Server());

        var answer = await Api.GetAsync("/v2.1/servers/detail", $"2.{minor}");

        var fields = Base.Concat(Extended).Concat(Admin).Concat(minor >= 3 ? Admin3 : []).Concat(minor >= 16 ? ["host_status"] : []).Concat(Since(minor));
        AssertFields([.. fields.Where(f => f != "server_groups")], answer.List("servers")[0]!.AsObject());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(74)]
    [InlineData(75)]
    public async Task Update_ReducedBefore75_FullAfter(int minor)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}", """{"server":{"name":"b"}}""", $"2.{minor}");

        Assert.Equal(200, answer.Status);
        Assert.Equal("b", (string)answer["server"]["name"]!);
        AssertFields(minor >= 75 ? [.. Base, .. Extended, .. Admin, .. Admin3, "host_status", .. Since(minor)] : [.. Base, .. Since(minor)], answer["server"]);
        Assert.NotNull(answer.Header("OpenStack-Task"));
    }

    [Fact]
    public async Task Show_Values_AreNovas()
    {
        var server = Api.Add(Sample.Server() with { ConfigDrive = true, KeyName = "k", LockedBy = "owner", LockedReason = "why", Metadata = new() { ["a"] = "b" } });

        var shown = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.96"))["server"];

        Assert.Equal("ACTIVE", (string)shown["status"]!);
        Assert.Equal("2026-01-31T10:11:12Z", (string)shown["created"]!);
        Assert.Equal("2026-01-31T10:11:17.345000", (string)shown["OS-SRV-USG:launched_at"]!);
        Assert.Equal("True", (string)shown["config_drive"]!);
        Assert.Equal("active", (string)shown["OS-EXT-STS:vm_state"]!);
        Assert.Equal(1, (int)shown["OS-EXT-STS:power_state"]!);
        Assert.Equal(new HostName("host-1").HostIdFor(server.Project), (string)shown["hostId"]!);
        Assert.Equal("UP", (string)shown["host_status"]!);
        Assert.Equal("why", (string)shown["locked_reason"]!);
        Assert.True((bool)shown["locked"]!);
        Assert.Equal("b", (string)shown["metadata"]!["a"]!);
        Assert.Equal($"{Api.BaseUrl}/servers/{server.Id}", (string)shown["links"]![1]!["href"]!);
    }

    [Fact]
    public async Task Show_Flavor_LinkBefore47_EmbeddedAfter()
    {
        var server = Api.Add(Sample.Server());

        var at46 = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.46"))["server"]["flavor"]!.AsObject();
        var at47 = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.47"))["server"]["flavor"]!.AsObject();

        Assert.Equal(["id", "links"], at46.Select(p => p.Key));
        AssertFields(["vcpus", "ram", "disk", "ephemeral", "swap", "original_name", "extra_specs"], at47);
    }

    [Fact]
    public async Task Show_WhileATaskHasTheMachine_ItsRowDecides()
    {
        var server = Sample.Server(state: VmState.Building) with { Host = null, AvailabilityZone = "", SecurityGroups = [] };
        var holder = Sample.Task(server, "create") with { TaskState = "spawning", Host = new("host-2"), Zone = "far", Power = PowerState.Running };
        Api.Add(server, holder);

        var shown = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.16"))["server"];

        Assert.Equal("BUILD", (string)shown["status"]!);
        Assert.Equal("spawning", (string)shown["OS-EXT-STS:task_state"]!);
        Assert.Equal("host-2", (string)shown["OS-EXT-SRV-ATTR:host"]!);
        Assert.Equal("far", (string)shown["OS-EXT-AZ:availability_zone"]!);
        Assert.Equal(1, (int)shown["OS-EXT-STS:power_state"]!);
        Assert.Equal("MAINTENANCE", (string)shown["host_status"]!);
        Assert.Equal(0, (int)shown["progress"]!);
        Assert.False(shown.ContainsKey("security_groups"));
    }

    [Fact]
    public async Task Show_Fault_OnlyInErrorAndDetailsOnlyForAdministrators()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        var server = Sample.Server(state: VmState.Error);
        var failed = Sample.Task(server, "create").Ended(TaskOutcome.Failed, new(FailureKinds.NoValidHost, "No valid host was found.", Details: "host-1: full"));
        foreach (var api in new[] { Api, forUser })
        {
            api.Add(server);
            api.Cloud.Tasks[failed.Id] = failed;
        }

        var seenByAdmin = (await Api.GetAsync($"/v2.1/servers/{server.Id}"))["server"];
        var seenByUser = (await forUser.GetAsync($"/v2.1/servers/{server.Id}"))["server"];
        Api.Cloud.Instances[server.Id] = server with { VmState = VmState.Active };
        var healthy = (await Api.GetAsync($"/v2.1/servers/{server.Id}"))["server"];

        AssertFields(["code", "created", "message", "details"], seenByAdmin["fault"]!.AsObject());
        AssertFields(["code", "created", "message"], seenByUser["fault"]!.AsObject());
        Assert.Equal("No valid host was found.", (string)seenByUser["fault"]!["message"]!);
        Assert.Equal("2026-01-31T10:11:21Z", (string)seenByUser["fault"]!["created"]!);
        Assert.False(seenByAdmin.ContainsKey("progress"));
        Assert.False(healthy.ContainsKey("fault"));
    }

    [Fact]
    public async Task Show_OtherProjectsServer_404ForUsers()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var server = api.Add(Sample.Server() with { Project = new("other") });

        var answer = await api.GetAsync($"/v2.1/servers/{server.Id}");

        Assert.Equal(404, answer.Status);
        Assert.Equal($"Instance {server.Id} could not be found.", answer.Fault("itemNotFound"));
    }

    [Fact]
    public async Task Show_Deleted_404()
    {
        var server = Api.Add(Sample.Server(state: VmState.Deleted));

        Assert.Equal(404, (await Api.GetAsync($"/v2.1/servers/{server.Id}")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Show_UserData_ForAdministratorsFrom3(bool sealedForAParent)
    {
        var server = Api.Add(Sample.Server() with { UserDataSet = true, UserDataSealedFor = sealedForAParent ? Guid.NewGuid() : null });
        Api.Cloud.Secrets[(server.Id.Value, "user_data")] = new FakeProtector().Protect(server.UserDataSealedFor ?? server.Id.Value, "user_data", "ZGF0YQ==");

        var shown = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.3"))["server"];

        Assert.Equal("ZGF0YQ==", (string)shown["OS-EXT-SRV-ATTR:user_data"]!);
    }

    [Fact]
    public async Task Links_WithProjectInThePath_NameIt()
    {
        var server = Api.Add(Sample.Server());

        var shown = (await Api.GetAsync($"/v2.1/demo-project/servers/{server.Id}"))["server"];

        Assert.Equal($"{Api.BaseUrl}/v2.1/demo-project/servers/{server.Id}", (string)shown["links"]![0]!["href"]!);
    }

    private static IEnumerable<string> Since(int minor) => Versioned.Where(v => minor >= v.From).Select(v => v.Name);

    private static void AssertFields(IEnumerable<string> expected, JsonObject actual) =>
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual.Select(p => p.Key).Order(StringComparer.Ordinal));
}
