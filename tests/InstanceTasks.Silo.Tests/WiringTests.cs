using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo.Tests;

public sealed class WiringTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Build_EveryPort_IsTheOneStoreAndTheOneDriver()
    {
        using var data = new TempDirectory();
        await using var app = SiloBuilding.Build(["--data", data.Path, "--urls", "http://127.0.0.1:0"]);

        var store = app.Services.GetRequiredService<SqliteStore>();
        Assert.Same(store, Assert.IsType<MeasuredJournal>(app.Services.GetRequiredService<IJournal>()).Inner);
        Assert.Same(store, app.Services.GetRequiredService<ILeases>());
        Assert.Same(store, app.Services.GetRequiredService<IQueries>());
        Assert.Same(store, app.Services.GetRequiredService<IHostRegistry>());
        Assert.Same(app.Services.GetRequiredService<IHypervisor>(), app.Services.GetRequiredService<IHypervisorHosts>());
        Assert.IsType<BootTimeProvider>(app.Services.GetRequiredService<TimeProvider>());
        Assert.True(app.Services.GetRequiredService<IOptions<LeaseOptions>>().Value.SoleOwner, "a directory lock makes it the only owner");
    }

    [Fact]
    public async Task Build_OnPostgres_EveryPortIsThatStoreAndNobodyOwnsItAlone()
    {
        using var data = new TempDirectory();
        var config = data.Combine("silo.json");
        await File.WriteAllTextAsync(config, """{ "Storage": { "Provider": "postgres", "ConnectionString": "Host=db;Database=x;Username=y", "BatchLimit": 7 } }""");

        await using var app = SiloBuilding.Build(["--data", data.Path, "--urls", "http://127.0.0.1:0", "--config", config]);

        var store = app.Services.GetRequiredService<PostgresStore>();
        Assert.Same(store, app.Services.GetRequiredService<IInstanceTasksStore>());
        Assert.Same(store, Assert.IsType<MeasuredJournal>(app.Services.GetRequiredService<IJournal>()).Inner);
        Assert.Null(app.Services.GetService<SqliteStore>());
        var options = app.Services.GetRequiredService<IOptions<PostgresStorageOptions>>().Value;
        Assert.Equal(("Host=db;Database=x;Username=y", 7, data.Combine("secret.key")), (options.ConnectionString, options.BatchLimit, options.SecretKeyFile));
        Assert.False(app.Services.GetRequiredService<IOptions<LeaseOptions>>().Value.SoleOwner);
    }

    [Fact]
    public async Task Build_OnAnUnknownStore_IsRefused()
    {
        using var data = new TempDirectory();
        var config = data.Combine("silo.json");
        await File.WriteAllTextAsync(config, """{ "Storage": { "Provider": "oracle" } }""");

        var error = Assert.Throws<SettingsException>(() => SiloBuilding.Build(["--data", data.Path, "--config", config]));

        Assert.Contains("oracle", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_WithoutAFailpoint_HasNoFailpointInTheHotPath()
    {
        using var data = new TempDirectory();
        await using var app = SiloBuilding.Build(["--data", data.Path, "--urls", "http://127.0.0.1:0"]);

        Assert.False(Failpoints.Enabled);
        Assert.IsNotType<FailpointJournal>(app.Services.GetRequiredService<IJournal>());
    }

    [Fact]
    public async Task Build_WithAConfigurationFile_BindsEverySection()
    {
        using var data = new TempDirectory();
        var config = data.Combine("silo.json");
        await File.WriteAllTextAsync(config, """{ "Lease": { "RenewEvery": "00:00:00.5" }, "Recovery": { "BatchSize": 7 }, "Workers": { "PerHost": 3 }, "Api": { "UserId": "somebody" } }""");

        await using var app = SiloBuilding.Build(["--data", data.Path, "--urls", "http://127.0.0.1:0", "--config", config]);

        Assert.Equal(TimeSpan.FromMilliseconds(500), app.Services.GetRequiredService<IOptions<LeaseOptions>>().Value.RenewEvery);
        Assert.Equal(7, app.Services.GetRequiredService<IOptions<RecoveryOptions>>().Value.BatchSize);
        Assert.Equal(3, app.Services.GetRequiredService<IOptions<WorkerOptions>>().Value.PerHost);
        Assert.Equal("somebody", app.Services.GetRequiredService<IOptions<Api.ApiOptions>>().Value.UserId);
    }

    [Fact]
    public async Task Build_AsAFrontend_ServesTheApiWithoutGrainsLeasesAndHypervisor()
    {
        await using var app = Build("""{ "Role": "frontend", "Cluster": { "Id": "c" }, "Storage": { "Provider": "postgres", "ConnectionString": "Host=db;Database=x;Username=y" } }""");

        Assert.NotNull(app.Services.GetRequiredService<IClusterClient>());
        Assert.IsType<GrainComputeCommands>(app.Services.GetRequiredService<Api.IComputeCommands>());
        Assert.Null(app.Services.GetService<IHypervisor>());
        Assert.Null(app.Services.GetService<IOwnership>());
        Assert.Null(app.Services.GetService<ILocalSiloDetails>());
    }

    [Theory]
    [InlineData("""{ "Role": "frontend" }""", "Cluster:Id")]
    [InlineData("""{ "Role": "worker" }""", "silo or frontend")]
    [InlineData("""{ "Role": "frontend", "Cluster": { "Id": "c" } }""", "needs Storage:Provider postgres")]
    public void Build_InARoleThatCannotBe_SaysWhatToSet(string settings, string said) =>
        Assert.Contains(said, Assert.Throws<SettingsException>(() => Build(settings)).Message, StringComparison.Ordinal);

    [Fact]
    public void Build_WithAStopLimitThatRunningStepsDoNotFitInto_IsRefused() =>
        Assert.Contains("Stop:Limit", Assert.Throws<OptionsValidationException>(() => Build("""{ "Stop": { "Limit": "00:00:09" } }""")).Message, StringComparison.Ordinal);

    private WebApplication Build(string settings)
    {
        var config = _data.Combine("settings.json");
        File.WriteAllText(config, settings);
        return SiloBuilding.Build(["--data", _data.Path, "--urls", "http://127.0.0.1:0", "--config", config]);
    }
}
