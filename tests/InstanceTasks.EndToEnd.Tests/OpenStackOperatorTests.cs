using System.Text.Json.Nodes;
using InstanceTasks.EndToEnd.Tests.Compatibility;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Debian's unmodified <c>openstack</c> command in an operator's hands: hosts, aggregates, groups, quotas, usage, access.</summary>
public sealed class OpenStackOperatorTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new("operator");
    private SiloProcess _silo = null!;
    private OpenStackCli _cli = null!;

    public async Task InitializeAsync()
    {
        _silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });
        _cli = new OpenStackCli(_silo.Setup.Url);
    }

    public async Task DisposeAsync()
    {
        foreach (var line in _cli.Log)
        {
            output.WriteLine(line);
        }

        await _silo.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();

    [OpenStackFact]
    public async Task OpenStack_OperatorsCommands_DoWhatTheySay()
    {
        await ServicesAndHypervisorsAsync();
        await AggregateAsync();
        await ServerGroupAsync();
        await AccountsOfAProjectAsync();
        CompatibilityPage.Commands("operators", _cli, await CompatibilityPage.NamesAsync(_cli));
    }

    // Listed, disabled and enabled again.
    private async Task ServicesAndHypervisorsAsync()
    {
        var hosts = (await ListAsync("hypervisor", "list")).Select(h => Text(h, "Hypervisor Hostname")).ToList();
        await _cli.RunAsync("compute", "service", "set", "--disable", "--disable-reason", "fan", hosts[0], "nova-compute");
        var service = Assert.Single(await ListAsync("compute", "service", "list", "--long", "--host", hosts[0]));
        Assert.Equal(("disabled", "fan"), (Text(service, "Status"), Text(service, "Disabled Reason")));
        await _cli.RunAsync("compute", "service", "set", "--enable", hosts[0], "nova-compute");
        Assert.All(await ListAsync("compute", "service", "list"), s => Assert.Equal("enabled", Text(s, "Status")));

        var shown = await _cli.JsonAsync("hypervisor", "show", hosts[0]);
        Assert.Equal(hosts[0], Text(shown, "hypervisor_hostname"));
        var stats = await _cli.JsonAsync("hypervisor", "stats", "show");
        Assert.Equal(hosts.Count.ToString(), Text(stats, "count"));
    }

    private async Task AggregateAsync()
    {
        var host = Text((await ListAsync("hypervisor", "list"))[0], "Hypervisor Hostname");
        await _cli.RunAsync("aggregate", "create", "--zone", "blue", "--property", "ssd=true", "fast");
        await _cli.RunAsync("aggregate", "add", "host", "fast", host);

        var shown = await _cli.JsonAsync("aggregate", "show", "fast");
        Assert.Equal(("blue", host), (Text(shown, "availability_zone"), Text(shown["hosts"]![0]!)));
        Assert.Contains(await ListAsync("availability", "zone", "list", "--compute"), z => Text(z, "Zone Name") == "blue");
        var made = await _cli.JsonAsync("server", "create", "--flavor", "m1.tiny", "--image", await ImageAsync(), "--availability-zone", "blue", "--wait", "in-blue");
        Assert.Equal(host, Text(made, "OS-EXT-SRV-ATTR:host"));
        Assert.NotEqual(0, (await _cli.TryAsync("aggregate", "remove", "host", "fast", host)).ExitCode);
        await _cli.RunAsync("server", "delete", "--wait", "in-blue");
        await _cli.RunAsync("aggregate", "set", "--name", "faster", "--property", "ssd=false", "fast");
        await _cli.RunAsync("aggregate", "unset", "--property", "ssd", "faster");
        await _cli.RunAsync("aggregate", "remove", "host", "faster", host);
        await _cli.RunAsync("aggregate", "delete", "faster");
        Assert.Empty(await ListAsync("aggregate", "list"));
    }

    private async Task ServerGroupAsync()
    {
        var group = await _cli.JsonAsync("server", "group", "create", "--policy", "anti-affinity", "apart");
        var image = await ImageAsync();
        foreach (var name in new[] { "one", "two" })
        {
            await _cli.RunAsync("server", "create", "--flavor", "m1.tiny", "--image", image, "--hint", $"group={Text(group, "id")}", "--wait", name);
        }

        var hosts = (await ListAsync("server", "list", "--long", "-c", "Host", "-c", "Name")).Select(s => Text(s, "Host"));
        Assert.Equal(2, hosts.Distinct(StringComparer.Ordinal).Count());
        var shown = await _cli.JsonAsync("server", "group", "show", "apart");
        Assert.Equal(2, shown["members"]!.AsArray().Count);
        await _cli.RunAsync("server", "delete", "--wait", "one", "two");
        await _cli.RunAsync("server", "group", "delete", "apart");
        Assert.Empty(await ListAsync("server", "group", "list"));
    }

    private async Task AccountsOfAProjectAsync()
    {
        string[] tagged = ["--os-compute-api-version", "2.53"];
        await _cli.RunAsync("server", "create", "--flavor", "m1.tiny", "--image", await ImageAsync(), "--wait", "vm");
        await _cli.RunAsync([.. tagged, "server", "set", "--tag", "blue", "vm"]);
        Assert.Single((await _cli.JsonAsync([.. tagged, "server", "list", "--tags", "blue"])).AsArray());
        await _cli.RunAsync([.. tagged, "server", "unset", "--tag", "blue", "vm"]);
        Assert.Empty((await _cli.JsonAsync([.. tagged, "server", "list", "--tags", "blue"])).AsArray());

        var usage = await ListAsync("usage", "list");
        Assert.Contains(Assert.Single(usage)["Servers"]!.AsArray(), s => Text(s!, "name") == "vm");
        await _cli.RunAsync("server", "resize", "--flavor", "m1.small", "--wait", "vm");
        Assert.Equal("finished", Text(Assert.Single(await ListAsync("server", "migration", "list")), "Status"));
        await _cli.RunAsync("flavor", "create", "--ram", "64", "--disk", "1", "--private", "m1.secret");
        await _cli.RunAsync("server", "delete", "--wait", "vm");
    }

    private static string Text(JsonNode node, string name) => Text(node[name] ?? throw new InvalidOperationException($"No '{name}' in {node.ToJsonString()}"));

    private static string Text(JsonNode node) => node.ToString();

    private async Task<IReadOnlyList<JsonNode>> ListAsync(params string[] command) => [.. (await _cli.JsonAsync(command)).AsArray().Select(n => n!)];

    private async Task<string> ImageAsync() => Text((await ListAsync("image", "list"))[0], "Name");
}
