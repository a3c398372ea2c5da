using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Every ready configuration under <c>silo-config</c> starts a silo that serves.</summary>
public sealed class ReadyConfigurationTests : IDisposable
{
    private readonly TempDirectory _data = new("ready-configuration");

    public static TheoryData<string> Files =>
        new(Directory.EnumerateFiles(Path.Combine(RepoRoot.Path, "silo-config"), "*.json").Select(f => Path.GetFileName(f)));

    public void Dispose() => _data.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Start_ReadyConfiguration_ServesAndStops(string file)
    {
        var setup = new SiloSetup { DataDirectory = _data.Path, ConfigFile = Path.Combine(RepoRoot.Path, "silo-config", file) };
        await using var silo = await SiloProcess.StartAsync(setup);
        await silo.Api.CreateAndWaitAsync("ready");
        Assert.Equal(0, await silo.StopAsync());
    }
}
