using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The promise in one sentence: a failed reboot is a failed task, and the server that it could not reboot stays ACTIVE.</summary>
public sealed class SoftRebootFailureTests : IAsyncLifetime, IDisposable
{
    private const string Reason = "The guest did not react to the restart.";
    private readonly TempDirectory _data = new("softreboot");
    private SiloProcess _silo = null!;

    public async Task InitializeAsync() => _silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Reboot_GuestFails_TaskFailsAndServerStaysActive()
    {
        var server = await _silo.Api.CreateAndWaitAsync("stubborn");
        var world = new WorldControl(_data.Path);
        var fault = world.Fail(Verb.Reboot, server, FailureKinds.Guest, Reason);

        var answer = (await RebootAsync(server, "SOFT")).Expect(HttpStatusCode.Accepted);
        var task = await _silo.Api.WaitForTaskAsync(answer.Task!.Value);

        Assert.True(world.Fired(fault) >= 1, "the fault did not fire");
        Assert.Equal("failed", task["state"]!.GetValue<string>());
        Assert.Equal("reboot", task["kind"]!.GetValue<string>());
        Assert.Contains(Reason, task["failure"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
        await AssertServerIsWellAsync(server);
        await AssertActionShowsErrorAsync(server, answer.RequestId!);

        world.ClearFaults();
        await _silo.Api.SucceedAsync((await RebootAsync(server, "SOFT")).Expect(HttpStatusCode.Accepted));
        WorldAudit.Compare(_data.Path).ThrowIfAny();
    }

    private Task<ApiAnswer> RebootAsync(Guid server, string type) =>
        _silo.Api.ActionAsync(server, new JsonObject { ["reboot"] = new JsonObject { ["type"] = type } });

    private async Task AssertServerIsWellAsync(Guid server)
    {
        var shown = await _silo.Api.GetServerAsync(server);
        Assert.Equal("ACTIVE", shown["status"]!.GetValue<string>());
        Assert.Equal("active", shown["OS-EXT-STS:vm_state"]!.GetValue<string>());
        Assert.Null(shown["OS-EXT-STS:task_state"]);
        Assert.Equal(1, shown["OS-EXT-STS:power_state"]!.GetValue<int>());
        Assert.False(shown.AsObject().ContainsKey("fault"));
    }

    private async Task AssertActionShowsErrorAsync(Guid server, string request)
    {
        var list = (await _silo.Api.GetAsync($"/v2.1/servers/{server}/os-instance-actions"))["instanceActions"]!.AsArray();
        var action = list.Single(a => a!["request_id"]!.GetValue<string>() == request)!;
        Assert.Equal("reboot", action["action"]!.GetValue<string>());
        Assert.Equal("Error", action["message"]!.GetValue<string>());
        var shown = (await _silo.Api.GetAsync($"/v2.1/servers/{server}/os-instance-actions/{request}", "2.84"))["instanceAction"]!;
        var step = Assert.Single(shown["events"]!.AsArray())!;
        Assert.Equal("compute_reboot_instance", step["event"]!.GetValue<string>());
        Assert.Equal("Error", step["result"]!.GetValue<string>());
    }
}
