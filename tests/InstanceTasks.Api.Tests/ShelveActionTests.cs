using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests;

/// <summary>shelve, shelveOffload and unshelve (nova-api §3.3).</summary>
public sealed class ShelveActionTests : ApiTest
{
    [Theory]
    [InlineData("""{"shelve":null}""", "shelve-and-offload", "2.1")]
    [InlineData("""{"shelveOffload":null}""", "shelve-offload", "2.1")]
    [InlineData("""{"unshelve":null}""", "unshelve", "2.1")]
    [InlineData("""{"unshelve":null}""", "unshelve", "2.91")]
    public async Task Action_Served_202Empty(string body, string kind, string version)
    {
        var server = Api.Add(Sample.Server());

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body, version);

        Assert.Equal((202, null), (answer.Status, answer.Body));
        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((kind, null), (request.Kind.Name, request.Change));
        Assert.Empty(request.Parameters);
    }

    [Theory]
    [InlineData("""{"availability_zone":"nova"}""", "2.77", "nova", true)]
    [InlineData("""{"availability_zone":null}""", "2.91", null, true)]
    [InlineData("""{"host":"host-1"}""", "2.91", null, false)]
    public async Task Unshelve_ToAPlace_IsInTheRequest(string place, string version, string? zone, bool pins)
    {
        var server = Api.Add(Sample.Server(state: VmState.ShelvedOffloaded) with { Host = null });

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", $$"""{"unshelve":{{place}}}""", version);

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal(202, answer.Status);
        Assert.Equal((zone, pins, zone), (request.Parameters.GetValueOrDefault(TaskParameters.Zone), request.Change?.SetPinnedZone ?? false, request.Change?.PinnedZone));
        Assert.Equal(pins ? null : "host-1", request.Parameters.GetValueOrDefault(TaskParameters.Host));
    }

    [Theory]
    [InlineData("""{"unshelve":{"availability_zone":"nova"}}""", "2.76", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{"availability_zone":null}}""", "2.77", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{}}""", "2.77", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{"host":"host-1"}}""", "2.90", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{"availability_zone":"mars"}}""", "2.77", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{"host":"mars"}}""", "2.91", VmState.ShelvedOffloaded, 400)]
    [InlineData("""{"unshelve":{"availability_zone":"nova"}}""", "2.77", VmState.Shelved, 409)]
    [InlineData("""{"shelve":{}}""", "2.1", VmState.Active, 400)]
    public async Task Action_BadBodyOrPlace_SaysWhy(string body, string version, VmState state, int status)
    {
        var server = Api.Add(Sample.Server(state: state));

        Assert.Equal(status, (await Api.PostAsync($"/v2.1/servers/{server.Id}/action", body, version)).Status);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Theory]
    [InlineData(VmState.Shelved, "SHELVED", "shelved", true)]
    [InlineData(VmState.ShelvedOffloaded, "SHELVED_OFFLOADED", "shelved_offloaded", false)]
    public async Task Server_Shelved_IsShownAsNovaDoes(VmState state, string status, string name, bool placed)
    {
        var server = Api.Add(Sample.Server(state: state) with { Power = PowerState.Shutdown, Host = placed ? new("host-1") : null, AvailabilityZone = placed ? "nova" : "" });

        var shown = (await Api.GetAsync($"/v2.1/servers/{server.Id}", "2.75"))["server"];

        Assert.Equal((status, name, 4), ((string)shown["status"]!, (string)shown["OS-EXT-STS:vm_state"]!, (int)shown["OS-EXT-STS:power_state"]!));
        Assert.Equal((placed ? "host-1" : null, placed), ((string?)shown["OS-EXT-SRV-ATTR:host"], (string)shown["hostId"]! != ""));
        Assert.False(shown.ContainsKey("progress"));
    }
}

/// <summary>The same where shelved servers keep their place.</summary>
public sealed class ShelveInPlaceTests : ApiTest
{
    internal override Task<ApiHost> StartAsync() => ApiHost.StartAsync(o => o.OffloadShelved = false, admin: false);

    [Fact]
    public async Task Shelve_IsTheKindThatKeepsTheMachine()
    {
        var server = Api.Add(Sample.Server());

        await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"shelve":null}""");

        Assert.Equal("shelve", Assert.Single(Api.Commands.Submitted).Kind.Name);
    }

    [Fact]
    public async Task Unshelve_ToAHost_IsForAdministrators()
    {
        var server = Api.Add(Sample.Server(state: VmState.ShelvedOffloaded) with { Host = null });

        Assert.Equal(403, (await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"unshelve":{"host":"host-1"}}""", "2.91")).Status);
    }
}
