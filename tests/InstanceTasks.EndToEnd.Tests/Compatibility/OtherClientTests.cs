using System.Net;
using InstanceTasks.EndToEnd.Tests.Access;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests.Compatibility;

/// <summary>Debian's unmodified <c>nova</c> command and <c>openstacksdk</c>, with <c>v3password</c>, against a silo and nothing else.</summary>
public sealed class OtherClientTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private const string Key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAQQDQ0Ft2vUnPCQ0tPoPz3SWgxq2Yyq4oUQmF4eY3g1VYJr0yJfI4e6h9H9r7Y8mB9m0qz2tH9s7mR1k6q3zW3Rz7 ann@here";

    private readonly TempDirectory _data = new("clients");
    private SiloProcess _silo = null!;
    private OpenStackCli _nova = null!;

    public async Task InitializeAsync()
    {
        _silo = await UsersFileSilo.StartAsync(_data, "identity");
        _nova = new(_silo.Setup.Url, UsersFileSilo.V3Password(_silo, "ann", "demo")) { Name = "nova" };
    }

    public async Task DisposeAsync()
    {
        _nova.Log.ForEach(output.WriteLine);
        await _silo.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();

    [OpenStackFact]
    public async Task Nova_WholeLifeOfAServer_Works()
    {
        await LookAroundAsync();
        await _nova.RunAsync("boot", "--flavor", "m1.tiny", "--image", "tiny", "--nic", "none", "--poll", "vm1");
        Assert.Contains("vm1", (await _nova.RunAsync("list")).Output, StringComparison.Ordinal);
        foreach (var (command, status) in new[]
        {
            ("stop", "SHUTOFF"), ("start", "ACTIVE"), ("pause", "PAUSED"), ("unpause", "ACTIVE"), ("suspend", "SUSPENDED"), ("resume", "ACTIVE"), ("rescue", "RESCUE"), ("unrescue", "ACTIVE"),
            ("shelve", "SHELVED_OFFLOADED"), ("unshelve", "ACTIVE"), ("lock", "ACTIVE"), ("unlock", "ACTIVE"),
        })
        {
            await ReachesAsync(status, command, "vm1");
        }

        await _nova.RunAsync("reboot", "--poll", "vm1");
        await _nova.RunAsync("reboot", "--hard", "--poll", "vm1");
        await ChangeAsync();
        await _nova.RunAsync("delete", "vm2");
        await Eventually.TrueAsync(async () => !(await _nova.RunAsync("list")).Output.Contains("vm2", StringComparison.Ordinal), TimeSpan.FromSeconds(60), "the server is gone");
        CompatibilityPage.Commands("nova", _nova, [.. _nova.Answers.Select(a => a.Arguments[0]).Distinct()]);
    }

    [OpenStackFact]
    public async Task Sdk_WholeTour_Works()
    {
        var script = Path.Combine(RepoRoot.Path, "tests", "InstanceTasks.EndToEnd.Tests", "Compatibility", "sdk_tour.py");
        var variables = UsersFileSilo.V3Password(_silo, "ann", "demo").ToDictionary(v => v.Key, v => (string?)v.Value);
        variables["NO_PROXY"] = variables["no_proxy"] = "127.0.0.1";

        using var tour = ChildProcess.Start("/usr/bin/python3", ["-B", "-W", "ignore", script], variables);
        tour.CloseInput();

        Assert.True(await tour.WaitForExitAsync(TimeSpan.FromMinutes(3)) == 0, tour.Output);
        var done = tour.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(l => l["did ".Length..]);
        CompatibilityPage.Part("openstacksdk", [string.Join(", ", done.Select(d => $"`{d}`"))]);
    }

    private async Task LookAroundAsync()
    {
        foreach (var command in new[] { "flavor-list", "availability-zone-list", "limits", "usage", "quota-show", "server-group-list" })
        {
            await _nova.RunAsync(command);
        }

        await _nova.RunAsync("flavor-show", "m1.tiny");
        var key = _data.Combine("key.pub");
        await File.WriteAllTextAsync(key, Key);
        await _nova.RunAsync("keypair-add", "--pub-key", key, "key1");
        Assert.Contains("key1", (await _nova.RunAsync("keypair-list")).Output, StringComparison.Ordinal);
        await _nova.RunAsync("keypair-show", "key1");
        await _nova.RunAsync("keypair-delete", "key1");
    }

    private async Task ChangeAsync()
    {
        await _nova.RunAsync("update", "--name", "vm2", "vm1");
        await _nova.RunAsync("meta", "vm2", "set", "purpose=tour");
        await _nova.RunAsync("server-tag-add", "vm2", "blue");
        Assert.Contains("blue", (await _nova.RunAsync("server-tag-list", "vm2")).Output, StringComparison.Ordinal);
        await _nova.RunAsync("image-create", "--poll", "vm2", "snap1");
        await _nova.RunAsync("rebuild", "--poll", "vm2", "snap1");
        await _nova.RunAsync("resize", "--poll", "vm2", "m1.small");
        await ReachesAsync("ACTIVE", "resize-revert", "vm2");
        await _nova.RunAsync("resize", "--poll", "vm2", "m1.small");
        await ReachesAsync("ACTIVE", "resize-confirm", "vm2");
        Assert.Contains("m1.small", (await _nova.RunAsync("show", "vm2")).Output, StringComparison.Ordinal);
        Assert.Contains("confirmResize", (await _nova.RunAsync("instance-action-list", "vm2")).Output, StringComparison.Ordinal);
    }

    private async Task ReachesAsync(string status, params string[] command)
    {
        await _nova.RunAsync(command);
        var token = await TokenAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                var answer = (await _silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers/detail", headers: token)).Expect(HttpStatusCode.OK);
                var server = Assert.Single(answer.Json["servers"]!.AsArray())!;
                return server["status"]!.ToString() == status && server["OS-EXT-STS:task_state"] is null;
            },
            TimeSpan.FromSeconds(60),
            $"{string.Join(' ', command)}: {status}");
    }

    private async Task<Dictionary<string, string>> TokenAsync() => _token ??= new() { ["X-Auth-Token"] = await UsersFileSilo.TokenAsync(_silo, "ann", "demo") };

    private Dictionary<string, string>? _token;
}
