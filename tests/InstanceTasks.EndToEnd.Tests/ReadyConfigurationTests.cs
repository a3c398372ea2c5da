using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Every ready configuration under <c>silo-config</c> starts a silo that serves.</summary>
public sealed class ReadyConfigurationTests : IDisposable
{
    private readonly TempDirectory _data = new("ready-configuration");

    public static TheoryData<string> Files =>
        new(AllFiles.Where(f => !UsesPostgres(f)));

    private static IEnumerable<string> AllFiles => Directory.EnumerateFiles(Path.Combine(RepoRoot.Path, "silo-config"), "*.json").Select(f => Path.GetFileName(f));

    private static string PathOf(string file) => Path.Combine(RepoRoot.Path, "silo-config", file);

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(PathOf(file)))!;

    private static bool UsesPostgres(string file) => (string?)Read(file)["Storage"]?["Provider"] == "postgres";

    private static bool IsFrontend(string file) => (string?)Read(file)["Role"] == "frontend";

    public void Dispose() => _data.Dispose();

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Start_ReadyConfiguration_ServesAndStops(string file)
    {
        var setup = new SiloSetup { DataDirectory = _data.Path, ConfigFile = PathOf(file) };
        await using var silo = await SiloProcess.StartAsync(setup);
        await silo.Api.CreateAndWaitAsync("ready");
        Assert.Equal(0, await silo.StopAsync());
    }

    [PostgresFact]
    public async Task Start_ReadyConfigurationsOnPostgres_ServeAndKeepTheirDataThere()
    {
        using var server = new PostgresServer();
        foreach (var file in AllFiles.Where(f => UsesPostgres(f) && !IsFrontend(f)))
        {
            var setup = new SiloSetup
            {
                DataDirectory = _data.Combine(file),
                ConfigFile = PathOf(file),
                Environment = Quick(server.ConnectionString(await server.CreateDatabaseAsync())),
            };
            await using var silo = await SiloProcess.StartAsync(setup);
            var created = await silo.Api.CreateAndWaitAsync("ready");
            await silo.KillAsync();

            await using var next = await silo.RestartAsync();
            Assert.Equal("ACTIVE", (await next.Api.GetServerAsync(created))["status"]!.GetValue<string>());
            Assert.False(File.Exists(Path.Combine(setup.DataDirectory, "instancetasks.db")));
            Assert.Equal(0, await next.StopAsync());
        }
    }

    [PostgresFact]
    public async Task Start_ReadyFrontends_ServeBesideAReadySiloOfTheCluster()
    {
        using var server = new PostgresServer();
        var environment = Quick(server.ConnectionString(await server.CreateDatabaseAsync()));
        var setup = new SiloSetup { DataDirectory = _data.Path, ConfigFile = PathOf("cluster.json"), Environment = environment };
        await using var silo = await SiloProcess.StartAsync(setup);
        var frontends = AllFiles.Where(IsFrontend).ToList();
        Assert.NotEmpty(frontends);
        foreach (var file in frontends)
        {
            await using var frontend = await SiloProcess.StartAsync(setup with { ConfigFile = PathOf(file), Port = FreePort.Next() });
            await frontend.Api.CreateAndWaitAsync("ready");
            Assert.Equal(0, await frontend.StopAsync());
        }
    }

    // Ports of its own, since others may have the usual ones; nobody balances here, so nobody must be waited for.
    private static Dictionary<string, string?> Quick(string connectionString) => new()
    {
        ["INSTANCETASKS_Storage__ConnectionString"] = connectionString,
        ["INSTANCETASKS_Cluster__SiloPort"] = $"{FreePort.Next()}",
        ["INSTANCETASKS_Cluster__GatewayPort"] = $"{FreePort.Next()}",
        ["INSTANCETASKS_Stop__DrainTime"] = "0",
    };

    [Fact]
    public async Task Start_DatabaseThatIsNotThere_SaysSoInOneLine()
    {
        var setup = new SiloSetup
        {
            DataDirectory = _data.Path,
            ConfigFile = Path.Combine(RepoRoot.Path, "silo-config", "single-postgres.json"),
            Environment = new Dictionary<string, string?> { ["INSTANCETASKS_Storage__ConnectionString"] = $"Host=127.0.0.1;Port={FreePort.Next()};Database=x;Username=x" },
        };
        using var silo = SiloProcess.Launch(setup);

        Assert.Equal(2, await silo.WaitForExitAsync(TimeSpan.FromSeconds(60)));

        Assert.Contains("instancetasks-silo: the PostgreSQL database cannot be opened", silo.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", silo.Output, StringComparison.Ordinal);
    }
}
