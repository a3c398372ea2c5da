using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;

namespace Orleans.Polyfill.Tests;

/// <summary>The ways to make a host a silo, and its lifecycle (orleans-api.md 2.9, 3.9).</summary>
public sealed class HostingTests
{
    [Fact]
    public async Task HostApplicationBuilder_UseOrleans_ServesGrains()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering());
        using var host = builder.Build();
        await CheckAsync(host);
    }

    [Fact]
    public async Task WebApplicationBuilder_BothWays_ServesGrains()
    {
        var one = WebApplication.CreateSlimBuilder();
        one.UseOrleans(silo => silo.UseLocalhostClustering());
        await using (var app = one.Build())
        {
            app.Urls.Add("http://127.0.0.1:0");
            await CheckAsync(app);
        }

        var two = WebApplication.CreateSlimBuilder();
        two.Host.UseOrleans((_, silo) => silo.UseLocalhostClustering());
        await using (var app = two.Build())
        {
            app.Urls.Add("http://127.0.0.1:0");
            await CheckAsync(app);
        }
    }

    [Fact]
    public async Task NoClustering_StartFailsNamingIt()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans();
        using var host = builder.Build();
        await Assert.ThrowsAsync<OrleansConfigurationException>(() => host.StartAsync());
    }

    [Fact]
    public async Task Lifecycle_StagesStartUpwardsAndStopDownwards_GrainsBetween()
    {
        var log = new List<string>();
        var silo = await TestSilo.StartAsync(builder =>
        {
            builder.AddStartupTask((services, _) =>
            {
                log.Add("task");
                return services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("h-life").Note("from startup");
            });
            foreach (var stage in new[] { ServiceLifecycleStage.ApplicationServices, ServiceLifecycleStage.Active })
            {
                builder.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(new Participant(stage, log));
            }
        });
        await silo.DisposeAsync();
        Assert.Equal(["start 10000", "task", "start 20000", "stop 20000 before", "stop 10000 after"], log);
    }

    [Fact]
    public async Task CollectionAge_NotAboveQuantum_StartFails() => await Assert.ThrowsAsync<OrleansConfigurationException>(() =>
        TestSilo.StartAsync(silo => silo.Configure<GrainCollectionOptions>(o => o.CollectionAge = o.CollectionQuantum)));

    [Fact]
    public void Defaults_AreTheDocumentedOnes()
    {
        var messaging = new SiloMessagingOptions();
        var collection = new GrainCollectionOptions();
        Assert.Equal((TimeSpan.FromSeconds(30), true, 2), (messaging.ResponseTimeout, messaging.DropExpiredMessages, messaging.MaxForwardCount));
        Assert.Equal((TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(1)), (collection.CollectionAge, collection.CollectionQuantum));
        Assert.Equal(("default", "default"), (new ClusterOptions().ClusterId, new ClusterOptions().ServiceId));
        Assert.Equal("Microsoft.Data.SqlClient", new AdoNetGrainStorageOptions().Invariant);
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)), (new ReminderOptions().MinimumReminderPeriod, new ReminderOptions().RefreshReminderListPeriod));
    }

    [Fact]
    public async Task UseLocalhostClustering_LeavesTheDefaultIds()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleans(silo => silo.UseLocalhostClustering());
        using var host = builder.Build();
        Assert.Equal("default", host.Services.GetRequiredService<ILocalSiloDetails>().ClusterId);
        await Task.CompletedTask;
    }

    private static async Task CheckAsync(IHost host)
    {
        await host.StartAsync();
        Assert.Equal(3, await host.Services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("h").Add(1, 2));
        Assert.Equal(3, await host.Services.GetRequiredService<IClusterClient>().GetGrain<ITurnGrain>("h").Add(1, 2));
        await host.StopAsync();
        await Assert.ThrowsAsync<SiloUnavailableException>(() => host.Services.GetRequiredService<IGrainFactory>().GetGrain<ITurnGrain>("h").Add(1, 2).AsTask());
    }

    private sealed class Participant(int stage, List<string> log) : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(
            "test",
            stage,
            _ => Note($"start {stage}"),
            _ => Note($"stop {stage} {(Probe.Of("h-life").Log.Contains("deactivated ShuttingDown") ? "after" : "before")}"));

        private Task Note(string text)
        {
            log.Add(text);
            return Task.CompletedTask;
        }
    }
}
