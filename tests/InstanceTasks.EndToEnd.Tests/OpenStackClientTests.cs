using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InstanceTasks.EndToEnd.Tests.Compatibility;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Debian's unmodified <c>openstack</c> command against a real silo process: every command of the supported list, once plain and once at 2.37.</summary>
public sealed class OpenStackClientTests(ITestOutputHelper output) : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new("client");
    private SiloProcess _silo = null!;
    private RecordingProxy _proxy = null!;
    private OpenStackCli _cli = null!;
    private string _image = "";

    public async Task InitializeAsync()
    {
        _silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });
        _proxy = await RecordingProxy.StartAsync(_silo.Setup.Url, Path.Combine(RepoRoot.Path, "TestResults", "client-traffic", $"openstack-{Guid.NewGuid():N}.jsonl"));
        _cli = new OpenStackCli(_proxy.Url);
    }

    public async Task DisposeAsync()
    {
        foreach (var line in _cli.Log)
        {
            output.WriteLine(line);
        }

        await _proxy.DisposeAsync();
        await _silo.DisposeAsync();
    }

    public void Dispose() => _data.Dispose();

    [OpenStackFact]
    public async Task OpenStack_PlainClient_RunsEveryCommand()
    {
        await ListFlavorsAndImagesAsync();
        await FlavorLifeAsync();
        await KeypairLifeAsync();
        await ZonesAndLimitsAsync(instances: 0);
        var id = await CreateAsync("vm1", []);
        await ListsAndShowAsync(id);
        await SetAsync(id);
        await PowerAsync(id);
        await ConsoleAsync(id);
        await LockAsync(id);
        await ZonesAndLimitsAsync(instances: 1);
        await PauseAndSuspendAsync(id);
        await RescueAsync(id);
        await PasswordAndStateAsync(id);
        await ImageAndRebuildAsync(id);
        await ShelveAsync(id);
        await ResizeAsync(id);
        await EventsAsync(id,
        [
            "create", "stop", "start", "reboot", "reboot", "lock", "unlock", "pause", "unpause", "suspend", "resume", "rescue", "unrescue", "changePassword",
            "resetState", "resetState", "createImage", "rebuild", "shelve", "unshelve", "resize", "revertResize", "resize", "confirmResize",
        ]);
        await DeleteAsync(id, "vm1-renamed", []);
        await TrafficIsExactAsync();
        CompatibilityPage.Commands("openstack", _cli, await CompatibilityPage.NamesAsync(_cli));
    }

    /// <summary>What is not served says so in words, and does nothing.</summary>
    [OpenStackFact]
    public async Task OpenStack_WhatIsNotServed_SaysSo()
    {
        _image = Text((await _cli.JsonAsync("image", "list")).AsArray()[0]!, "Name");
        await CreateAsync("vm1", []);
        var rows = new List<string>();
        foreach (var command in new[] { "server migrate", "server evacuate", "server backup create", "server dump create", "server restore", "console url show" })
        {
            var answer = await _cli.TryAsync([.. command.Split(' '), "vm1"]);
            Assert.True(answer.ExitCode != 0, answer.Command);
            var said = answer.AllOutput.Trim().Split('\n')[^1];
            Assert.DoesNotContain("Traceback", answer.AllOutput, StringComparison.Ordinal);
            rows.Add($"| `{command}` | {Regex.Replace(said, @" \(Request-ID: .*\)|https?://\S+?(?=[,\s])", "", RegexOptions.None, TimeSpan.FromSeconds(1))} |");
        }

        CompatibilityPage.Part("not served", ["| command | answer |", "| --- | --- |", .. rows]);
        Assert.Equal("ACTIVE", Text(await _cli.JsonAsync("server", "show", "vm1"), "status"));
    }

    [OpenStackFact]
    public async Task OpenStack_Version237NoNetwork_CreatesShowsAndDeletes()
    {
        string[] version = ["--os-compute-api-version", "2.37"];
        var images = (await _cli.JsonAsync("image", "list")).AsArray();
        _image = Text(images[0]!, "Name");
        var id = await CreateAsync("vm237", ["--nic", "none"], version);
        var shown = await _cli.JsonAsync([.. version, "server", "show", "vm237"]);
        Assert.Equal("ACTIVE", Text(shown, "status"));
        Assert.Equal(id.ToString(), Text(shown, "id"));
        var list = (await _cli.JsonAsync([.. version, "server", "list", "--name", "vm23"])).AsArray();
        Assert.Equal("vm237", Text(Assert.Single(list)!, "Name"));
        await _cli.RunAsync([.. version, "server", "stop", "vm237"]);
        await StatusBecomesAsync(id, "SHUTOFF");
        await _cli.RunAsync([.. version, "server", "reboot", "--hard", "vm237"]);
        await StatusBecomesAsync(id, "ACTIVE");
        await DeleteAsync(id, "vm237", version);
        await TrafficIsExactAsync();
    }

    /// <summary>What the client was answered is kept, and is as exact as what the API's own tests ask for.</summary>
    private async Task TrafficIsExactAsync()
    {
        if (!ExactnessOracle.IsInstalled && !OpenStackCli.IsRequired)
        {
            output.WriteLine($"The traffic is not judged: the Debian package {ExactnessOracle.Package} is not installed.");
            return;
        }

        var (exact, text) = await ExactnessOracle.JudgeAsync(_proxy.Path);
        Assert.True(exact, text);
        var spoilt = $"{_proxy.Path}.spoilt";
        await File.WriteAllTextAsync(spoilt, (await File.ReadAllTextAsync(_proxy.Path)).Replace("tenant_id", "tenant-id", StringComparison.Ordinal));
        Assert.False((await ExactnessOracle.JudgeAsync(spoilt)).Exact);
        File.Delete(spoilt);
        output.WriteLine($"report: real traffic of the openstack client: {text.Trim()} ({Path.GetFileName(_proxy.Path)})");
    }

    private static string Text(JsonNode node, string name) =>
        node[name]?.ToString() ?? throw new InvalidOperationException($"No '{name}' in {node.ToJsonString()}");

    private async Task ListFlavorsAndImagesAsync()
    {
        var flavors = (await _cli.JsonAsync("flavor", "list")).AsArray();
        Assert.Equal(
            ["1 m1.tiny", "2 m1.small", "3 m1.medium", "4 m1.large", "5 m1.xlarge"],
            flavors.Select(f => $"{Text(f!, "ID")} {Text(f!, "Name")}").Order(StringComparer.Ordinal));
        var images = (await _cli.JsonAsync("image", "list")).AsArray();
        var image = Assert.Single(images)!;
        Assert.Equal("active", Text(image, "Status"));
        _image = Text(image, "Name");
    }

    private async Task FlavorLifeAsync()
    {
        var made = await _cli.JsonAsync("flavor", "create", "--ram", "64", "--disk", "1", "--vcpus", "1", "--property", "hw:x=y", "m1.nano");
        Assert.Equal("m1.nano", Text(made, "name"));
        var shown = await _cli.JsonAsync("flavor", "show", "m1.nano");
        Assert.Equal("64", Text(shown, "ram"));
        Assert.Equal("y", Text(shown["properties"]!, "hw:x"));
        await _cli.RunAsync("flavor", "delete", "m1.nano");
        Assert.NotEqual(0, (await _cli.TryAsync("flavor", "show", "m1.nano")).ExitCode);
    }

    private async Task KeypairLifeAsync()
    {
        var made = await _cli.RunAsync("keypair", "create", "key1");
        Assert.Contains("PRIVATE KEY-----", made.Output, StringComparison.Ordinal);
        var listed = Assert.Single((await _cli.JsonAsync("keypair", "list")).AsArray())!;
        Assert.Equal("key1", Text(listed, "Name"));
        Assert.Matches("^([0-9a-f]{2}:){15}[0-9a-f]{2}$", Text(listed, "Fingerprint"));
        await _cli.RunAsync("keypair", "delete", "key1");
        Assert.Empty((await _cli.JsonAsync("keypair", "list")).AsArray());
    }

    private async Task ZonesAndLimitsAsync(int instances)
    {
        var zones = (await _cli.JsonAsync("availability", "zone", "list", "--compute")).AsArray();
        Assert.Contains(zones, z => Text(z!, "Zone Name") == "nova" && Text(z!, "Zone Status") == "available");
        // The client asks compute and volume, which are the same endpoint here, and prints both answers.
        var shown = (await _cli.JsonAsync("limits", "show", "--absolute")).AsArray().DistinctBy(l => Text(l!, "Name"));
        var limits = shown.ToDictionary(l => Text(l!, "Name"), l => Text(l!, "Value"));
        Assert.Equal(instances.ToString(), limits["totalInstancesUsed"]);
        Assert.Equal("-1", limits["maxTotalInstances"]);
    }

    private async Task<Guid> CreateAsync(string name, string[] extra, string[]? version = null)
    {
        var made = await _cli.JsonAsync([.. version ?? [], "server", "create", "--flavor", "m1.tiny", "--image", _image, .. extra, "--wait", name]);
        Assert.Equal("ACTIVE", Text(made, "status"));
        Assert.Equal(name, Text(made, "name"));
        Assert.Contains("m1.tiny", Text(made, "flavor"), StringComparison.Ordinal);
        Assert.NotEmpty(Text(made, "adminPass"));
        return Guid.Parse(Text(made, "id"));
    }

    private async Task ListsAndShowAsync(Guid id)
    {
        var row = Assert.Single((await _cli.JsonAsync("server", "list")).AsArray())!;
        Assert.Equal([id.ToString(), "vm1", "ACTIVE", _image, "m1.tiny"], new[] { "ID", "Name", "Status", "Image", "Flavor" }.Select(c => Text(row, c)));
        var longRow = Assert.Single((await _cli.JsonAsync("server", "list", "--long")).AsArray())!;
        Assert.Equal("1", Text(longRow, "Power State")); // a table would say Running
        Assert.Equal("nova", Text(longRow, "Availability Zone"));
        Assert.NotEmpty(Text(longRow, "Host"));
        var shown = await _cli.JsonAsync("server", "show", "vm1");
        Assert.Equal("active", Text(shown, "OS-EXT-STS:vm_state"));
        Assert.Contains(_image, Text(shown, "image"), StringComparison.Ordinal);
    }

    private async Task SetAsync(Guid id)
    {
        await _cli.RunAsync("server", "set", "--property", "purpose=tour", "vm1");
        await _cli.RunAsync("server", "set", "--name", "vm1-renamed", "vm1");
        var shown = await _cli.JsonAsync("server", "show", id.ToString());
        Assert.Equal("vm1-renamed", Text(shown, "name"));
        Assert.Equal("tour", Text(shown["properties"]!, "purpose"));
    }

    private async Task PowerAsync(Guid id)
    {
        await _cli.RunAsync("server", "stop", "vm1-renamed");
        await StatusBecomesAsync(id, "SHUTOFF");
        Assert.Equal("SHUTOFF", Text(await _cli.JsonAsync("server", "show", "vm1-renamed"), "status"));
        await _cli.RunAsync("server", "start", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        await _cli.RunAsync("server", "reboot", "--wait", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        await _cli.RunAsync("server", "reboot", "--hard", "--wait", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
    }

    /// <summary>After a create, a stop, a start and two reboots.</summary>
    private async Task ConsoleAsync(Guid id)
    {
        var all = (await _cli.RunAsync("console", "log", "show", "vm1-renamed")).Output;
        Assert.Contains("Simulated guest, start 1", all, StringComparison.Ordinal);
        Assert.Contains("The system is going down for power off", all, StringComparison.Ordinal);
        Assert.Contains("Simulated guest, start 4", all, StringComparison.Ordinal);
        var last = (await _cli.RunAsync("console", "log", "show", "--lines", "2", "vm1-renamed")).Output;
        Assert.EndsWith($"{id} login:", last.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain("Started init", last, StringComparison.Ordinal);
    }

    private async Task LockAsync(Guid id)
    {
        await _cli.RunAsync("server", "lock", "vm1-renamed");
        Assert.True((await _silo.Api.GetServerAsync(id, "2.9"))["locked"]!.GetValue<bool>());
        await _cli.RunAsync("server", "unlock", "vm1-renamed");
        Assert.False((await _silo.Api.GetServerAsync(id, "2.9"))["locked"]!.GetValue<bool>());
    }

    private async Task PauseAndSuspendAsync(Guid id)
    {
        await _cli.RunAsync("server", "pause", "vm1-renamed");
        await StatusBecomesAsync(id, "PAUSED");
        await _cli.RunAsync("server", "unpause", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        await _cli.RunAsync("server", "suspend", "vm1-renamed");
        await StatusBecomesAsync(id, "SUSPENDED");
        await _cli.RunAsync("server", "resume", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
    }

    private async Task RescueAsync(Guid id)
    {
        await _cli.RunAsync("server", "rescue", "--password", "open sesame", "vm1-renamed");
        await StatusBecomesAsync(id, "RESCUE");
        await _cli.RunAsync("server", "unrescue", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
    }

    private async Task PasswordAndStateAsync(Guid id)
    {
        await _cli.RunAsync("server", "set", "--password", "new sesame", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        using (var world = await SimulatedWorld.OpenAsync(Path.Combine(_data.Path, "world.db")))
        {
            Assert.True(Assert.Single(await world.ReadMachinesAsync()).HasPassword("new sesame"));
        }

        await _cli.RunAsync("server", "set", "--state", "error", "vm1-renamed");
        await StatusBecomesAsync(id, "ERROR");
        await _cli.RunAsync("server", "set", "--state", "active", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
    }

    private async Task ImageAndRebuildAsync(Guid id)
    {
        await _cli.RunAsync("server", "image", "create", "--name", "snap1", "--wait", "vm1-renamed");
        var image = Assert.Single((await _cli.JsonAsync("image", "list")).AsArray(), i => Text(i!, "Name") == "snap1")!;
        Assert.Equal("active", Text(image, "Status"));
        await _cli.RunAsync("server", "rebuild", "--image", "snap1", "--wait", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        Assert.Equal(Text(image, "ID"), Text((await _silo.Api.GetServerAsync(id))["image"]!, "id"));
    }

    private async Task ShelveAsync(Guid id)
    {
        await _cli.RunAsync("server", "shelve", "vm1-renamed");
        await StatusBecomesAsync(id, "SHELVED_OFFLOADED");
        Assert.Equal("", Text(await _silo.Api.GetServerAsync(id), "hostId"));
        Assert.Contains((await _cli.JsonAsync("image", "list")).AsArray(), i => Text(i!, "Name") == "vm1-renamed-shelved");
        await _cli.RunAsync("server", "unshelve", "vm1-renamed");
        await StatusBecomesAsync(id, "ACTIVE");
        Assert.DoesNotContain((await _cli.JsonAsync("image", "list")).AsArray(), i => Text(i!, "Name") == "vm1-renamed-shelved");
    }

    private async Task ResizeAsync(Guid id)
    {
        await _cli.RunAsync("server", "resize", "--flavor", "m1.small", "--wait", "vm1-renamed");
        await FlavorBecomesAsync(id, "VERIFY_RESIZE", "m1.small");
        await _cli.RunAsync("server", "resize", "revert", "vm1-renamed");
        await FlavorBecomesAsync(id, "ACTIVE", "m1.tiny");
        await _cli.RunAsync("server", "resize", "--flavor", "m1.small", "--wait", "vm1-renamed");
        await _cli.RunAsync("server", "resize", "confirm", "vm1-renamed");
        await FlavorBecomesAsync(id, "ACTIVE", "m1.small");
        using var world = await SimulatedWorld.OpenAsync(Path.Combine(_data.Path, "world.db"));
        var machine = Assert.Single(await world.ReadMachinesAsync());
        Assert.Equal((2048, null), (machine.Resources.MemoryMb, machine.Aside));
    }

    private async Task FlavorBecomesAsync(Guid id, string status, string flavor)
    {
        await StatusBecomesAsync(id, status);
        Assert.Contains(flavor, Text(await _cli.JsonAsync("server", "show", "vm1-renamed"), "flavor"), StringComparison.Ordinal);
    }

    private async Task EventsAsync(Guid id, string[] actions)
    {
        var events = (await _cli.JsonAsync("server", "event", "list", "vm1-renamed")).AsArray();
        Assert.Equal(actions.Reverse(), events.Select(e => Text(e!, "Action")));
        Assert.All(events, e => Assert.Equal(id.ToString(), Text(e!, "Server ID")));
        var stop = events.Single(e => Text(e!, "Action") == "stop")!;
        var shown = await _cli.JsonAsync("server", "event", "show", "vm1-renamed", Text(stop, "Request ID"));
        Assert.Equal("stop", Text(shown, "action"));
        Assert.Null(shown["message"]);
        Assert.Contains("compute_stop_instance", Text(shown, "events"), StringComparison.Ordinal);
        Assert.Contains("Success", Text(shown, "events"), StringComparison.Ordinal);
    }

    private async Task DeleteAsync(Guid id, string name, string[] version)
    {
        await _cli.RunAsync([.. version, "server", "delete", "--wait", name]);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, await _silo.Api.StatusAsync($"/v2.1/servers/{id}"));
        Assert.Empty((await _cli.JsonAsync([.. version, "server", "list"])).AsArray());
    }

    private Task StatusBecomesAsync(Guid id, string status) =>
        Eventually.TrueAsync(
            async () =>
            {
                var server = await _silo.Api.GetServerAsync(id);
                return Text(server, "status") == status && server["OS-EXT-STS:task_state"] is null;
            },
            TimeSpan.FromSeconds(30),
            $"server {id} is {status} and idle",
            () => _silo.Output);
}
